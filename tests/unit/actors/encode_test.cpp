#include "actors/encode.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/definitions.hpp"
#include "tests/unit/actors/workflows.hpp"

using namespace stellwerk;
using namespace stellwerk::actors;

namespace {

const Time now = from_micros(1'772'452'800'000'000);

/// One actor of the workflow "lifting", and what would be written of it.
struct Lifting {
  TenantId tenant = make_id<TenantId>("ten");
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  std::unique_ptr<storage::Store> store = std::move(*database->open_store());
  Library library = std::move(*load_library(*store, tenant, testing::test_library(), now));
  std::shared_ptr<const workflows::Definition> definition = library.definitions->find("lifting", 1);
  storage::ActorRow row;
  workflows::Snapshot snapshot;

  Lifting() {
    row.id = make_id<ActorId>("svc");
    row.tenant = tenant;
    row.kind = "service";
    row.workflow = "lifting";
    row.customer = "cus_1";
    snapshot = unborn(*definition, row.id, tenant, row.customer);
  }

  storage::ActorChange apply(workflows::Body body) {
    const workflows::Event event{.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .trace = "0123456789abcdef0123456789abcdef", .depth = 3, .body = std::move(body)};
    auto decision = workflows::advance(*definition, snapshot, event, now);
    BOOST_REQUIRE_MESSAGE(decision.has_value(), (decision ? std::string{} : describe(decision.error())));
    auto change = make_change(*definition, row, event, *decision, "nod_1", now);
    row = change.row;
    snapshot = decision->next;
    snapshot.version = row.version;
    return change;
  }
  storage::ActorChange born() { return apply(workflows::Born{JsonObject{{"server", "srv_1"}, {"colour", "red"}}}); }
};

bool same(const workflows::Snapshot& a, const workflows::Snapshot& b) {
  if (a.attributes.size() != b.attributes.size()) return false;
  for (std::size_t i = 0; i < a.attributes.size(); ++i)
    if (workflows::cel::to_json(a.attributes[i]) != workflows::cel::to_json(b.attributes[i])) return false;
  return a.id == b.id && a.tenant == b.tenant && a.customer == b.customer && a.state == b.state && a.version == b.version &&
         workflows::encode_cursor(a.cursor) == workflows::encode_cursor(b.cursor);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encode)

BOOST_FIXTURE_TEST_CASE(gives_back_the_snapshot_that_was_written, Lifting) {
  const auto change = born();
  BOOST_TEST(change.expected_version == 0);
  BOOST_TEST(change.row.version == 1);
  BOOST_TEST(change.row.state == "idle");
  const auto read = make_snapshot(*definition, {row, {}});
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(same(*read, snapshot));
}

BOOST_FIXTURE_TEST_CASE(gives_back_a_run_with_its_attempt, Lifting) {
  born();
  const auto change = apply(workflows::Command{"lift", JsonObject{}});
  BOOST_REQUIRE(change.attempts.size() == 1U);
  const auto read = make_snapshot(*definition, {row, {}});
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(same(*read, snapshot));
  BOOST_REQUIRE((read->cursor.run && read->cursor.run->attempts.size() == 1U));
  const auto attempt = make_attempt(*definition, row, *read->cursor.run, read->cursor.run->attempts[0], "nod_1");
  BOOST_TEST(attempt.id.str() == change.attempts[0].id.str());
  BOOST_TEST(attempt.key == change.attempts[0].key);
  BOOST_TEST(attempt.operation == "crane.lift");
  BOOST_TEST(attempt.step == "lift");
  BOOST_TEST(attempt.server == "srv_1");
  BOOST_TEST((attempt.due == change.attempts[0].due && attempt.deadline == change.attempts[0].deadline));
}

BOOST_FIXTURE_TEST_CASE(gives_back_deferred_events_in_order, Lifting) {
  born();
  apply(workflows::Command{"lift", JsonObject{}});
  const auto change = apply(workflows::Command{"paint", JsonObject{{"colour", "blue"}}});
  BOOST_REQUIRE(change.messages.size() == 1U);
  const auto& message = change.messages[0];
  BOOST_TEST(message.deferred);
  BOOST_TEST(message.receiver.str() == row.id.str());
  BOOST_TEST(bool_of(message.meta, "command"));
  BOOST_TEST(text_of(message.meta, "by") == "usr_1");
  BOOST_TEST(int_of(message.meta, "depth") == 3);
  BOOST_TEST(change.applied.event == "none");  // the projectors see it when its turn comes
  auto kept = message;
  kept.seq = 7;
  auto newer = message;
  newer.seq = 9;
  newer.deferred = false;
  const auto read = make_snapshot(*definition, {row, {kept, newer}});
  BOOST_REQUIRE(read.has_value());
  BOOST_REQUIRE(read->deferred.size() == 1U);
  BOOST_TEST(read->deferred[0].seq == 7);
}

BOOST_FIXTURE_TEST_CASE(refuses_a_row_that_does_not_fit_its_revision, Lifting) {
  born();
  auto unknown = row;
  unknown.state = "flying";
  BOOST_TEST(!make_snapshot(*definition, {unknown, {}}).has_value());
  auto broken = row;
  broken.cursor = "not a cursor";
  BOOST_TEST(!make_snapshot(*definition, {broken, {}}).has_value());
  auto without_run = row;
  without_run.state = "lifting";
  BOOST_TEST(!make_snapshot(*definition, {without_run, {}}).has_value());
}

BOOST_FIXTURE_TEST_CASE(resolves_a_setting_by_the_narrowest_level_that_says_something, Lifting) {
  using enum storage::SettingValue::Level;
  const auto waiting = library.definitions->find("waiting", 1);
  Surroundings around;
  const auto grace = [&](const Json& attributes) { return workflows::cel::to_text(unborn(*waiting, row.id, row.tenant, "", attributes, around).settings[0]); };
  const auto put = [&](storage::SettingValue::Level level, const std::string& owner, const Json& value, const std::string& workflow = "waiting") {
    around.settings->put({.level = level, .owner = owner, .workflow = workflow, .name = "grace", .value = value});
  };
  const JsonObject attributes{{"plan", "prd_1"}, {"customer_group", "vip"}};
  const auto fallback = grace(attributes);
  put(storage::SettingValue::Level::tenant, "", "PT1H");
  const auto hour = grace(attributes);
  BOOST_TEST(hour != fallback);
  put(customer_group, "vip", "PT2H");
  const auto group = grace(attributes);
  BOOST_TEST(group != hour);
  BOOST_TEST(grace(JsonObject{}) == hour);
  put(product, "prd_1", "PT3H");
  const auto of_product = grace(attributes);
  BOOST_TEST(of_product != group);
  BOOST_TEST(grace(JsonObject{{"product", "prd_2"}, {"plan", "prd_1"}}) == hour);
  put(actor, row.id.str(), "PT4H");
  BOOST_TEST(grace(attributes) != of_product);
  put(actor, row.id.str(), "for ever");  // no longer fits: counts as not said
  BOOST_TEST(grace(attributes) == of_product);
  put(product, "prd_1", nullptr);
  BOOST_TEST(grace(attributes) == group);
}

BOOST_FIXTURE_TEST_CASE(shows_a_referenced_actor_without_its_secrets, Lifting) {
  const storage::ReferenceRow known{"svc_1", "service", 4, JsonObject{{"state", "idle"}, {"status", "active"}, {"customer", nullptr}, {"pin", "sealed"}, {"grace", 1}}, "waiting", 1};
  const auto shown = make_row(*library.definitions, known);
  BOOST_TEST((shown.version == 4 && shown.kind == "service" && find_member(shown.fields, "grace") != nullptr));
  BOOST_TEST(find_member(shown.fields, "pin") == nullptr);
  auto unknown = known;
  unknown.revision = 9;
  const auto less = make_row(*library.definitions, unknown);
  BOOST_TEST((find_member(less.fields, "grace") == nullptr && text_of(less.fields, "state") == "idle"));
}

BOOST_AUTO_TEST_SUITE_END()
