#include "sandbox/task.hpp"

#include <fmt/format.h>

#include <charconv>

#include "sandbox/split.hpp"

namespace stellwerk::sandbox {
namespace {

std::optional<std::uint32_t> parse_hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 8 || ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string format_upid(const Upid& upid) {
  return fmt::format("UPID:{}:{:08X}:{:08X}:{:08X}:{}:{}:{}:", upid.node, upid.pid, upid.pstart, upid.start_time, upid.type, upid.id, upid.user);
}

std::optional<Upid> parse_upid(std::string_view text) {
  const auto parts = split(text, ":");
  if (parts.size() != 9 || parts[0] != "UPID" || !parts[8].empty() || parts[1].empty() || parts[5].empty()) return std::nullopt;
  const auto pid = parse_hex(parts[2]), pstart = parse_hex(parts[3]), start_time = parse_hex(parts[4]);
  if (!pid || !pstart || !start_time) return std::nullopt;
  return Upid{std::string{parts[1]}, *pid, *pstart, *start_time, std::string{parts[5]}, std::string{parts[6]}, std::string{parts[7]}};
}

JsonObject render_task(const Task& task) {
  const auto& upid = task.upid;
  const auto mark = upid.user.find('!');
  JsonObject data{{"upid", format_upid(upid)},    {"node", upid.node}, {"pid", upid.pid}, {"pstart", upid.pstart},
                  {"starttime", upid.start_time}, {"type", upid.type}, {"id", upid.id},   {"user", upid.user.substr(0, mark)}};
  if (mark != std::string::npos) data["tokenid"] = upid.user.substr(mark + 1);
  data["status"] = task.phase == Task::Phase::stopped ? "stopped" : "running";
  if (task.phase == Task::Phase::stopped) data["exitstatus"] = task.exit_status;
  return data;
}

JsonObject render_task_entry(const Task& task) {
  auto data = render_task(task);
  data.erase("exitstatus");
  data["status"] = task.phase == Task::Phase::stopped ? task.exit_status : "RUNNING";
  if (task.phase == Task::Phase::stopped) data["endtime"] = to_micros(task.ends_at) / 1'000'000;
  return data;
}

JsonObject to_record(const Task& task) {
  JsonArray log;
  for (const auto& line : task.log) log.emplace_back(line);
  return {{"number", task.number},
          {"upid", format_upid(task.upid)},
          {"vmid", task.vmid},
          {"source", task.source},
          {"lock_key", task.lock_key},
          {"input", task.input},
          {"duration", task.duration.count()},
          {"forced_error", task.forced_error},
          {"warnings", task.warnings},
          {"phase", static_cast<int>(task.phase)},
          {"ends_at", to_micros(task.ends_at)},
          {"exit_status", task.exit_status},
          {"log", std::move(log)}};
}

std::optional<Task> task_of(const Json& record) {
  auto upid = parse_upid(text_of(record, "upid"));
  const auto phase = int_of(record, "phase", -1);
  const auto* input = find_member(record, "input");
  const auto* log = find_member(record, "log");
  if (!upid || phase < 0 || phase > 2 || input == nullptr || !input->is_object() || log == nullptr || !log->is_array()) return std::nullopt;
  Task task{.number = static_cast<std::uint64_t>(int_of(record, "number")),
            .upid = std::move(*upid),
            .vmid = static_cast<int>(int_of(record, "vmid")),
            .source = static_cast<int>(int_of(record, "source")),
            .lock_key = text_of(record, "lock_key"),
            .input = input->get_object(),
            .duration = Duration{int_of(record, "duration")},
            .forced_error = text_of(record, "forced_error"),
            .warnings = static_cast<int>(int_of(record, "warnings")),
            .phase = static_cast<Task::Phase>(phase),
            .ends_at = from_micros(int_of(record, "ends_at")),
            .exit_status = text_of(record, "exit_status")};
  for (const auto& line : log->get_array()) {
    if (line.is_string()) task.log.emplace_back(as_view(line.get_string()));
  }
  return task;
}

}  // namespace stellwerk::sandbox
