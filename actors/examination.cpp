#include "actors/examination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace stellwerk::actors {
namespace {

struct Words {
  const char* what;
  const char* sentence;  ///< {} is the subject
  const char* advice;
};

constexpr Words words[] = {
    {"no_wake_up", "nothing will ever wake it: no timer, attempt, message or incident{}",
     "read the end of its journal; a command that its state allows moves it on, and so does editing an attribute (its timers are reckoned again). Report it: this is a defect"},
    {"timer", "timer '{}' is due and has not fired",
     "see /readyz (does the node fire at all?), stellwerk_timer_lateness_seconds (is it overloaded?) and the log for this actor; it is offered again every 10 s"},
    {"attempt_abandoned", "the attempt at step '{}' belongs to a process that has ended",
     "the node that holds the database takes such attempts over when it starts: restart it, and report it"},
    {"attempt_past_deadline", "the attempt at step '{}' is past its deadline and nobody looks at it",
     "see the log for its server and /readyz; a restart of the node looks at every attempt. Report it"},
    {"message", "message '{}' is not taken from its mailbox", "see the log for this actor; messages are offered again every 5 s, and set aside by an incident when they fail three times"},
    {"deferred", "deferred event '{}' waits although its state would take it", "see the log for this actor; any command that its state allows makes it look into its mailbox"},
    {"no_receiver", "message '{}' is for an actor that does not exist", "a serving node gives it back to its sender within seconds; when none serves, start one"},
};

const Words& words_of(const std::string& what) {
  const auto* found = std::find_if(std::begin(words), std::end(words), [&](const Words& w) { return what == w.what; });
  STELLWERK_ASSERT(found != std::end(words), "a finding without words");
  return *found;
}

}  // namespace

std::string describe_finding(const Finding& finding) { return fmt::format(fmt::runtime(words_of(finding.what).sentence), finding.subject); }
std::string advice_for(const Finding& finding) { return words_of(finding.what).advice; }

Examination::Examination(std::shared_ptr<const Definitions> definitions, int rows, Patience patience)
    : definitions_{std::move(definitions)}, resting_{definitions_->resting()}, rows_{rows}, patience_{patience} {}

bool Examination::is_taken(const Finding& finding) const {
  const auto definition = definitions_->find(finding.workflow, finding.revision);
  if (!definition) return false;  // it is being quarantined
  const int state = definition->find_state(finding.state);
  return state >= 0 && definition->candidates(state, finding.subject) != nullptr;
}

void Examination::note(const Finding& finding, Reel* reel) {
  if (finding.what == "deferred" && !is_taken(finding)) return;
  auto& known = known_[{finding.actor.str(), finding.what, finding.subject}];
  if (known.turn == 0) fresh_.push_back(finding);
  known = {finding, reel, reel == nullptr ? round_ : reel->turn};
}

void Examination::turn_page(Reel& reel, const storage::StuckPage& page) {
  for (const auto& finding : page.found) note(finding, &reel);
  reel.after = page.until;
  if (!reel.after.empty()) return;
  std::erase_if(known_, [&](const auto& entry) { return entry.second.reel == &reel && entry.second.turn != reel.turn; });
  ++reel.ended;
  ++reel.turn;
}

Result<void> Examination::round(storage::Directory& records, Time now, Time idle_since, std::span<const ActorId> changed) {
  // Known ones are looked at again each time: whoever has found a wake-up is well.
  std::set<std::string> again;
  for (const auto& [key, known] : known_)
    if (known.reel == &actors_) again.insert(known.finding.actor.str());
  std::vector<ActorId> asked(changed.begin(), changed.end());
  for (const auto& actor : again) asked.emplace_back(actor);
  const auto rest = std::max(rows_ / 5, rows_ - static_cast<int>(changed.size()));  // changed ones go before sleeping ones

  STELLWERK_TRY(const auto among, records.stuck_among(asked, resting_));
  STELLWERK_TRY(const auto actors, records.stuck_page(actors_.after, rest, resting_));
  const auto is_due = [&](Duration patience) { return now - idle_since > patience; };
  std::vector<Finding> timers;
  if (is_due(patience_.timer)) {
    STELLWERK_TRY(timers, records.overdue_timers(now - patience_.timer));
  }
  // Before a moment as long ago as the epoch nothing was due: the pages turn all the same.
  STELLWERK_TRY(const auto attempts, records.overdue_attempts(attempts_.after, rows_, is_due(patience_.attempt) ? now - patience_.attempt : Time{}));
  STELLWERK_TRY(const auto messages, records.overdue_messages(mailbox_.after, rows_, is_due(patience_.message) ? now - patience_.message : Time{}));

  ++round_;
  fresh_.clear();
  std::erase_if(known_, [&](const auto& entry) {
    const auto& finding = entry.second.finding;
    return entry.second.reel == &actors_ && std::none_of(among.begin(), among.end(), [&](const Finding& f) { return f.actor == finding.actor; });
  });
  for (const auto& finding : among) note(finding, &actors_);
  for (const auto& finding : timers) note(finding, nullptr);
  std::erase_if(known_, [&](const auto& entry) { return entry.second.reel == nullptr && entry.second.turn != round_; });
  turn_page(actors_, actors);
  turn_page(attempts_, attempts);
  turn_page(mailbox_, messages);
  return {};
}

std::vector<Finding> Examination::findings() const {
  std::vector<Finding> all;
  for (const auto& [key, known] : known_) all.push_back(known.finding);
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) { return a.since < b.since; });
  return all;
}

}  // namespace stellwerk::actors
