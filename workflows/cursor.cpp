// The cursor as JSON: what the actor row keeps beside state and attributes.

#include "workflows/snapshot.hpp"

#include <fmt/format.h>

#include <array>

namespace stellwerk::workflows {
namespace {

constexpr std::array<std::string_view, 4> phases{"forward", "settling", "undoing", "held"};
constexpr std::array<std::string_view, 3> endings{"failed", "interrupted", "redo"};

/// Errors: internal, for a word that this version does not know: guessing would lead the run astray.
template <class Enum, class Array>
Result<Enum> enum_in(const Array& names, const Json& json, std::string_view member) {
  const auto word = text_of(json, member);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == word) return static_cast<Enum>(i);
  return fail(ErrorCode::internal, fmt::format("an actor's cursor has {} '{}', which this version does not know", member, word));
}

std::string_view phase_name(Phase phase) { return phases[static_cast<std::size_t>(phase)]; }

Json time_json(Time time) { return to_micros(time); }
Time time_in(const Json& json, std::string_view name) { return from_micros(int_of(json, name)); }
Json member(const Json& json, std::string_view name) {
  const auto* found = find_member(json, name);
  return found == nullptr ? Json{} : *found;
}
Json object_member(const Json& json, std::string_view name) {
  const auto* found = find_member(json, name);
  return found == nullptr || !found->is_object() ? Json(JsonObject{}) : *found;
}

JsonObject encode_attempt(const Attempt& a) {
  return {{"id", a.id.str()}, {"key", a.key}, {"executor", a.executor}, {"operation", a.operation}, {"sub", a.sub}, {"mode", a.mode},
          {"number", a.number}, {"tries", a.tries}, {"server", a.server}, {"handle", a.handle}, {"started", time_json(a.started)},
          {"due", time_json(a.due)}, {"deadline", time_json(a.deadline)}, {"sent", time_json(a.sent)}, {"waited", a.waited.count()}};
}

Attempt decode_attempt(const Json& j) {
  Attempt a;
  a.id = AttemptId{text_of(j, "id")};
  a.key = text_of(j, "key");
  a.executor = text_of(j, "executor");
  a.operation = text_of(j, "operation");
  a.sub = static_cast<int>(int_of(j, "sub", -1));
  a.mode = text_of(j, "mode");
  a.number = static_cast<int>(int_of(j, "number", 1));
  a.tries = static_cast<int>(int_of(j, "tries"));
  a.server = text_of(j, "server");
  a.handle = text_of(j, "handle");
  a.started = time_in(j, "started");
  a.due = time_in(j, "due");
  a.deadline = time_in(j, "deadline");
  a.sent = time_in(j, "sent");
  a.waited = Duration{int_of(j, "waited")};
  return a;
}

JsonObject encode_begun(const BegunStep& b) {
  JsonArray before;
  for (const auto& [attribute, value] : b.before) before.push_back(JsonArray{attribute, value});
  return {{"step", b.step}, {"sub", b.sub}, {"n", b.n}, {"input", b.input}, {"server", b.server}, {"result", b.result}, {"done", b.done}, {"touched", b.touched},
          {"before", std::move(before)}, {"sent", time_json(b.sent)}};
}

BegunStep decode_begun(const Json& j) {
  BegunStep b;
  b.step = static_cast<int>(int_of(j, "step"));
  b.sub = static_cast<int>(int_of(j, "sub", -1));
  b.n = static_cast<int>(int_of(j, "n", 1));
  b.input = member(j, "input");
  b.server = text_of(j, "server");
  b.result = member(j, "result");
  b.done = bool_of(j, "done");
  b.touched = bool_of(j, "touched");
  b.sent = time_in(j, "sent");
  if (const auto* before = find_member(j, "before"); before != nullptr && before->is_array())
    for (const auto& pair : before->get_array())
      if (pair.is_array() && pair.get_array().size() == 2 && pair.get_array()[0].is_int64())
        b.before.emplace_back(static_cast<int>(pair.get_array()[0].get_int64()), pair.get_array()[1]);
  return b;
}

JsonObject encode_ending(const Ending& e) {
  return {{"what", endings[static_cast<std::size_t>(e.what)]}, {"event", e.event}, {"transition", e.transition}, {"payload", e.payload}, {"redo", e.redo},
          {"undo", e.undo}};
}

Result<Ending> decode_ending(const Json& j) {
  STELLWERK_TRY(const auto what, enum_in<Ending::What>(endings, j, "what"));
  return Ending{what, text_of(j, "event"), static_cast<int>(int_of(j, "transition")),
                object_member(j, "payload"), static_cast<int>(int_of(j, "redo", -1)), bool_of(j, "undo", true)};
}

JsonObject encode_run(const Run& r) {
  JsonObject redos;
  for (const auto& [step, times] : r.redos) redos[step] = times;
  JsonArray begun;
  for (const auto& step : r.begun) begun.push_back(encode_begun(step));
  JsonObject json{{"id", r.id.str()}, {"event", r.event}, {"payload", r.payload}, {"by", {{"id", r.by.id}, {"role", r.by.role}}}, {"trace", r.trace},
                  {"started", time_json(r.started)}, {"phase", phase_name(r.phase)}, {"held_phase", phase_name(r.held_phase)}, {"step", r.step},
                  {"begun", std::move(begun)}, {"redos", std::move(redos)}, {"results", r.results}, {"error", r.error}, {"incident", r.incident.str()}};
  if (r.attempt) json["attempt"] = encode_attempt(*r.attempt);
  if (r.ending) json["ending"] = encode_ending(*r.ending);
  return json;
}

Result<Run> decode_run(const Json& j) {
  Run r;
  r.id = RunId{text_of(j, "id")};
  r.event = text_of(j, "event");
  r.payload = object_member(j, "payload");
  const auto by = object_member(j, "by");
  r.by = {text_of(by, "id"), text_of(by, "role", "system")};
  r.trace = text_of(j, "trace");
  r.started = time_in(j, "started");
  STELLWERK_TRY(r.phase, enum_in<Phase>(phases, j, "phase"));
  STELLWERK_TRY(r.held_phase, enum_in<Phase>(phases, j, "held_phase"));
  r.step = static_cast<int>(int_of(j, "step"));
  if (const auto* begun = find_member(j, "begun"); begun != nullptr && begun->is_array())
    for (const auto& step : begun->get_array()) r.begun.push_back(decode_begun(step));
  if (const auto* attempt = find_member(j, "attempt")) r.attempt = decode_attempt(*attempt);
  if (const auto* ending = find_member(j, "ending")) {
    STELLWERK_TRY(r.ending, decode_ending(*ending));
  }
  const auto redos = object_member(j, "redos");
  for (const auto& [step, times] : redos.as_object())
    if (times.is_int64()) r.redos[std::string{step}] = static_cast<int>(times.get_int64());
  r.results = object_member(j, "results");
  r.error = member(j, "error");
  r.incident = IncidentId{text_of(j, "incident")};
  return r;
}

}  // namespace

