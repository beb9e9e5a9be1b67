// Steps of a working state.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const std::vector<std::string> local_keys{"set", "notify", "send", "emit", "create", "do"};
const std::vector<std::string> call_only{"on_server", "attempt_timeout", "timeout", "patience", "undo"};
const std::vector<std::string> call_or_action{"with", "retry", "save"};

enum class Sort { call, action, local, leave };

class StepReader {
 public:
  StepReader(Context& context, const YamlEntry& entry, const State& state, const Scope& scope)
      : context_{context}, report_{context.report}, entry_{entry}, yaml_{entry.value}, state_{state}, scope_{scope} {}

  Step read() {
    step_.name = entry_.key;
    step_.place = entry_.key_place;
    check_name(report_, entry_.key, entry_.key_place, "a step", reserved_words());
    if (std::ranges::any_of(state_.steps, [&](const Step& other) { return other.name == entry_.key; })) {
      report_.add(code::duplicate_name, entry_.key_place, fmt::format("the state '{}' has a step '{}' already", state_.name, entry_.key), "results are kept by name: give it another");
    }
    if (!check_keys(report_, yaml_, step_keys())) return std::move(step_);
    step_.when = read_expression(context_, key("when"), "when", scope_, cel::Type::of(cel::Type::Base::boolean));
    const auto sort = this->sort();
    refuse_other_keys(sort);
    switch (sort) {
      case Sort::call: step_.body = read_call(context_, yaml_, entry_.key_place, scope_); break;
      case Sort::action: step_.body = read_action(context_, yaml_, entry_.key_place, scope_); break;
      case Sort::local: step_.body = LocalStep{read_effects(context_, yaml_, step_keys(), scope_)}; break;
      case Sort::leave: leave(); break;
    }
    if (const auto* save = key("save")) this->save(*save);
    if (const auto* on_error = key("on_error")) read_on_error(context_, *on_error, step_, state_.steps);
    return std::move(step_);
  }

 private:
  [[nodiscard]] const Yaml* key(std::string_view name) const { return find_key(yaml_, step_keys(), name); }
  [[nodiscard]] bool has_local() const { return std::ranges::any_of(local_keys, [&](const auto& name) { return key(name) != nullptr; }); }

  Sort sort() {
    const bool call = key("call"), action = key("action"), leave = key("leave"), local = has_local();
    const int doing = call + action + (local && !leave ? 1 : 0) + leave;
    if (doing > 1) report_.add(code::bad_step, entry_.key_place, fmt::format("the step '{}' does several things", entry_.key), "give each of call, action and effects a step of its own");
    if (doing == 0 && !has_later_key(yaml_, step_keys())) {
      report_.add(code::bad_step, entry_.key_place, fmt::format("the step '{}' does nothing", entry_.key), "add call, action, set, notify, send, emit, create or leave");
    }
    return call ? Sort::call : action ? Sort::action : leave ? Sort::leave : Sort::local;
  }

  void refuse_other_keys(Sort sort) {
    if (sort == Sort::call || has_later_key(yaml_, step_keys())) return;
    for (const auto& entry : yaml_.entries) {
      const auto meant = canonical_key(step_keys(), entry.key);
      const bool foreign = contains(call_only, meant) || (sort != Sort::action && contains(call_or_action, meant));
      if (!foreign) continue;
      std::string hint = contains(call_only, meant) ? "only a call has it" : "only calls and actions have it";
      if (meant == "undo" && sort == Sort::action) hint = "an action brings its own undo";
      report_.add(code::bad_step, entry.key_place, fmt::format("'{}' has no meaning for the step '{}'", meant, entry_.key), std::move(hint));
    }
  }

  void leave() {
    static const KeySet keys{"'leave'", {"to"}, {}};
    LeaveStep leave;
    const auto& yaml = *key("leave");
    const auto* to = check_keys(report_, yaml, keys) ? find_key(yaml, keys, "to") : nullptr;
    if (!to && yaml.is_map()) report_.add(code::missing_key, yaml.place, "'leave' does not say where to go", "write leave: { to: <state> }");
    if (const auto word = read_word(report_, to, "to")) leave.to = find_state(context_, *word, to->place);
    context_.has_lost_ways = context_.has_lost_ways || leave.to < 0;
    leave.effects = read_effects(context_, yaml_, step_keys(), scope_);
    step_.body = std::move(leave);
  }

  void save(const Yaml& yaml) {
    if (!yaml.is_map()) return wrong_value(report_, yaml, "save", "a map of attributes and what of the result goes into them");
    auto scope = scope_;
    const auto* call = std::get_if<CallStep>(&step_.body);
    const auto* action = std::get_if<ActionStep>(&step_.body);
    if (!call && !action) return;
    add_result(scope, call ? call->operation.output : action->action.output);
    for (const auto& [name, place, value] : yaml.entries) {
      const int attribute = find_attribute(context_, name, place);
      const auto* field = attribute < 0 ? nullptr : &context_.definition.attributes[static_cast<std::size_t>(attribute)].field;
      auto path = read_expression(context_, &value, "save", scope, {}, field && field->type.base == TypeSpec::Base::secret);
      if (!field) continue;
      if (const auto why = path ? misfit(field->type, path.type()) : std::string{}; !why.empty()) {
        report_.add(code::wrong_type, value.place, fmt::format("'{}' {}", field->name, why));
      }
      step_.save.push_back({attribute, std::move(path)});
    }
  }

  Context& context_;
  Report& report_;
  const YamlEntry& entry_;
  const Yaml& yaml_;
  const State& state_;
  const Scope& scope_;
  Step step_;
};

bool goes_on_after_errors(const Step& step) {
  const auto goes_on = [](const Reaction& reaction) { return reaction.what == Reaction::What::go_on; };
  return (step.on_error && goes_on(*step.on_error)) || std::ranges::any_of(step.on_error_by, [&](const auto& by) { return goes_on(by.second); });
}

}  // namespace

const KeySet& step_keys() {
  static const KeySet keys{"a step",
                           {"call", "action", "set", "notify", "send", "emit", "create", "do", "leave", "when", "save", "on_error", "retry", "attempt_timeout",
                            "timeout", "patience", "undo", "on_server", "with"},
                           {"wait", "approve", "parallel", "each", "in", "as", "require", "guard", "steps"}};
  return keys;
}

void read_steps(Context& context, const Yaml& yaml, State& state, const Scope& scope) {
  if (!yaml.is_list() || yaml.items.empty()) {
    context.report.add(code::wrong_value, yaml.place, fmt::format("'steps' takes a list of named steps, but this is {}", yaml.is_list() ? "empty" : kind_of(yaml)),
                       "such as steps: [ { start: { call: … } } ]");
    return;
  }
  bool may_have_failed = false;
  for (const auto& item : yaml.items) {
    if (!item.is_map() || item.entries.size() != 1) {
      context.report.add(code::wrong_value, item.place, "a step is one name with what it does", "such as - start: { call: … }");
      continue;
    }
    auto here = scope;
    std::vector<const Step*> earlier;
    for (const auto& step : state.steps) earlier.push_back(&step);
    add_steps(here, earlier);
    if (may_have_failed) add_error(here, true);
    state.steps.push_back(StepReader{context, item.entries[0], state, here}.read());
    may_have_failed = may_have_failed || goes_on_after_errors(state.steps.back());
  }
}

}  // namespace stellwerk::workflows::loading
