#include "storage/commit_check.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace stellwerk;
using namespace stellwerk::storage;

namespace {

Commit decision() {
  ActorChange change;
  change.row.id = ActorId{"svc_a"};
  return {.id = "dec_1", .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
}
const std::string nul("a\0b", 3);

}  // namespace

BOOST_AUTO_TEST_SUITE(commit_check)

BOOST_AUTO_TEST_CASE(an_ordinary_decision_passes) { BOOST_TEST(!find_unstorable(decision())); }

BOOST_AUTO_TEST_CASE(a_nul_character_is_found_wherever_it_hides) {
  auto in_key = decision();
  in_key.changes[0].row.attributes = JsonObject{{"list", JsonArray{JsonObject{{nul, 1}}}}};
  auto in_message = decision();
  in_message.changes[0].messages.resize(1);
  in_message.changes[0].messages[0].payload = JsonArray{nul};
  auto in_incident = decision();
  in_incident.changes[0].incidents.resize(1);
  in_incident.changes[0].incidents[0].text = nul;
  auto in_answer = decision();
  in_answer.idempotency = IdempotencyRow{};
  in_answer.idempotency->answer = JsonObject{{"x", nul}};
  for (const auto& commit : {in_key, in_message, in_incident, in_answer}) BOOST_TEST(find_unstorable(commit).has_value());
}

BOOST_AUTO_TEST_CASE(an_actor_changes_once_and_at_least_one_does) {
  auto twice = decision();
  twice.changes.push_back(twice.changes[0]);
  BOOST_TEST(find_unstorable(twice).has_value());
  BOOST_TEST(find_unstorable(Commit{}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
