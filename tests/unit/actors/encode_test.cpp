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
  BOOST_REQUIRE(change.attempt);
  const auto read = make_snapshot(*definition, {row, {}});
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(same(*read, snapshot));
  BOOST_REQUIRE((read->cursor.run && read->cursor.run->attempt));
  const auto attempt = make_attempt(*definition, row, *read->cursor.run, "nod_1");
  BOOST_TEST(attempt.id.str() == change.attempt->id.str());
  BOOST_TEST(attempt.key == change.attempt->key);
  BOOST_TEST(attempt.operation == "crane.lift");
  BOOST_TEST(attempt.step == "lift");
  BOOST_TEST(attempt.server == "srv_1");
  BOOST_TEST((attempt.due == change.attempt->due && attempt.deadline == change.attempt->deadline));
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

BOOST_AUTO_TEST_SUITE_END()
