// The cursor as JSON: what the actor row keeps beside state and attributes.

#include <fmt/format.h>

#include <array>

#include "workflows/advance/cursor_parts.hpp"

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

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::internal, fmt::format("an actor's cursor has a {} that this version cannot read", what));
}

/// [step], [step, inner] or [step, inner, item].
Json encode_at(const StepAt& at) {
  JsonArray json{at.step};
  if (at.inner >= 0 || at.item >= 0) json.push_back(at.inner);
  if (at.item >= 0) json.push_back(at.item);
  return json;
}

Result<StepAt> decode_at(const Json& j) {
  const auto* found = find_member(j, "at");
  if (found == nullptr || !found->is_array() || found->get_array().empty() || found->get_array().size() > 3) return malformed("place");
  std::array<int, 3> numbers{0, -1, -1};
  std::size_t i = 0;
  for (const auto& number : found->get_array()) {
    if (!number.is_int64()) return malformed("place");
    numbers[i++] = static_cast<int>(number.get_int64());
  }
  return StepAt{numbers[0], numbers[1], numbers[2]};
}

template <class T>
JsonArray encode_all(const std::vector<T>& list, JsonObject (*encode)(const T&)) {
  JsonArray json;
  json.reserve(list.size());
  for (const auto& entry : list) json.push_back(encode(entry));
  return json;
}

template <class T>
Result<std::vector<T>> decode_all(const Json& j, std::string_view name, Result<T> (*decode)(const Json&)) {
  std::vector<T> list;
  const auto* found = find_member(j, name);
  if (found == nullptr) return list;
  if (!found->is_array()) return malformed(name);
  for (const auto& entry : found->get_array()) {
    STELLWERK_TRY(auto read, decode(entry));
    list.push_back(std::move(read));
  }
  return list;
}

JsonArray array_member(const Json& j, std::string_view name) {
  const auto* found = find_member(j, name);
  return found == nullptr || !found->is_array() ? JsonArray{} : found->get_array();
}

JsonObject encode_attempt(const Attempt& a) {
  JsonObject json{{"id", a.id.str()}, {"at", encode_at(a.at)}, {"lane", a.lane}, {"key", a.key}, {"executor", a.executor}, {"operation", a.operation}, {"sub", a.sub}, {"mode", a.mode},
          {"number", a.number}, {"tries", a.tries}, {"server", a.server}, {"handle", a.handle}, {"started", time_json(a.started)},
          {"due", time_json(a.due)}, {"deadline", time_json(a.deadline)}, {"sent", time_json(a.sent)}, {"waited", a.waited.count()}};
  if (a.stood != Duration{}) json["stood"] = a.stood.count();
  if (a.reckoned != Time{}) json["reckoned"] = time_json(a.reckoned);
  return json;
}

Result<Attempt> decode_attempt(const Json& j) {
  Attempt a;
  a.id = AttemptId{text_of(j, "id")};
  STELLWERK_TRY(a.at, decode_at(j));
  a.lane = static_cast<int>(int_of(j, "lane"));
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
  a.stood = Duration{int_of(j, "stood")};
  a.reckoned = time_in(j, "reckoned");
  return a;
}

JsonObject encode_begun(const BegunStep& b) {
  JsonArray before;
  for (const auto& [attribute, value] : b.before) before.push_back(JsonArray{attribute, value});
  JsonObject json{{"at", encode_at(b.at)}, {"sub", b.sub}, {"n", b.n}, {"input", b.input}, {"server", b.server}, {"result", b.result}, {"done", b.done},
                  {"touched", b.touched}, {"before", std::move(before)}, {"sent", time_json(b.sent)}};
  if (!b.undo_input.is_null()) json["undo_input"] = b.undo_input;
  if (b.undo_unclear) json["undo_unclear"] = true;
  return json;
}

