// What the cursor remembers of time, as JSON. Moments are microseconds since 1970-01-01 UTC.

#include <fmt/format.h>

#include "workflows/advance/cursor_parts.hpp"

namespace stellwerk::workflows {
namespace {

Time time_in(const Json& json, std::string_view name) { return from_micros(int_of(json, name)); }

JsonObject encode_schedule(const ScheduleState& s) {
  JsonObject json;
  if (!s.used.empty()) json["used"] = s.used;
  if (!s.ran.is_null()) json["ran"] = s.ran;
  if (!s.per.is_null()) json["per"] = s.per;
  if (s.waits) json["waits"] = true;
  if (s.due != Time{}) json["due"] = to_micros(s.due);
  if (s.n != 0) json["n"] = s.n;
  if (!s.every.is_null()) json["every"] = s.every;
  if (s.counted != Duration{}) json["counted"] = s.counted.count();
  if (s.counting_since != Time{}) json["since"] = to_micros(s.counting_since);
  if (s.ended) json["ended"] = true;
  return json;
}

ScheduleState decode_schedule(const Json& json) {
  ScheduleState s;
  if (const auto* used = find_member(json, "used"); used != nullptr && used->is_array()) s.used = used->get_array();
  if (const auto* ran = find_member(json, "ran")) s.ran = *ran;
  if (const auto* per = find_member(json, "per")) s.per = *per;
  s.waits = bool_of(json, "waits");
  s.due = time_in(json, "due");
  s.n = static_cast<int>(int_of(json, "n"));
  if (const auto* every = find_member(json, "every")) s.every = *every;
  s.counted = Duration{int_of(json, "counted")};
  s.counting_since = time_in(json, "since");
  s.ended = bool_of(json, "ended");
  return s;
}

tl::unexpected<Error> unreadable(std::string_view part) { return fail(ErrorCode::internal, fmt::format("an actor's cursor has '{}' of another form than this version knows", part)); }

}  // namespace

void encode_times(const Cursor& cursor, JsonObject& json) {
  if (cursor.born != Time{}) json["born"] = to_micros(cursor.born);
  if (!cursor.late.empty()) {
    JsonObject late;
    for (const auto& [name, due] : cursor.late) late[name] = to_micros(due);
    json["late"] = std::move(late);
  }
  if (!cursor.fired.empty()) json["fired"] = JsonArray(cursor.fired.begin(), cursor.fired.end());
  JsonObject schedules;
  for (const auto& [name, schedule] : cursor.schedules)
    if (auto encoded = encode_schedule(schedule); !encoded.empty()) schedules[name] = std::move(encoded);
  if (!schedules.empty()) json["schedules"] = std::move(schedules);
}

Result<void> decode_times(const Json& json, Cursor& cursor) {
  cursor.born = time_in(json, "born");
  if (const auto* late = find_member(json, "late")) {
    if (!late->is_object()) return unreadable("late");
    for (const auto& [name, due] : late->get_object()) {
      if (!due.is_int64()) return unreadable("late");
      cursor.late[std::string{name}] = from_micros(due.get_int64());
    }
  }
  if (const auto* fired = find_member(json, "fired")) {
    if (!fired->is_array()) return unreadable("fired");
    for (const auto& name : fired->get_array()) {
      if (!name.is_string()) return unreadable("fired");
      cursor.fired.emplace_back(as_view(name.get_string()));
    }
  }
  if (const auto* schedules = find_member(json, "schedules")) {
    if (!schedules->is_object()) return unreadable("schedules");
    for (const auto& [name, schedule] : schedules->get_object()) {
      if (!schedule.is_object()) return unreadable("schedules");
      cursor.schedules[std::string{name}] = decode_schedule(schedule);
    }
  }
  return {};
}

}  // namespace stellwerk::workflows
