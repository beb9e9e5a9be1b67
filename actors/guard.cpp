#include "actors/guard.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/json.hpp"
#include "core/planted.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

constexpr const char* restored_value = "guard_since_restore";
constexpr const char* alive_value = "guard_alive";
constexpr const char* caution_value = "guard_caution";
constexpr int most_questions = 10'000;
constexpr std::size_t most_caution_bytes = 1024;

std::string encode(const std::string& why, Time since) { return dump_json(JsonObject{{"why", why}, {"since", format_time(since)}}); }

}  // namespace

Guard::Key Guard::key_of(const storage::TimerRow& timer) { return {timer.actor, timer.name + "/" + std::to_string(to_micros(timer.due))}; }

Result<void> Guard::load(storage::Store& store, const Clock& clock) {
  const auto now = clock.now();
  STELLWERK_TRY(const auto restored, store.get_value(restored_value));
  STELLWERK_TRY(const auto alive, store.get_value(alive_value));
  STELLWERK_TRY(const auto known, store.get_value(caution_value));
  std::optional<Caution> caution;
  if (known && !known->empty()) {
    STELLWERK_TRY(const auto json, parse_json(*known, most_caution_bytes));
    STELLWERK_TRY(const auto since, parse_time(text_of(json, "since")));
    caution = Caution{text_of(json, "why"), since};
  }
  const auto slept = alive ? now - from_micros(std::strtoll(alive->c_str(), nullptr, 10)) : Duration{0};
  if (restored && !restored->empty()) caution = Caution{"restore", now};
  else if (slept > bounds_.downtime) caution = Caution{"downtime", now};
  if (caution && caution->since == now) {
    monitoring::log_warning("the mass-action guard asks a person before the first destructive timers of each kind",
                            {{"why", caution->why}, {"silent_for", format_duration(std::chrono::floor<std::chrono::seconds>(slept))}});
    // Written in this order, a crash in between only repeats it.
    STELLWERK_CHECK(store.put_value(caution_value, encode(caution->why, now)));
    STELLWERK_CHECK(store.put_value(restored_value, ""));
  }
  STELLWERK_CHECK(store.put_value(alive_value, std::to_string(to_micros(now))));

  const auto since = needed_since(now);
  STELLWERK_TRY(const auto questions, store.guard_questions(TenantId{}, caution ? std::min(caution->since, since) : since, most_questions));
  STELLWERK_TRY(const auto entries, store.guard_entries(since));
  const std::lock_guard lock{mutex_};
  lines_.clear();
  caution_ = std::move(caution);
  caution_is_new_ = false;
  last_beat_ = clock.monotonic();
  for (auto question = questions.rbegin(); question != questions.rend(); ++question) put_locked(*question);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    auto& state = lines_[{entry.tenant, entry.kind}];
    count(state, {entry.actor, "#" + std::to_string(i)}, entry);  // its timer is gone: nobody asks for it again
  }
  return {};
}

Result<void> Guard::read_questions(storage::Store& store, Time now) {
  STELLWERK_TRY(const auto questions, store.guard_questions(TenantId{}, needed_since(now), most_questions));
  const std::lock_guard lock{mutex_};
  for (auto& [line, state] : lines_) state.question.reset();
  for (auto question = questions.rbegin(); question != questions.rend(); ++question) put_locked(*question);
  return {};
}

void Guard::notice_pause(Time now, Duration monotonic) {
  if (last_beat_ && monotonic - *last_beat_ > bounds_.downtime) {
    caution_ = Caution{"downtime", now};
    caution_is_new_ = true;
    monitoring::log_warning("this process stood still: the mass-action guard asks a person before the first destructive timers of each kind",
                            {{"silent_for", format_duration(std::chrono::floor<std::chrono::seconds>(monotonic - *last_beat_))}});
  }
  last_beat_ = monotonic;
}

void Guard::forget_old(State& state, Time now) const {
  while (!state.order.empty() && state.order.front().at <= now - bounds_.window) {
    // What was given back is in the order still.
    if (const auto found = state.passed.find(state.order.front().key); found != state.passed.end() && found->second.at == state.order.front().at) {
      if (found->second.released.empty()) --state.counted;
      state.passed.erase(found);
    }
    state.order.pop_front();
  }
}

std::int64_t Guard::bound_of(const State& state, Time now) const {
  const bool known = state.live && now - state.live->second < bounds_.window;
  return std::max<std::int64_t>(bounds_.floor, known ? state.live->first * bounds_.percent / 100 : 0);
}