Result<BegunStep> decode_begun(const Json& j) {
  BegunStep b;
  STELLWERK_TRY(b.at, decode_at(j));
  b.undo_input = member(j, "undo_input");
  b.sub = static_cast<int>(int_of(j, "sub", -1));
  b.n = static_cast<int>(int_of(j, "n", 1));
  b.input = member(j, "input");
  b.server = text_of(j, "server");
  b.result = member(j, "result");
  b.done = bool_of(j, "done");
  b.touched = bool_of(j, "touched");
  b.sent = time_in(j, "sent");
  b.undo_unclear = bool_of(j, "undo_unclear");
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

JsonObject encode_failure(const Failure& f) {
  const auto& o = f.outcome;
  JsonObject outcome{{"is", to_string(o.is)}, {"code", o.code}, {"text", o.text}, {"handle", o.handle}, {"output", o.output}, {"hold", o.hold}, {"sent", o.sent}};
  if (o.after) outcome["after"] = o.after->count();
  return {{"at", encode_at(f.at)}, {"outcome", std::move(outcome)}, {"time_used_up", f.time_used_up}, {"for_a_person", f.for_a_person}};
}

Result<Failure> decode_failure(const Json& j) {
  Failure f;
  STELLWERK_TRY(f.at, decode_at(j));
  const auto o = object_member(j, "outcome");
  const auto is = parse_outcome(text_of(o, "is"));
  if (!is) return malformed("outcome");
  f.outcome = {.is = *is, .code = text_of(o, "code"), .text = text_of(o, "text"), .handle = text_of(o, "handle"), .output = member(o, "output"), .after = {},
               .hold = text_of(o, "hold"), .sent = bool_of(o, "sent", true)};
  if (find_member(o, "after") != nullptr) f.outcome.after = Duration{int_of(o, "after")};
  f.time_used_up = bool_of(j, "time_used_up");
  f.for_a_person = bool_of(j, "for_a_person");
  return f;
}

JsonObject encode_place(const StepAt& at) { return {{"at", encode_at(at)}}; }

JsonObject encode_run(const Run& r) {
  JsonObject redos;
  for (const auto& [step, times] : r.redos) redos[step] = times;
  JsonObject json{{"id", r.id.str()}, {"work", r.work}, {"event", r.event}, {"payload", r.payload}, {"by", {{"id", r.by.id}, {"role", r.by.role}}}, {"trace", r.trace},
                  {"started", time_json(r.started)}, {"phase", phase_name(r.phase)}, {"held_phase", phase_name(r.held_phase)}, {"at", encode_at(r.at)},
                  {"begun", encode_all(r.begun, encode_begun)}, {"redos", std::move(redos)}, {"results", r.results}, {"error", r.error}, {"incident", r.incident.str()}};
  if (!r.attempts.empty()) json["attempts"] = encode_all(r.attempts, encode_attempt);
  if (!r.failures.empty()) json["failures"] = encode_all(r.failures, encode_failure);
  if (!r.finished.empty()) json["finished"] = encode_all(r.finished, encode_place);
  if (r.waiting) {
    JsonObject waiting{{"at", encode_at(r.waiting->at)}, {"since", time_json(r.waiting->since)}};
    if (r.waiting->stood != Duration{}) waiting["stood"] = r.waiting->stood.count();
    json["waiting"] = std::move(waiting);
  }
  if (!r.settings.empty()) json["settings"] = r.settings;
  if (!r.items.empty()) json["items"] = r.items;
  if (!r.former_items.empty()) {
    JsonArray former;
    for (const auto& [step, items] : r.former_items) former.push_back(JsonObject{{"step", step}, {"items", items}});
    json["former_items"] = std::move(former);
  }
  if (r.ending) json["ending"] = encode_ending(*r.ending);
  return json;
}

Result<Run> decode_run(const Json& j) {
  Run r;
  r.id = RunId{text_of(j, "id")};
  r.work = static_cast<int>(int_of(j, "work", -1));
  if (r.work < 0) return malformed("run without its work");
  r.event = text_of(j, "event");
  r.payload = object_member(j, "payload");
  const auto by = object_member(j, "by");
  r.by = {text_of(by, "id"), text_of(by, "role", "system")};
  r.trace = text_of(j, "trace");
  r.started = time_in(j, "started");
  STELLWERK_TRY(r.phase, enum_in<Phase>(phases, j, "phase"));
  STELLWERK_TRY(r.held_phase, enum_in<Phase>(phases, j, "held_phase"));
  STELLWERK_TRY(r.at, decode_at(j));
  STELLWERK_TRY(r.begun, decode_all(j, "begun", decode_begun));
  STELLWERK_TRY(r.attempts, decode_all(j, "attempts", decode_attempt));
  STELLWERK_TRY(r.failures, decode_all(j, "failures", decode_failure));
  STELLWERK_TRY(r.finished, decode_all(j, "finished", +[](const Json& place) { return decode_at(place); }));
  if (const auto* waiting = find_member(j, "waiting")) {
    STELLWERK_TRY(const auto at, decode_at(*waiting));
    r.waiting = Waiting{at, time_in(*waiting, "since"), Duration{int_of(*waiting, "stood")}};
  }
  r.settings = object_member(j, "settings").as_object();
  r.items = array_member(j, "items");
  for (const auto& former : array_member(j, "former_items")) r.former_items[static_cast<int>(int_of(former, "step"))] = array_member(former, "items");
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
  JsonObject json{{"entered", time_json(c.entered)}, {"last", time_json(c.last)}};
  if (!c.timers.empty()) {
    JsonObject timers;
    for (const auto& [name, due] : c.timers) timers[name] = time_json(due);
    json["timers"] = std::move(timers);
  }
  encode_times(c, json);
  if (c.moves != 0) json["moves"] = c.moves;
  if (c.depth != 0) json["depth"] = c.depth;
  if (!c.shown.empty()) json["shown"] = JsonArray(c.shown.begin(), c.shown.end());
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
  c.depth = static_cast<int>(int_of(json, "depth"));
  const auto timers = object_member(json, "timers");
  for (const auto& [name, due] : timers.as_object()) {
    if (!due.is_int64()) return malformed("timer");
    c.timers[std::string{name}] = from_micros(due.get_int64());
  }
  for (const auto& name : array_member(json, "shown"))
    if (name.is_string()) c.shown.insert(std::string{as_view(name.get_string())});
  STELLWERK_CHECK(decode_times(json, c));
  if (const auto* run = find_member(json, "run")) {
    STELLWERK_TRY(c.run, decode_run(*run));
  }
  if (const auto* failed = find_member(json, "failed"); failed != nullptr && failed->is_array())
    for (const auto& f : failed->get_array())
      c.failed.push_back({IncidentId{text_of(f, "incident")}, text_of(f, "type"), text_of(f, "name"), member(f, "payload")});
  return c;
}

}  // namespace stellwerk::workflows
