#include "storage/actions/actions.hpp"

#include <fmt/format.h>

#include <map>

#include "storage/actions/world.hpp"

namespace stellwerk::storage {
namespace {

using Action = Result<ActionOutcome> (*)(World&, const AttemptRow&, Time);

const std::map<std::string, Action>& actions() {
  static const std::map<std::string, Action> all{{"id.allocate", allocate_number}, {"id.release", release_number}, {"ip.allocate", allocate_address},
                                                 {"ip.release", release_address},  {"pool.place", take_place},     {"pool.release", release_place}};
  return all;
}

}  // namespace

const std::vector<ActionSpec>& action_specs() {
  static const std::vector<ActionSpec> specs{
      {"pool.place", {{"pool", "string"}}, {{"server", "string"}}, "pool.release"},
      {"pool.release", {}, {}, ""},
      {"id.allocate", {{"range", "string"}, {"blocked", "list", false}}, {{"id", "int"}}, "id.release"},
      {"id.release", {{"range", "string"}, {"id", "int"}, {"quarantine", "duration", false}, {"block", "bool", false}}, {}, ""},
      {"ip.allocate", {{"pool", "string"}}, {{"address", "string"}}, "ip.release"},
      {"ip.release", {{"address", "string"}, {"quarantine", "duration", false}}, {}, ""},
  };
  return specs;
}

Result<ActionOutcome> perform_action(World& world, const AttemptRow& attempt, Time now) {
  const auto found = actions().find(attempt.operation);
  if (found == actions().end()) return refusal("invalid_input", fmt::format("there is no action '{}'", attempt.operation));
  return found->second(world, attempt, now);
}

AttemptRow as_attempt(const TransitionAction& action, const ActorRow& actor) {
  AttemptRow attempt;
  attempt.id = AttemptId{action.id.str()};
  attempt.actor = action.actor.empty() ? actor.id : action.actor;
  attempt.tenant = actor.tenant;
  attempt.workflow = actor.workflow;
  attempt.key = action.key;
  attempt.executor = "action";
  attempt.operation = action.name;
  attempt.input = action.input;
  return attempt;
}

std::string lock_order(const AttemptRow& attempt) {
  const auto family = attempt.operation.substr(0, attempt.operation.find('.'));
  const auto name = family == "id" ? text_of(attempt.input, "range") : text_of(attempt.input, "pool");
  return fmt::format("{}/{}/{}", family, attempt.tenant.str(), name);
}

Result<std::optional<Duration>> duration_at(const Json& input, std::string_view name) {
  const auto* member = find_member(input, name);
  if (member == nullptr || member->is_null()) return std::optional<Duration>{};
  if (!member->is_string()) return fail(ErrorCode::invalid_argument, fmt::format("'{}' is an ISO 8601 duration such as P30D", name));
  STELLWERK_TRY(const auto duration, parse_duration(as_view(member->get_string())));
  return std::optional{duration};
}

}  // namespace stellwerk::storage
