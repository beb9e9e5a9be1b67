// Steps of a work: each does one thing.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const std::vector<std::string> local_keys{"set", "notify", "send", "emit", "create", "do"};
const std::vector<std::string> call_only{"on_server", "attempt_timeout", "timeout", "patience", "undo"};
const std::vector<std::string> call_or_action{"with", "retry"};

enum class Sort { call, action, local, leave, wait, approve, parallel, each };
const std::vector<std::pair<Sort, std::string>> other_sorts{{Sort::call, "call"},       {Sort::action, "action"},     {Sort::leave, "leave"}, {Sort::wait, "wait"},
                                                            {Sort::approve, "approve"}, {Sort::parallel, "parallel"}, {Sort::each, "each"}};

class StepReader {
 public:
  StepReader(Context& context, const YamlEntry& entry, const Scope& scope, const StepRules& rules, const std::vector<Step>& earlier)
      : context_{context}, report_{context.report}, entry_{entry}, yaml_{entry.value}, scope_{scope}, rules_{rules}, earlier_{earlier} {}

  Step read() {
    step_.name = entry_.key;
    step_.place = entry_.key_place;
    check_name(report_, entry_.key, entry_.key_place, "a step", reserved_words());
    if (contains(rules_.names, entry_.key)) {
      report_.add(code::duplicate_name, entry_.key_place, fmt::format("{} has a step '{}' already", rules_.work, entry_.key), "results are kept by name: give it another");
    }
    rules_.names.push_back(entry_.key);
    if (!check_keys(report_, yaml_, step_keys())) return std::move(step_);
    step_.when = read_expression(context_, key("when"), "when", scope_, cel::Type::of(cel::Type::Base::boolean));
    const auto sort = this->sort();
    refuse_other_keys(sort);
    body(sort);
    if (const auto* save = key("save"); save && gives_result()) {
      auto scope = scope_;
      add_result(context_, scope, step_);
      step_.save = read_save(context_, *save, scope);
    }
    if (const auto* on_error = key("on_error"); on_error && !holds_steps(sort)) read_on_error(context_, *on_error, step_, rules_.within.empty() ? &earlier_ : nullptr);
    return std::move(step_);
  }

 private:
  [[nodiscard]] const Yaml* key(std::string_view name) const { return find_key(yaml_, step_keys(), name); }
  [[nodiscard]] static bool holds_steps(Sort sort) { return sort == Sort::parallel || sort == Sort::each; }
  [[nodiscard]] bool gives_result() const {
    return std::holds_alternative<CallStep>(step_.body) || std::holds_alternative<ActionStep>(step_.body) || std::holds_alternative<WaitStep>(step_.body) ||
           std::holds_alternative<ApproveStep>(step_.body);
  }

  Sort sort() {
    std::vector<Sort> found;
    for (const auto& [sort, name] : other_sorts) {
      if (key(name)) found.push_back(sort);
    }
    const bool has_effects = std::ranges::any_of(local_keys, [&](const auto& name) { return key(name) != nullptr; });
    const bool leaves = std::ranges::find(found, Sort::leave) != found.end();
    if (found.size() + (has_effects && !leaves ? 1 : 0) > 1) {
      report_.add(code::bad_step, entry_.key_place, fmt::format("the step '{}' does several things", entry_.key), "give each of them a step of its own");
    }
    if (found.empty() && !has_effects) {
      report_.add(code::bad_step, entry_.key_place, fmt::format("the step '{}' does nothing", entry_.key),
                  "add call, action, set, notify, send, emit, create, wait, approve, parallel, each or leave");
    }
    const auto sort = found.empty() ? Sort::local : found.front();
    if (!rules_.within.empty() && sort != Sort::call && sort != Sort::action && sort != Sort::local) {
      report_.add(code::bad_step, entry_.key_place, fmt::format("the step '{}' cannot stand within {}", entry_.key, rules_.within), "steps there are calls, actions and effects");
    }
    return sort;
  }

  void refuse_other_keys(Sort sort) {
    for (const auto& entry : yaml_.entries) {
      const auto meant = canonical_key(step_keys(), entry.key);
      if (const auto hint = why_foreign(sort, meant)) {
        report_.add(code::bad_step, entry.key_place, fmt::format("'{}' has no meaning for the step '{}'", meant, entry_.key), *hint);
      }
    }
  }

  [[nodiscard]] static std::optional<std::string> why_foreign(Sort sort, const std::string& key) {
    if (sort == Sort::call) return std::nullopt;
    const bool waits = sort == Sort::wait || sort == Sort::approve;
    if (key == "undo" && sort == Sort::action) return "an action brings its own undo";
    if (key == "timeout" && waits) return fmt::format("write it into the map of '{}'", sort == Sort::wait ? "wait" : "approve");
    if (contains(call_only, key)) return "only a call has it";
    if (contains(call_or_action, key) && sort != Sort::action) return "only calls and actions have it";
    if (key == "save" && sort != Sort::action && !waits) return holds_steps(sort) ? "the steps within have it" : "only steps that give a result have it";
    if (key == "on_error" && holds_steps(sort)) return "the steps within have it";
    return std::nullopt;
  }

