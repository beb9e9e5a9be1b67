#include "workflows/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::workflows {
namespace {

using Phase = ReplayedRun::Phase;

class Replay {
 public:
  explicit Replay(const Definition& definition) : definition_{definition} {
    for (const auto& attribute : definition.attributes) found_.attributes[attribute.field.name] = nullptr;
  }

  /// Entries that tell what happened, but change nothing here (an attempt, a notice), are passed over.
  Result<void> read(const Json& entry) {
    const auto type = text_of(entry, "type");
    if (type == "created" || type == "set") return attributes(entry);
    if (type == "erased") return erased(entry);
    if (type == "state") return state(text_of(entry, "to"));
    if (type == "timer_set") return timer_set(entry);
    if (type == "timer" || type == "timer_cleared" || type == "timer_dropped") return timer_gone(text_of(entry, "timer"));
    if (type == "run_started") return run_started(entry);
    if (type == "undo_started") return undo_started(entry);
    if (type == "step_started") return step_started(entry);
    if (type == "run_ended") return run_ended(entry);
    if (type == "incident_opened") return incident_opened(entry);
    if (type == "incident_closed") return incident_closed(entry);
    return {};
  }

  [[nodiscard]] Replayed&& found() && { return std::move(found_); }

 private:
  static tl::unexpected<Error> contradicts(std::string what) { return fail(ErrorCode::internal, std::move(what), "journal"); }

  Result<void> attributes(const Json& entry) {
    const auto* values = find_member(entry, "attributes");
    if (values == nullptr) return {};
    if (!values->is_object()) return contradicts("its attributes are no object");
    for (const auto& member : values->get_object()) {
      const std::string name{member.key()};
      const int index = definition_.find_attribute(name);
      if (index < 0) return contradicts(fmt::format("workflow {} has no attribute '{}'", definition_.name, name));
      const auto& attribute = definition_.attributes[static_cast<std::size_t>(index)];
      const bool masked_secret = is_secret(attribute.field.type) && member.value().is_string() && as_view(member.value().get_string()) == masked;
      const bool hidden = masked_secret || (attribute.personal && find_member(member.value(), "$personal") != nullptr);
      if (hidden) {
        found_.unknown.insert(name);
        found_.attributes.erase(name);
      } else {
        found_.unknown.erase(name);
        found_.attributes[name] = member.value();
      }
    }
    return {};
  }

  /// The person is forgotten: what these attributes were is nobody's business, and they are empty now.
  Result<void> erased(const Json& entry) {
    const auto* names = find_member(entry, "attributes");
    if (names == nullptr || !names->is_array()) return contradicts("its attributes are no list");
    for (const auto& item : names->get_array()) {
      const std::string name{item.is_string() ? as_view(item.get_string()) : std::string_view{}};
      if (definition_.find_attribute(name) < 0) return contradicts(fmt::format("workflow {} has no attribute '{}'", definition_.name, name));
      found_.unknown.erase(name);
      found_.attributes[name] = nullptr;
    }
    return {};
  }

  Result<void> state(const std::string& to) {
    const int index = definition_.find_state(to);
    if (index < 0) return contradicts(fmt::format("workflow {} has no state '{}'", definition_.name, to));
    if (found_.state >= 0) forget_timers(fmt::format("after:{}:", state_name()));
    found_.state = index;
    if (definition_.states[static_cast<std::size_t>(index)].final) found_.timers.clear();
    return {};
  }

  Result<void> timer_set(const Json& entry) {
    auto due = parse_time(text_of(entry, "due"));
    if (!due) return wrap(std::move(due).error(), fmt::format("due time of timer {}", text_of(entry, "timer")));
    found_.timers[text_of(entry, "timer")] = *due;
    return {};
  }

  Result<void> timer_gone(const std::string& name) {
    found_.timers.erase(name);
    return {};
  }

  /// Timers of a state end with it, and those of a `wait` with its run.
  void forget_timers(std::string_view prefix) {
    std::erase_if(found_.timers, [&](const auto& timer) { return timer.first.starts_with(prefix); });
  }

  Result<void> run_started(const Json& entry) {
    if (found_.run) return contradicts(fmt::format("run {} begins while {} has not ended", text_of(entry, "run"), found_.run->id.str()));
    found_.run = ReplayedRun{.id = RunId{text_of(entry, "run")}, .work = text_of(entry, "work", text_of(entry, "state")), .event = text_of(entry, "event"), .incident = {}};
    ++found_.runs;
    return {};
  }

  Result<void> undo_started(const Json& entry) {
    STELLWERK_CHECK(same_run(entry));
    found_.run->phase = Phase::undoing;
    return {};
  }

  /// The undo of a redo is over when a step begins again.
  Result<void> step_started(const Json& entry) {
    STELLWERK_CHECK(same_run(entry));
    if (!bool_of(entry, "undo")) found_.run->phase = Phase::running;
    return {};
  }

  Result<void> run_ended(const Json& entry) {
    STELLWERK_CHECK(same_run(entry));
    found_.run.reset();
    forget_timers("wait:");
    return {};
  }

  Result<void> incident_opened(const Json& entry) {
    const auto id = text_of(entry, "incident");
    if (!found_.incidents.emplace(id, text_of(entry, "kind")).second) return contradicts(fmt::format("incident {} is open already", id));
    if (text_of(entry, "kind") != "held_run") return {};
    if (!found_.run) return contradicts(fmt::format("incident {} holds a run, but there is none", id));
    before_hold_ = found_.run->phase;
    found_.run->phase = Phase::held;
    found_.run->incident = IncidentId{id};
    return {};
  }

  Result<void> incident_closed(const Json& entry) {
    const auto id = text_of(entry, "incident");
    if (found_.incidents.erase(id) == 0) return contradicts(fmt::format("incident {} is closed, but was not open", id));
    if (found_.run && found_.run->incident.str() == id) {
      found_.run->phase = before_hold_;
      found_.run->incident = {};
    }
    return {};
  }

  [[nodiscard]] Result<void> same_run(const Json& entry) const {
    const auto id = text_of(entry, "run");
    if (found_.run && found_.run->id.str() == id) return {};
    return contradicts(fmt::format("it speaks of run {}, but {} is in hand", id, found_.run ? found_.run->id.str() : "none"));
  }

  [[nodiscard]] const std::string& state_name() const { return definition_.states[static_cast<std::size_t>(found_.state)].name; }

  const Definition& definition_;
  Replayed found_;
  Phase before_hold_ = Phase::running;
};

}  // namespace

Result<Replayed> replay(const Definition& definition, std::span<const Json> journal) {
  Replay replay{definition};
  for (std::size_t i = 0; i < journal.size(); ++i) {
    if (auto read = replay.read(journal[i]); !read) return wrap(std::move(read).error(), fmt::format("journal entry {} ({})", i + 1, text_of(journal[i], "type")));
  }
  return std::move(replay).found();
}

}  // namespace stellwerk::workflows
