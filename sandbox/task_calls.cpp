#include "sandbox/task_calls.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace stellwerk::sandbox {
namespace {

std::int64_t number_of(const Values& values, std::string_view name, std::int64_t fallback) {
  const auto found = values.find(name);
  if (found == values.end()) return fallback;
  std::int64_t number = fallback;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

bool fits_text(const Values& values, std::string_view name, std::string_view text) {
  const auto found = values.find(name);
  return found == values.end() || text.find(found->second) != std::string_view::npos;
}

bool is_wanted(const Task& task, const std::string& node, const Values& values) {
  const bool stopped = task.phase == Task::Phase::stopped;
  const auto source = values.contains("source") ? values.find("source")->second : "archive";
  if (task.upid.node != node || (source == "archive" && !stopped) || (source == "active" && stopped)) return false;
  const std::int64_t start = task.upid.start_time;
  if (start < number_of(values, "since", 0) || start > number_of(values, "until", INT64_MAX)) return false;
  if (const auto vmid = number_of(values, "vmid", 0); vmid != 0 && task.upid.id != std::to_string(vmid)) return false;
  if (const auto type = values.find("typefilter"); type != values.end() && type->second != task.upid.type) return false;
  if (!fits_text(values, "userfilter", task.upid.user)) return false;
  const bool good = task.exit_status == "OK" || task.exit_status.starts_with("WARNINGS");
  if (number_of(values, "errors", 0) == 1 && (!stopped || good)) return false;
  if (const auto states = values.find("statusfilter"); states != values.end()) {
    const auto* state = !stopped ? "unknown" : task.exit_status == "OK" ? "ok" : good ? "warning" : "error";
    if (states->second.find(state) == std::string::npos) return false;
  }
  return true;
}

/// The task, or the answer that says there is none. A task is known to the node it runs on only.
const Task* find_on(const Cluster& cluster, const std::string& node, const std::string& upid, http::Response& refusal) {
  if (!parse_upid(upid)) {
    refusal = refusal_answer({{"upid", "unable to parse worker upid"}});
    return nullptr;
  }
  const auto* task = cluster.find_task(upid);
  if (task != nullptr && task->upid.node == node) return task;
  refusal = refusal_answer({{"upid", "no such task"}});
  return nullptr;
}

}  // namespace

http::Response list_tasks(const Cluster& cluster, const std::string& node, const Values& values) {
  auto skip = number_of(values, "start", 0);
  auto left = number_of(values, "limit", 50);
  if (left == 0) left = INT64_MAX;
  JsonArray data;
  for (auto entry = cluster.tasks().rbegin(); entry != cluster.tasks().rend() && left > 0; ++entry) {
    if (!is_wanted(entry->second, node, values)) continue;
    if (skip-- > 0) continue;
    data.emplace_back(render_task_entry(entry->second));
    --left;
  }
  return data_answer(std::move(data));
}

http::Response show_task(const Cluster& cluster, const std::string& node, const std::string& upid) {
  http::Response refusal;
  const auto* task = find_on(cluster, node, upid, refusal);
  return task == nullptr ? refusal : data_answer(render_task(*task));
}

http::Response show_task_log(const Cluster& cluster, const std::string& node, const std::string& upid, const Values& values) {
  http::Response refusal;
  const auto* task = find_on(cluster, node, upid, refusal);
  if (task == nullptr) return refusal;
  const auto start = number_of(values, "start", 0);
  const auto limit = number_of(values, "limit", 50);
  JsonArray lines;
  for (std::int64_t n = start; n < static_cast<std::int64_t>(task->log.size()) && (limit == 0 || n < start + limit); ++n)
    lines.emplace_back(JsonObject{{"n", n + 1}, {"t", task->log[static_cast<std::size_t>(n)]}});
  if (lines.empty() && start == 0) lines.emplace_back(JsonObject{{"n", 1}, {"t", "no content"}});
  return json_answer(200, "OK", JsonObject{{"data", std::move(lines)}, {"total", std::max<std::size_t>(task->log.size(), 1)}});
}

http::Response abort_task(Cluster& cluster, const std::string& node, const std::string& upid) {
  http::Response refusal;
  const auto* task = find_on(cluster, node, upid, refusal);
  if (task == nullptr) return refusal;
  cluster.abort_task(task->number);
  return data_answer(nullptr);
}

}  // namespace stellwerk::sandbox
