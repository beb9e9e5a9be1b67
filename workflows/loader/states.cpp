// States: what each waits for or works on.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

class StateReader {
 public:
  StateReader(Context& context, const YamlEntry& entry, const Scope& base, const RunEvents& run_events)
      : context_{context}, report_{context.report}, entry_{entry}, yaml_{entry.value}, base_{base}, run_events_{run_events} {}

  State read() {
    state_.name = entry_.key;
    state_.place = entry_.key_place;
    context_.state = static_cast<int>(context_.definition.states.size());
    auto reserved = reserved_words();
    reserved.emplace_back("incident");
    check_name(report_, entry_.key, entry_.key_place, "a state", reserved);
    if (!check_keys(report_, yaml_, state_keys())) {
      context_.has_lost_ways = true;
      return std::move(state_);
    }
    status();
    state_.title = read_title(report_, key("title"), "title");
    state_.titles = read_titles(report_, key("title"), "title");
    state_.final = read_flag(report_, key("final"), "final");
    state_.rest = read_flag(report_, key("rest"), "rest");
    if (key("rest") && key("rest")->kind != Yaml::Kind::boolean) context_.lost_waits.insert(context_.definition.states.size());
    sort();
    state_.entry = read_effect_list(context_, key("entry"), "entry", base_);
    state_.exit = read_effect_list(context_, key("exit"), "exit", base_);
    if (key("steps")) {
      work();
    } else {
      const bool everywhere = context_.works_in_place;
      context_.works_in_place = everywhere || has_steps_in_place(yaml_, state_keys());
      state_.on = read_on(context_, key("on"), base_, false);
      context_.works_in_place = everywhere;
    }
    after();
    confirmed_by();
    return std::move(state_);
  }

 private:
  [[nodiscard]] const Yaml* key(std::string_view name) const { return find_key(yaml_, state_keys(), name); }

  void status() {
    const auto* yaml = key("status");
    if (!yaml) {
      report_.add(code::missing_key, entry_.key_place, fmt::format("the state '{}' has no status", entry_.key), "add 'status: …': what people and lists see");
      return;
    }
    const auto word = read_word(report_, yaml, "status");
    if (!word) return;
    state_.status = *word;
    const auto& closed = statuses_of(context_.definition.kind);
    if (!closed.empty() && !contains(closed, *word)) {
      report_.add(code::unknown_status, yaml->place, fmt::format("{} has no status '{}'", context_.definition.kind, *word), suggest(*word, closed));
    } else if (closed.empty()) {
      check_name(report_, *word, yaml->place, "a status", {});
    }
  }

  /// A state waits, works or is final; each has keys of its own.
  void sort() {
    const bool works = key("steps") != nullptr;
    const auto refuse = [&](std::string_view name, std::string_view why) {
      if (const auto* found = find_entry(yaml_, state_keys(), name)) {
        report_.add(code::wrong_sort_of_state, found->key_place, fmt::format("'{}' has no place in the state '{}': {}", name, entry_.key, why));
      }
    };
    if (state_.final) {
      for (const auto* name : {"on", "after", "steps", "done", "failed", "rest"}) refuse(name, "it is final, nothing happens any more");
      return;
    }
    if (works) {
      refuse("after", "it works, and its steps have their own time limits");
      refuse("rest", "it works, and does not wait for a person");
      if (!key("done")) report_.add(code::open_ending, entry_.key_place, fmt::format("the state '{}' works, but does not say what follows", entry_.key), "add 'done: { to: <state> }'");
      if (!key("failed")) report_.add(code::open_ending, entry_.key_place, fmt::format("the state '{}' works, but does not say what happens when a step fails", entry_.key), "add 'failed: { to: <state> }' or 'failed: incident'");
      return;
    }
    refuse("done", "it has no steps that could be done");
    refuse("failed", "it has no steps that could fail");
  }

  void work() {
    auto scope = base_;
    add_run_event(context_, scope, run_events_);
    state_.work = read_work(context_, yaml_, state_keys(), {.name = entry_.key, .state = context_.state}, scope);
    state_.on = read_on(context_, key("on"), scope, true);
  }

