#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const box = R"(language: 1
workflow: box
kind: service
title: Box
attributes:
  label: { type: string, max: 5, edit: [customer, staff] }
  limit: { type: int, min: 1, required: true, edit: [staff] }
  name: { type: string, default: box }
  token: { type: secret, edit: [staff] }
events:
  reboot: { allow: [staff] }
  close: { allow: [staff] }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      reboot: { steps: [ { reboot: { call: vendor.change, on_server: "'srv_1'", with: { name: "${self.name}" } } } ] }
      close: { to: closed }
  closed: { status: terminated, final: true }
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(edit)

BOOST_AUTO_TEST_CASE(attributes_are_changed_by_whom_they_name_and_it_is_told) {
  TimedActor actor{box};
  BOOST_REQUIRE(actor.born({{"limit", 3}}));
  BOOST_REQUIRE(actor.edit({{"label", "mine"}}, "customer"));
  BOOST_TEST(actor.text("label") == "\"mine\"");
  BOOST_TEST(dump_json(actor.last("set")) == R"({"type":"set","attributes":{"label":"mine"}})");
  BOOST_TEST(actor.count("edited") == 1U);
  const auto refused = actor.edit({{"limit", 4}}, "customer");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::permission_denied));
  BOOST_REQUIRE(actor.edit({{"limit", 4}}, "admin"));
  BOOST_REQUIRE(actor.edit({{"label", nullptr}}, "reseller"));
  BOOST_TEST(actor.text("label") == "null");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_edited_is_told_by_field_and_nothing_changes) {
  TimedActor actor{box};
  BOOST_REQUIRE(actor.born({{"limit", 3}}));
  const auto refused = actor.edit({{"label", "mine"}, {"name", "other"}, {"nothing", 1}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument));
  BOOST_REQUIRE(refused.error().fields.size() == 2U);
  BOOST_TEST(refused.error().fields[0].pointer == "/name");
  BOOST_TEST(refused.error().fields[1].pointer == "/nothing");
  BOOST_REQUIRE(!actor.edit({{"label", "too long"}}));
  BOOST_REQUIRE(!actor.edit({{"limit", nullptr}}));
  BOOST_REQUIRE(!actor.edit(JsonObject{}));
  BOOST_TEST(actor.text("label") == "null");
}

BOOST_AUTO_TEST_CASE(it_is_possible_while_the_actor_works_and_never_in_a_final_state) {
  TimedActor actor{box};
  BOOST_REQUIRE(actor.born({{"limit", 3}}));
  BOOST_REQUIRE(actor.command("reboot"));
  const auto edited = actor.edit({{"limit", 9}});
  BOOST_REQUIRE(edited);
  BOOST_TEST(edited->busy == "reboot");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.text("limit") == "9");
  BOOST_REQUIRE(actor.command("close"));
  const auto refused = actor.edit({{"limit", 2}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::conflict));
}

BOOST_AUTO_TEST_CASE(a_secret_does_not_show_in_the_journal) {
  TimedActor actor{box};
  BOOST_REQUIRE(actor.born({{"limit", 3}}));
  BOOST_REQUIRE(actor.edit({{"token", "hunter2"}}));
  BOOST_TEST(dump_json(Json(actor.journal)).find("hunter2") == std::string::npos);
  BOOST_TEST(actor.text("token") == "\"hunter2\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