bool Guard::is_released(const State& state, Time now) const {
  return state.release && now < state.release->until && (state.release->number < 0 || state.released < state.release->number);
}

std::string Guard::reason(const State& state, Time now) const {
  if (caution_ && state.last_asked < caution_->since) return caution_->why;
  return state.counted >= bound_of(state, now) ? "mass" : "";
}

void Guard::count(State& state, const Key& key, const storage::GuardEntry& entry) {
  state.passed.emplace(key, entry);
  state.order.push_back({entry.at, key});
  if (entry.released.empty()) ++state.counted;
  else if (state.release && state.release->id == entry.released) ++state.released;
}

std::optional<storage::GuardEntry> Guard::admit(const GuardWish& wish, Time now, Duration monotonic) {
  const std::lock_guard lock{mutex_};
  notice_pause(now, monotonic);
  auto& state = lines_[{wish.tenant, wish.kind}];
  forget_old(state, now);
  const auto key = key_of(wish.timer);
  if (const auto known = state.passed.find(key); known != state.passed.end()) return known->second;
  storage::GuardEntry entry{wish.tenant, wish.kind, wish.timer.actor, now, {}};
  if (is_released(state, now)) entry.released = state.release->id;
  else if ((state.question || !reason(state, now).empty()) && !planted(Planted::guard_not_asked)) return std::nullopt;
  count(state, key, entry);
  return entry;
}

void Guard::give_back(const GuardWish& wish) {
  const std::lock_guard lock{mutex_};
  auto& state = lines_[{wish.tenant, wish.kind}];
  const auto found = state.passed.find(key_of(wish.timer));
  if (found == state.passed.end()) return;
  if (found->second.released.empty()) --state.counted;
  else if (state.release && state.release->id == found->second.released) --state.released;
  state.passed.erase(found);
}

void Guard::tell_live(const Line& line, std::int64_t live, Time now) {
  const std::lock_guard lock{mutex_};
  lines_[line].live = std::pair{live, now};
}

bool Guard::knows_live(const Line& line, Time now) const {
  const std::lock_guard lock{mutex_};
  const auto found = lines_.find(line);
  return found != lines_.end() && found->second.live && now - found->second.live->second < bounds_.window;
}

std::optional<storage::GuardQuestion> Guard::question_for(const Line& line, Time now) {
  const std::lock_guard lock{mutex_};
  auto& state = lines_[line];
  forget_old(state, now);
  if (is_released(state, now)) return std::nullopt;
  if (state.question) return state.question;
  auto why = reason(state, now);
  if (why.empty()) return std::nullopt;
  return storage::GuardQuestion{.id = make_id<IncidentId>("inc"), .tenant = line.first, .kind = line.second, .why = std::move(why), .passed = state.counted,
                                .bound = bound_of(state, now), .live = state.live ? state.live->first : 0, .examples = {}, .answers = {}, .asked_at = now};
}

void Guard::put(const storage::GuardQuestion& question) {
  const std::lock_guard lock{mutex_};
  put_locked(question);
}

void Guard::put_locked(const storage::GuardQuestion& question) {
  auto& state = lines_[{question.tenant, question.kind}];
  state.last_asked = std::max(state.last_asked, question.asked_at);
  if (question.state != "released") {
    state.question = question;
    return;
  }
  if (state.question && state.question->id == question.id) state.question.reset();
  if (state.release && state.release->until > question.until) return;  // a later one holds good
  if (!state.release || state.release->id != question.id) state.released = 0;
  state.release = question;
}

std::vector<storage::GuardQuestion> Guard::to_be_asked_again(Time now) const {
  const std::lock_guard lock{mutex_};
  std::vector<storage::GuardQuestion> due;
  for (const auto& [line, state] : lines_)
    if (state.question && state.question->state == "kept" && state.question->until <= now) due.push_back(*state.question);
  return due;
}

void Guard::beat(Time now, Duration monotonic) {
  const std::lock_guard lock{mutex_};
  notice_pause(now, monotonic);
}

std::optional<std::string> Guard::caution_to_write() {
  const std::lock_guard lock{mutex_};
  if (!std::exchange(caution_is_new_, false)) return std::nullopt;
  return encode(caution_->why, caution_->since);
}

}  // namespace stellwerk::actors
