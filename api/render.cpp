#include "api/render.hpp"

#include <string_view>

namespace stellwerk::api {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json{} : Json(boost::json::string(text)); }
/// What a person decides by choosing it.
std::string_view meaning_of(std::string_view remedy, std::string_view kind, bool unknown) {
  if (kind == "quarantined") return "the cause is gone: the actor is loaded again, goes on where it stood, and what it tried is looked at first";
  const bool run = kind == "held_run";
  if (remedy == "retry" && run && unknown)
    return "the vendor's side is looked at once more, which may tell nothing; when you have looked yourself and it has not happened, say so with `verified_absent: true`: then it is done";
  if (remedy == "retry") return run ? "the step is tried again; where an effect is possible, it is looked at first" : "the event is decided again";
  if (remedy == "skip") return run ? "the step (or, during undo, its undo) is passed over, and the note says why; nothing is sent" : "the event is dropped; the note says why";
  if (remedy == "edit") return "the step's input is changed as given in `input`, under a new idempotency key, and tried again";
  if (remedy == "done") return "the step was done by hand and you have verified it; `output` is its result";
  if (remedy == "release") return "the timers that the guard holds go on";
  if (remedy == "keep") return "the timers stay held; you are asked again later";
  if (remedy == "fail") return "the run fails; what it began is undone, newest first (see undo_would_cover)";
  return "";
}
Json time_or_null(Time time) { return time == Time{} ? Json{} : Json(boost::json::string(format_time(time))); }

}  // namespace

JsonArray strings(const std::vector<std::string>& list) {
  JsonArray array;
  for (const auto& text : list) array.emplace_back(boost::json::string(text));
  return array;
}

Json render(const actors::ServiceView& s, bool for_staff) {
  JsonObject json{{"id", s.id.str()}, {"status", s.status}, {"hostname", text_or_null(s.hostname)}, {"product", text_or_null(s.product)}, {"order", text_or_null(s.order)},
                  {"version", s.version}, {"created_at", format_time(s.created_at)}, {"updated_at", format_time(s.updated_at)}};
  if (const auto* ip = find_member(s.attributes, "ip")) json["ip"] = *ip;
  const auto* run = find_member(s.cursor, "run");
  const auto busy = run == nullptr ? std::string{} : text_of(*run, "event");
  if (!for_staff) {
    // the names of timers hold names of states
    json["busy"] = text_or_null(busy.find(':') == std::string::npos ? busy : "scheduled");
    return json;
  }
  json["busy"] = text_or_null(busy);
  json["state"] = s.state;
  json["customer"] = s.customer;
  json["workflow"] = s.workflow;
  json["revision"] = s.revision;
  json["server"] = text_or_null(s.server);
  json["attributes"] = s.attributes;
  if (run != nullptr && run->is_object())
    json["run"] = JsonObject{{"id", text_of(*run, "id")}, {"phase", text_of(*run, "phase")}, {"event", text_of(*run, "event")}, {"incident", text_or_null(text_of(*run, "incident"))}};
  else json["run"] = nullptr;
  return json;
}

Json render(const actors::TicketView& t, bool for_staff) {
  JsonObject json{{"id", t.id.str()}, {"number", t.number}, {"subject", t.subject}, {"department", t.department}, {"priority", t.priority}, {"status", t.status},
                  {"service", text_or_null(t.service)}, {"version", t.version}, {"created_at", format_time(t.created_at)}, {"updated_at", format_time(t.updated_at)},
                  {"last_reply_at", time_or_null(t.last_reply_at)}};
  if (for_staff) {
    json["state"] = t.state;
    json["customer"] = t.customer;
  }
  return json;
}

Json render(const actors::TicketMessageView& m, bool for_staff) {
  JsonObject json{{"id", m.id}, {"role", m.role}, {"internal", m.internal}, {"body", m.body}, {"at", format_time(m.at)}};
  if (for_staff) json["author"] = text_or_null(m.author);
  return json;
}

Json render(const actors::JournalView& j) {
  return JsonObject{{"version", j.version}, {"at", format_time(j.at)}, {"trace", text_or_null(j.trace)}, {"decision", j.decision}, {"entries", j.entries}};
}

Json render(const actors::RunRow& r) {
  return JsonObject{{"id", r.id.str()}, {"actor", r.actor.str()}, {"workflow", r.workflow}, {"revision", r.revision}, {"event", text_or_null(r.event)}, {"state", r.state},
                    {"status", r.status}, {"step", text_or_null(r.step)}, {"trace", text_or_null(r.trace)}, {"started_at", format_time(r.started_at)}, {"ended_at", time_or_null(r.ended_at)}};
}

Json render(const storage::AttemptRow& a) {
  return JsonObject{{"id", a.id.str()}, {"step", a.step}, {"key", a.key}, {"executor", a.executor}, {"operation", a.operation}, {"server", text_or_null(a.server)}, {"mode", a.mode},
                    {"number", a.number}, {"due", format_time(a.due)}, {"deadline", format_time(a.deadline)}, {"handle", text_or_null(a.handle)}};
}

Json render(const actors::IncidentRow& i) {
  return JsonObject{{"id", i.id.str()}, {"kind", i.kind}, {"state", i.state}, {"actor", i.actor.str()}, {"actor_kind", i.actor_kind}, {"run", text_or_null(i.run.str())},
                    {"step", text_or_null(i.step)}, {"class", i.error_class}, {"code", text_or_null(i.code)}, {"text", i.text}, {"detail", i.detail}, {"remedies", strings(i.remedies)},
                    {"opened_at", format_time(i.opened_at)}, {"closed_at", time_or_null(i.closed_at)}, {"closed_by", text_or_null(i.closed_by)},
                    {"closed_how", text_or_null(i.closed_how)}, {"note", text_or_null(i.note)}};
}

Json render_whole(const actors::IncidentRow& i, const std::string& closed_by_name) {
  auto json = render(i).get_object();
  JsonObject meanings;
  for (const auto& remedy : i.remedies) meanings[remedy] = meaning_of(remedy, i.kind, bool_of(i.detail, "effect_unknown"));
  json["remedy_meanings"] = std::move(meanings);
  json["operation"] = text_or_null(text_of(i.detail, "operation"));
  const auto* covered = find_member(i.detail, "undo_would_cover");
  json["undo_would_cover"] = covered == nullptr ? Json(JsonArray{}) : *covered;
  json["closed_by_name"] = text_or_null(closed_by_name);
  return json;
}

Json render(const actors::ProductRow& p, bool for_staff) {
  JsonObject json{{"id", p.id.str()}, {"name", p.name}, {"attributes", p.attributes}};
  if (for_staff) {
    json["workflow"] = p.workflow;
    json["visible"] = p.visible;
    json["created_at"] = format_time(p.created_at);
  }
  return json;
}

}  // namespace stellwerk::api
