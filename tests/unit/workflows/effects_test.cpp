#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const shop = R"(language: 1
workflow: shop
kind: service
title: Shop
attributes:
  name: { type: string, default: box }
  until: { type: date }
  list: { type: list, of: string, default: [a, b, c] }
  log: { type: string, default: "" }
  total: { type: int, default: 0 }
  key: { type: secret }
events:
  renew: { allow: [staff], with: { until: { type: date, required: true }, amount: { type: int, default: 1 } } }
  tell: { allow: [staff] }
  walk: { allow: [staff] }
  keep: { allow: [staff], with: { name: { type: string, required: true }, key: { type: secret } } }
  renewed: { from: [invoice], with: { until: { type: date, required: true } } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      renew: { save: { until: event.until }, action: billing.renew, with: { until: "${event.until}", amount: "${event.amount}" }, to: paid }
      renewed: { action: billing.renew, with: { until: "${event.until}" }, to: paid }
      tell: { notify: { template: hello, who: "${self.name}", with: { n: "${size(self.list)}" } } }
      walk: { each: { in: self.list, as: entry, do: [ { set: { log: "${self.log + entry + string(index)}" } }, { emit: { type: seen, with: { it: "${entry}" } } } ] } }
      keep: { save: { name: event.name, key: event.key } }
  paid: { status: active, rest: true }
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(effects)

BOOST_AUTO_TEST_CASE(an_action_of_a_transition_is_handed_out_with_a_key_that_follows_from_the_event) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born());
  const auto before = actor.snapshot;
  workflows::Event event{.id = EventId{format_id("evt", derive_uuid(Uuid{}, "one"))}, .by = {"usr_1", "staff"}, .body = workflows::Command{"renew", {{"until", "2026-04-01"}, {"amount", 7}}}};
  const auto first = workflows::advance(*actor.definition, before, event, actor.now);
  const auto second = workflows::advance(*actor.definition, before, event, actor.now + std::chrono::hours{1});
  BOOST_REQUIRE(first);
  BOOST_REQUIRE(second);
  BOOST_REQUIRE(first->actions.size() == 1U);
  BOOST_TEST(first->actions[0].name == "billing.renew");
  BOOST_TEST(dump_json(first->actions[0].input) == R"({"until":"2026-04-01","amount":7})");
  BOOST_TEST(first->actions[0].key == second->actions[0].key);
  BOOST_TEST(first->actions[0].id.str() == second->actions[0].id.str());
  BOOST_TEST(first->state == "paid");
}

BOOST_AUTO_TEST_CASE(an_event_whose_action_the_store_refuses_is_put_before_a_person) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born());
  workflows::Event message{.body = workflows::Message{"renewed", {{"until", "2026-04-01"}}, {}, 5}};
  message.refused = Error{ErrorCode::conflict, "the account is closed", "action_refused"};
  const auto decided = actor.apply(message);
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->actions.empty());
  BOOST_TEST((decided->consumed == std::vector<std::int64_t>{5}));
  BOOST_TEST(actor.in() == "idle");
  BOOST_TEST(actor.incidents.begin()->second.code == "action_refused");
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.in() == "paid");
  workflows::Event command{.by = {"usr_1", "staff"}, .body = workflows::Command{"tell"}};
  command.refused = Error{ErrorCode::conflict, "no", "action_refused"};
  const auto refused = actor.apply(command);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().reason == "action_refused");
}

BOOST_AUTO_TEST_CASE(whom_a_notification_is_for_stands_in_its_data) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.command("tell");
  BOOST_REQUIRE(decided);
  BOOST_TEST(dump_json(decided->notices.front().data) == R"({"template":"hello","with":{"n":3},"customer":"cus_01jnq0000000000000000000aa","who":"box"})");
}

BOOST_AUTO_TEST_CASE(each_does_its_effects_once_per_element_in_order) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.command("walk");
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.text("log") == "\"a0b1c2\"");
  BOOST_TEST(decided->notices.size() == 3U);
}

BOOST_AUTO_TEST_CASE(each_of_too_many_elements_is_refused_as_a_whole) {
  TimedActor actor{shop};
  JsonArray many;
  for (int i = 0; i < 257; ++i) many.emplace_back("x");
  BOOST_REQUIRE(actor.born({{"list", many}}));
  const auto refused = actor.command("walk");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().reason == "too_many_elements");
  BOOST_TEST(actor.text("log") == "\"\"");
}

BOOST_AUTO_TEST_CASE(save_keeps_what_the_event_brings_and_hides_secrets_in_the_journal) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("keep", {{"name", "crate"}, {"key", "hunter2"}}));
  BOOST_TEST(actor.text("name") == "\"crate\"");
  BOOST_TEST(actor.text("key") == "\"hunter2\"");
  BOOST_TEST(dump_json(Json(actor.journal)).find("hunter2") == std::string::npos);
  BOOST_TEST(dump_json(actor.last("event")).find(R"("payload":{"name":"crate","key":"***"})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_birth_and_every_change_can_be_read_from_the_journal) {
  TimedActor actor{shop};
  BOOST_REQUIRE(actor.born({{"name", "crate"}}));
  BOOST_REQUIRE(actor.command("walk"));
  JsonObject attributes;
  for (const auto& entry : actor.journal)
    if (text_of(entry, "type") == "set")
      for (const auto& member : find_member(entry, "attributes")->get_object()) attributes[member.key()] = member.value();
  for (const auto& attribute : actor.definition->attributes) {
    const auto* seen = attributes.if_contains(attribute.field.name);
    BOOST_TEST(dump_json(seen == nullptr ? Json{} : *seen) == actor.text(attribute.field.name), attribute.field.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