  void body(Sort sort) {
    switch (sort) {
      case Sort::call: step_.body = read_call(context_, entry_.key, yaml_, entry_.key_place, scope_); break;
      case Sort::action: step_.body = read_action(context_, yaml_, entry_.key_place, scope_); break;
      case Sort::local: step_.body = LocalStep{read_effects(context_, yaml_, step_keys(), scope_, EffectsOf::step)}; break;
      case Sort::leave: leave(); break;
      case Sort::wait: step_.body = read_wait(context_, *key("wait")); break;
      case Sort::approve: step_.body = read_approve(context_, *key("approve")); break;
      case Sort::parallel: step_.body = read_parallel(context_, *key("parallel"), scope_, inner_rules()); break;
      case Sort::each: step_.body = read_each(context_, *key("each"), scope_, inner_rules()); break;
    }
  }

  [[nodiscard]] StepRules inner_rules() const {
    auto inner = rules_;
    inner.before.insert(inner.before.end(), earlier_.begin(), earlier_.end());
    return inner;
  }

  void leave() {
    static const KeySet keys{"'leave'", {"to"}};
    LeaveStep leave;
    const auto& yaml = *key("leave");
    const auto* to = check_keys(report_, yaml, keys) ? find_key(yaml, keys, "to") : nullptr;
    if (!to && yaml.is_map()) report_.add(code::missing_key, yaml.place, "'leave' does not say where to go", "write leave: { to: <state> }");
    if (const auto word = read_word(report_, to, "to")) leave.to = find_state(context_, *word, to->place);
    context_.has_lost_ways = context_.has_lost_ways || leave.to < 0;
    leave.effects = read_effects(context_, yaml_, step_keys(), scope_, EffectsOf::step);
    step_.body = std::move(leave);
  }

  Context& context_;
  Report& report_;
  const YamlEntry& entry_;
  const Yaml& yaml_;
  const Scope& scope_;
  const StepRules& rules_;
  const std::vector<Step>& earlier_;
  Step step_;
};

bool goes_on_after_errors(const Step& step) {
  const auto goes_on = [](const Reaction& reaction) { return reaction.what == Reaction::What::go_on; };
  if ((step.on_error && goes_on(*step.on_error)) || std::ranges::any_of(step.on_error_by, [&](const auto& by) { return goes_on(by.second); })) return true;
  if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) return std::ranges::any_of(*parallel->steps, goes_on_after_errors);
  const auto* each = std::get_if<EachStep>(&step.body);
  return each && std::ranges::any_of(*each->steps, goes_on_after_errors);
}

}  // namespace

const KeySet& step_keys() {
  static const KeySet keys{"a step",
                           {"call", "action", "set", "notify", "send", "emit", "create", "do", "leave", "wait", "approve", "parallel", "each", "when", "save",
                            "on_error", "retry", "attempt_timeout", "timeout", "patience", "undo", "on_server", "with"}};
  return keys;
}

bool is_plain(const Step& step) {
  return std::holds_alternative<CallStep>(step.body) || std::holds_alternative<ActionStep>(step.body) || std::holds_alternative<LocalStep>(step.body);
}

std::vector<Step> read_steps(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules) {
  std::vector<Step> steps;
  const auto key = rules.within == "'parallel'" ? rules.within : std::string{"'steps'"};
  if (!yaml.is_list() || yaml.items.empty()) {
    context.report.add(code::wrong_value, yaml.place, fmt::format("{} takes a list of named steps, but this is {}", key, yaml.is_list() ? "empty" : kind_of(yaml)),
                       "such as steps: [ { start: { call: … } } ]");
    return steps;
  }
  if (yaml.items.size() > most_steps) {
    context.report.add(code::out_of_bounds, yaml.items[most_steps].place, fmt::format("{} has {} steps, but at most {} are read", key, yaml.items.size(), most_steps), "divide the work among several states");
    return steps;
  }
  for (const auto& item : yaml.items) {
    if (!item.is_map() || item.entries.size() != 1) {
      context.report.add(code::wrong_value, item.place, "a step is one name with what it does", "such as - start: { call: … }");
      continue;
    }
    auto here = scope;
    auto visible = rules.before;
    // branches begin together: none sees what another gives
    if (rules.within != "'parallel'") visible.insert(visible.end(), steps.begin(), steps.end());
    add_steps(context, here, visible);
    if (rules.may_have_failed) add_error(here, true);
    steps.push_back(StepReader{context, item.entries[0], here, rules, steps}.read());
    rules.may_have_failed = rules.may_have_failed || (rules.within != "'parallel'" && goes_on_after_errors(steps.back()));
  }
  return steps;
}

}  // namespace stellwerk::workflows::loading
