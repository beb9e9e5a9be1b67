#include "actors/doctor.hpp"

#include <algorithm>
#include <chrono>

namespace stellwerk::actors {
namespace {

constexpr auto clock_tolerance = std::chrono::seconds{2};
constexpr int most_rounds = 40;
constexpr int rows = 5'000;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

bool is_alive(const storage::NodeRow& node, Time now) { return node.heartbeat_at != Time{} && now - node.heartbeat_at < node.lease; }

Json text(const std::string& value) { return Json(boost::json::string(value)); }

}  // namespace

bool DoctorReport::is_healthy() const {
  const auto off = clock_difference < Duration{0} ? -clock_difference : clock_difference;
  return findings.empty() && unreadable.empty() && off <= clock_tolerance;
}

Result<DoctorReport> examine(storage::Directory& records, const std::shared_ptr<const Definitions>& definitions, Time now) {
  DoctorReport report;
  const auto before = wall_now();
  STELLWERK_TRY(report.facts, records.facts());
  // The database's answer was made somewhere in between.
  const auto here = before + (wall_now() - before) / 2;
  report.clock_difference = report.facts.now == Time{} ? Duration{0} : here - report.facts.now;
  report.serving = std::any_of(report.facts.nodes.begin(), report.facts.nodes.end(), [&](const storage::NodeRow& node) { return is_alive(node, report.facts.now); });
  report.unreadable = definitions->unreadable();
  report.looked_at = now;
  Examination examination{definitions, rows};
  for (int i = 0; i < most_rounds && !examination.has_seen_all(); ++i) STELLWERK_CHECK(examination.round(records, now, Time{}, {}));
  report.complete = examination.has_seen_all();
  report.findings = examination.findings();
  if (!report.serving) std::erase_if(report.findings, [](const Finding& finding) { return finding.what != "no_wake_up"; });
  return report;
}

Json render_finding(const Finding& finding, Time now) {
  return JsonObject{{"half", finding.half()}, {"what", finding.what}, {"actor", finding.actor.str()}, {"kind", finding.kind}, {"tenant", finding.tenant.str()},
                    {"workflow", finding.workflow}, {"revision", finding.revision}, {"state", finding.state}, {"subject", finding.subject},
                    {"since", format_time(finding.since)}, {"seconds", seconds(now - finding.since)}, {"text", describe_finding(finding)}, {"do", advice_for(finding)}};
}

Json render_look(const WardenReport& report, Time now) {
  const auto time_or_null = [](Time time) { return time == Time{} ? Json{} : text(format_time(time)); };
  JsonArray items;
  for (const auto& finding : report.findings) items.push_back(render_finding(finding, now));
  return JsonObject{{"items", std::move(items)}, {"looked_at", time_or_null(report.looked_at)}, {"swept_at", time_or_null(report.swept_at)}, {"sweep_seconds", seconds(report.sweep)},
                    {"every_seconds", seconds(report.every)}, {"error", report.error.empty() ? Json{} : text(report.error)}};
}

Json render_report(const DoctorReport& report) {
  const auto& facts = report.facts;
  JsonArray nodes, unreadable, findings;
  for (const auto& node : facts.nodes) {
    nodes.push_back(JsonObject{{"incarnation", node.incarnation}, {"host", node.host}, {"begun_at", format_time(node.begun_at)}, {"heartbeat_age_seconds", seconds(facts.now - node.heartbeat_at)},
                               {"lease_seconds", seconds(node.lease)}, {"alive", is_alive(node, facts.now)}});
  }
  for (const auto& [revision, why] : report.unreadable) unreadable.push_back(JsonObject{{"workflow", revision.first}, {"revision", revision.second}, {"text", text(why)}});
  for (const auto& finding : report.findings) findings.push_back(render_finding(finding, report.looked_at));
  return JsonObject{
      {"healthy", report.is_healthy()},
      {"serving", report.serving},
      {"complete", report.complete},
      {"looked_at", format_time(report.looked_at)},
      {"database", {{"dialect", facts.dialect}, {"schema", facts.schema}, {"now", format_time(facts.now)}, {"clock_difference_seconds", seconds(report.clock_difference)}}},
      {"nodes", std::move(nodes)},
      {"counts", {{"live_actors", facts.live_actors}, {"messages_waiting", facts.messages_waiting}, {"messages_lost", facts.messages_lost}, {"incidents_open", facts.incidents_open}}},
      {"unreadable_revisions", std::move(unreadable)},
      {"findings", std::move(findings)},
  };
}

}  // namespace stellwerk::actors
