#include "storage/guard_incident.hpp"

#include <fmt/format.h>

namespace stellwerk::storage {
namespace {

std::string text_for(const GuardQuestion& q) {
  if (q.why == "restore") return fmt::format("after a restore, the first {} that a timer would destroy or shut out is held, and all that follow", q.kind);
  if (q.why == "downtime") return fmt::format("after a long downtime, the first {} that a timer would destroy or shut out is held, and all that follow", q.kind);
  if (q.why == "rest") return fmt::format("a number of held timers of actors of kind {} was released; the rest is still held", q.kind);
  return fmt::format("timers would destroy or shut out more than {} of {} actors of kind {} within minutes; {} were let go, the rest is held", q.bound, q.live, q.kind, q.passed);
}

}  // namespace

IncidentRow guard_incident(const GuardQuestion& q) {
  IncidentRow incident{.id = q.id, .tenant = q.tenant, .kind = "mass_guard", .actor = {}, .actor_kind = q.kind, .run = {}, .step = {}, .error_class = "guard", .code = q.why,
                       .text = text_for(q),
                       .detail = JsonObject{{"passed", q.passed}, {"bound", q.bound}, {"live", q.live}, {"examples", q.examples}, {"answers", q.answers}},
                       .remedies = {"release", "keep"}, .opened_at = q.asked_at};
  if (q.state != "released") return incident;
  incident.state = "closed";
  if (q.answers.empty()) return incident;
  const auto& last = q.answers.back();
  incident.closed_by = text_of(last, "by");
  incident.closed_how = text_of(last, "how");
  incident.note = text_of(last, "note");
  if (const auto at = parse_time(text_of(last, "at"))) incident.closed_at = *at;
  return incident;
}

}  // namespace stellwerk::storage