  void after() {
    const auto* yaml = key("after");
    if (!yaml) return;
    if (!yaml->is_map()) {
      context_.has_lost_ways = true;
      context_.lost_waits.insert(context_.definition.states.size());
      return wrong_value(report_, *yaml, "after", "a map of times and their transitions");
    }
    if (yaml->entries.empty()) {
      report_.add(code::wrong_value, yaml->place, "'after' names no time", "such as after: { P3D: { to: closed } }");
      context_.lost_waits.insert(context_.definition.states.size());
    }
    for (const auto& [time, place, value] : yaml->entries) {
      After timer{.name = fmt::format("after:{}:{}", entry_.key, state_.after.size() + 1)};
      using To = cel::Type::Base;
      timer.delay = read_time(context_, "after", text_at(time, place), base_, {To::duration, To::period, To::date, To::timestamp});
      timer.then = read_candidates(context_, value, base_, {.what = "'after'", .work = timer.name});
      state_.after.push_back(std::move(timer));
    }
  }

  void confirmed_by() {
    const auto* yaml = key("confirmed_by");
    if (!yaml) return;
    context_.once_all_are_read.push_back([&context = context_, yaml, name = entry_.key] {
      auto& definition = context.definition;
      auto& state = definition.states[static_cast<std::size_t>(definition.find_state(name))];
      for (const auto& [path, place] : read_words(context.report, yaml, "confirmed_by")) {
        const auto dot = path.find('.');
        if (dot == std::string::npos) {
          context.report.add(code::wrong_value, place, fmt::format("'{}' names no step", path), "write <state>.<step>, such as suspending.stop");
          continue;
        }
        const int from = find_state(context, path.substr(0, dot), place);
        if (from < 0) continue;
        std::vector<std::string> names;
        const int work = definition.states[static_cast<std::size_t>(from)].work;
        if (work >= 0 && definition.work(work).required) continue;  // its steps are not known yet
        if (work >= 0) {
          for (const auto& step : definition.work(work).steps) names.push_back(step.name);
        }
        auto step = path.substr(dot + 1);
        if (!contains(names, step)) {
          context.report.add(code::unknown_step, place, fmt::format("the state '{}' has no step '{}'", path.substr(0, dot), step), suggest(step, names));
          step = config::closest(step, names);
        }
        const auto found = std::ranges::find(names, step);
        if (found == names.end()) continue;
        const int index = static_cast<int>(found - names.begin());
        if (!asks_the_world(definition.work(work).steps[static_cast<std::size_t>(index)])) {
          context.report.add(code::unconfirmed_path, place, fmt::format("the step '{}' is no call, so it proves nothing about the world", path), "name a step with 'call' or 'action'");
        }
        state.confirmed_by.emplace_back(from, index);
      }
    });
  }

  Context& context_;
  Report& report_;
  const YamlEntry& entry_;
  const Yaml& yaml_;
  const Scope& base_;
  const RunEvents& run_events_;
  State state_;
};

}  // namespace

const KeySet& state_keys() {
  static const KeySet keys{"a state", {"status", "title", "entry", "exit", "final", "rest", "confirmed_by", "on", "after", "steps", "done", "failed"}};
  return keys;
}

void read_states(Context& context, const Yaml& root, const Scope& base) {
  context.works_in_place = has_steps_in_place(root, workflow_keys());
  context.definition.on = read_on(context, find_key(root, workflow_keys(), "on"), base, false);
  const auto* states = find_key(root, workflow_keys(), "states");
  if (!states || !states->is_map()) return;
  for (std::size_t i = 0; i < states->entries.size(); ++i) {
    context.definition.states.push_back(StateReader{context, states->entries[i], base, context.run_events[i]}.read());
  }
  context.state = -1;
  for (const auto& resolve : context.once_all_are_read) resolve();
}

}  // namespace stellwerk::workflows::loading
