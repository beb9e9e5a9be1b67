// Timers of the actor: `schedule`.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

using To = cel::Type::Base;

const std::vector<std::string> own_keys{"at", "every", "per", "skipped", "counts_in", "calendar", "ends_on"};

constexpr Duration min_every = std::chrono::seconds{1};

const KeySet& schedule_keys() {
  static const KeySet keys = [] {
    KeySet made{"a schedule", transition_keys().known};
    std::erase(made.known, "interrupt");  // it is deferred while the actor works
    made.known.insert(made.known.end(), own_keys.begin(), own_keys.end());
    return made;
  }();
  return keys;
}

class ScheduleReader {
 public:
  ScheduleReader(Context& context, const YamlEntry& entry, const Scope& base) : context_{context}, report_{context.report}, entry_{entry}, yaml_{entry.value}, base_{base} {}

  Schedule read() {
    schedule_.name = entry_.key;
    schedule_.place = entry_.key_place;
    check_name(report_, entry_.key, entry_.key_place, "a schedule", reserved_words());
    if (!check_keys(report_, yaml_, schedule_keys())) {
      context_.has_lost_ways = true;
      return std::move(schedule_);
    }
    schedule_.is_clock = key("counts_in") != nullptr;
    moment();
    if (schedule_.is_clock) clock();
    else recurrence();
    auto transition = read_transition(context_, yaml_, base_, {.what = fmt::format("'{}'", entry_.key), .work = entry_.key}, schedule_keys());
    if (std::ranges::all_of(yaml_.entries, [](const YamlEntry& entry) { return entry.key == "when" || entry.key == "require" || entry.key == "guard" || contains(own_keys, entry.key); })) {
      report_.add(code::missing_key, entry_.key_place, fmt::format("the schedule '{}' does nothing", entry_.key), "add to, steps, or an effect such as notify");
    }
    schedule_.then.push_back(std::move(transition));
    return std::move(schedule_);
  }

 private:
  [[nodiscard]] const Yaml* key(std::string_view name) const { return find_key(yaml_, schedule_keys(), name); }

  void refuse(std::string_view name, std::string_view why) {
    if (const auto* found = find_entry(yaml_, schedule_keys(), name)) {
      report_.add(code::bad_schedule, found->key_place, fmt::format("'{}' has no meaning for the schedule '{}': {}", name, entry_.key, why), "leave it out");
    }
  }

  void moment() {
    const auto *at = key("at"), *every = key("every");
    if (!at && !every) report_.add(code::missing_key, entry_.key_place, fmt::format("the schedule '{}' has no time", entry_.key), "add 'at: …' or 'every: …'");
    if (at && every) report_.add(code::bad_schedule, every->place, fmt::format("the schedule '{}' has both 'at' and 'every'", entry_.key), "give it one of them");
    if (at && at->is_list()) {
      report_.add(code::wrong_value, at->place, "'at' takes an expression, but this is a list", "write it as one expression in quotes: \"[self.a, self.b]\"");
      return;
    }
    if (at && schedule_.is_clock) schedule_.at = read_time(context_, "at", *at, base_, {To::duration});
    else if (at) schedule_.at = read_time(context_, "at", *at, base_, {To::date, To::timestamp, To::list});
    if (every && !schedule_.is_clock) schedule_.every = read_time(context_, "every", *every, base_, {To::duration, To::period});
    const auto fixed = every ? parse_duration(every->text) : Result<Duration>{min_every};
    if (fixed && *fixed < min_every) report_.add(code::out_of_bounds, every->place, fmt::format("'every' is {}, but must be at least {}", every->text, format_duration(min_every)));
  }

  void recurrence() {
    for (const auto* name : {"calendar", "ends_on"}) {
      if (const auto* found = find_entry(yaml_, schedule_keys(), name)) {
        report_.add(code::missing_key, found->key_place, fmt::format("'{}' belongs to a clock, which also says when time counts", name), "add 'counts_in: [states]'");
      }
    }
    schedule_.per = read_expression(context_, key("per"), "per", base_, {});
    const auto* skipped = key("skipped");
    if (const auto word = read_word(report_, skipped, "skipped")) {
      schedule_.skipped_waits = *word == "wait";
      if (*word != "wait" && *word != "drop") report_.add(code::wrong_value, skipped->place, fmt::format("'skipped' takes drop or wait, not '{}'", *word), suggest(*word, {"drop", "wait"}));
    }
  }

  void clock() {
    for (const auto* name : {"every", "per", "skipped"}) refuse(name, "it is a clock, which fires once when its time is used up");
    for (const auto& [state, place] : read_words(report_, key("counts_in"), "counts_in")) {
      const int found = find_state(context_, state, place);
      if (found >= 0) schedule_.counts_in.push_back(found);
    }
    if (const auto* states = key("counts_in"); states->is_list() && states->items.empty()) report_.add(code::wrong_value, states->place, "'counts_in' names no state, so no time counts");
    if (const auto* calendar = key("calendar")) schedule_.calendar = read_calendar(context_, *calendar);
    for (const auto& [event, place] : read_words(report_, key("ends_on"), "ends_on")) schedule_.ends_on.push_back(find_event(context_, event, place));
  }

  Context& context_;
  Report& report_;
  const YamlEntry& entry_;
  const Yaml& yaml_;
  const Scope& base_;
  Schedule schedule_;
};

}  // namespace

void find_schedule_names(Context& context, const Yaml& root) {
  const auto* yaml = find_key(root, workflow_keys(), "schedule");
  if (!yaml) return;
  if (!yaml->is_map()) {
    context.has_lost_ways = true;
    return wrong_value(context.report, *yaml, "schedule", "a map of timers by name");
  }
  for (const auto& entry : yaml->entries) context.schedule_names.push_back(entry.key);
}

void read_schedules(Context& context, const Yaml& root, const Scope& base) {
  const auto* yaml = find_key(root, workflow_keys(), "schedule");
  if (!yaml || !yaml->is_map()) return;
  for (const auto& entry : yaml->entries) context.definition.schedules.push_back(ScheduleReader{context, entry, base}.read());
}

}  // namespace stellwerk::workflows::loading