Json encode_cursor(const Cursor& c) {
  JsonObject timers;
  for (const auto& [name, due] : c.timers) timers[name] = time_json(due);
  JsonObject json{{"entered", time_json(c.entered)}, {"last", time_json(c.last)}};
  if (!timers.empty()) json["timers"] = std::move(timers);
  if (c.moves != 0) json["moves"] = c.moves;
  if (c.run) json["run"] = encode_run(*c.run);
  if (!c.failed.empty()) {
    JsonArray failed;
    for (const auto& f : c.failed) failed.push_back(JsonObject{{"incident", f.incident.str()}, {"type", f.type}, {"name", f.name}, {"payload", f.payload}});
    json["failed"] = std::move(failed);
  }
  return json;
}

Result<Cursor> decode_cursor(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::internal, "an actor's cursor is no JSON object");
  Cursor c;
  c.entered = time_in(json, "entered");
  c.last = time_in(json, "last");
  c.moves = static_cast<int>(int_of(json, "moves"));
  const auto timers = object_member(json, "timers");
  for (const auto& [name, due] : timers.as_object())
    if (due.is_int64()) c.timers[std::string{name}] = from_micros(due.get_int64());
  if (const auto* run = find_member(json, "run")) {
    STELLWERK_TRY(c.run, decode_run(*run));
  }
  if (const auto* failed = find_member(json, "failed"); failed != nullptr && failed->is_array())
    for (const auto& f : failed->get_array())
      c.failed.push_back({IncidentId{text_of(f, "incident")}, text_of(f, "type"), text_of(f, "name"), member(f, "payload")});
  return c;
}

}  // namespace stellwerk::workflows
