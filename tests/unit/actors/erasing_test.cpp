// What goes of one actor when its person is forgotten.

#include "actors/erasing.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/small_workflow.hpp"

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

struct Person {
  std::shared_ptr<const workflows::Definition> definition = small_workflow(R"(language: 1
workflow: small
kind: service
attributes:
  contact: { type: string, personal: true }
  born:    { type: date, personal: true }
  colour:  { type: string }
events:
  tell: { from: [service], with: { contact: { type: string }, born: { type: date }, words: { type: string }, size: { type: int } } }
initial: idle
states:
  idle: { status: active, rest: true, on: { tell: { set: { contact: "${event.contact}" } } } }
)");
  config::Keyring keys{config::MasterKey{}};
  storage::ActorRow row{.id = ActorId{"svc_1"}, .tenant = TenantId{"ten_1"}, .kind = "service", .workflow = "small", .revision = 1, .state = "idle", .status = "active", .customer = "cus_1", .version = 3,
                        .live = false};
  workflows::Snapshot snapshot;
  std::vector<storage::MailboxRow> mailbox;
  bool more = false, has_key = false;

  Person() {
    snapshot.id = row.id;
    snapshot.state = 0;
    snapshot.attributes.resize(definition->attributes.size());
  }
  void set(std::string_view name, const std::string& value) {
    snapshot.attributes[static_cast<std::size_t>(definition->find_attribute(name))] = workflows::cel::Value::of_string(value);
  }
  Result<actors::Erasure> erase(bool live = false) {
    const actors::Holdings held{.row = row, .snapshot = snapshot, .mailbox = mailbox, .more_messages = more, .has_key = has_key};
    return actors::make_erasure(*definition, held, {.live = live, .note = "asked", .by = JsonObject{{"id", "usr_1"}, {"role", "admin"}}}, wall_now(), keys);
  }
  std::string reason(bool live = false) {
    const auto erased = erase(live);
    return erased ? "" : erased.error().reason;
  }
};

const Json words = JsonObject{{"contact", "Erika Mustermann"}, {"born", "1964-08-12"}, {"words", "Erika Mustermann asks"}, {"size", 4}};
constexpr const char* forgotten = R"j({"contact":"(erased)","born":null,"words":"(erased)","size":4})j";

}  // namespace

BOOST_AUTO_TEST_SUITE(erasing)

BOOST_FIXTURE_TEST_CASE(takes_what_is_personal_out_of_attributes_and_of_all_that_waits, Person) {
  set("contact", "Erika Mustermann");
  set("colour", "red");
  snapshot.cursor.failed = {{IncidentId{"inc_1"}, "message", "tell", words}};
  mailbox = {{row.id, 7, ActorId{"svc_2"}, EventId{"evt_1"}, "tell", words}, {row.id, 8, ActorId{"svc_2"}, EventId{"evt_2"}, "tell", JsonObject{{"size", 5}}}};
  const auto erased = erase();
  BOOST_REQUIRE(erased);
  BOOST_TEST(erased->needed);
  BOOST_TEST(dump_json(erased->change.row.attributes) == R"({"colour":"red"})");
  BOOST_TEST(dump_json(erased->next.cursor.failed.at(0).payload) == forgotten);
  BOOST_TEST(dump_json(erased->change.row.cursor).find("Mustermann") == std::string::npos);
  BOOST_REQUIRE(erased->change.rewritten.size() == 1U);
  BOOST_TEST((erased->change.rewritten[0].seq == 7 && dump_json(erased->change.rewritten[0].payload) == forgotten));
  BOOST_TEST((erased->mailbox.size() == 2U && dump_json(erased->mailbox[0].payload) == forgotten && dump_json(erased->mailbox[1].payload) == R"({"size":5})"));
  BOOST_TEST((erased->change.forget_person && erased->change.row.version == 4 && erased->change.expected_version == 3));
}

BOOST_FIXTURE_TEST_CASE(writes_nothing_where_nothing_personal_is_left, Person) {
  set("colour", "red");
  BOOST_TEST(!erase().value().needed);
  row.live = true;  // in nobody's way
  BOOST_TEST(!erase().value().needed);
  has_key = true;  // of an earlier revision
  BOOST_TEST(reason() == "live");
  BOOST_TEST(erase(true).value().needed);
}

BOOST_FIXTURE_TEST_CASE(refuses_while_something_may_need_it_or_hide_it, Person) {
  set("contact", "Erika Mustermann");
  BOOST_TEST(reason() == "");
  row.live = true;
  BOOST_TEST(reason() == "live");
  BOOST_TEST(reason(true) == "");
  more = true;
  BOOST_TEST(reason(true) == "busy");
  more = false;
  snapshot.cursor.run = workflows::Run{};
  BOOST_TEST(reason(true) == "busy");
}

BOOST_AUTO_TEST_SUITE_END()
