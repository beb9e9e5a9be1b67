#include "sandbox/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "sandbox/changes.hpp"
#include "sandbox/task_calls.hpp"

namespace stellwerk::sandbox {
namespace {

constexpr std::int64_t gib = 1024LL * 1024 * 1024;

std::optional<int> parse_vmid(std::string_view text) {
  int id = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (ec != std::errc{} || end != text.data() + text.size() || id < 100 || id > 999'999'999) return std::nullopt;
  return id;
}

std::string value_of(const Values& values, std::string_view name, std::string_view fallback = {}) {
  const auto found = values.find(name);
  return found == values.end() ? std::string{fallback} : found->second;
}

int vmid_of(const Work& work) { return parse_vmid(value_of(work.found.path, "vmid")).value_or(0); }
std::string node_of(const Work& work) { return value_of(work.found.path, "node"); }

JsonObject render_node(const std::string& node, const Cluster& cluster) {
  return {{"id", "node/" + node},
          {"node", node},
          {"type", "node"},
          {"status", "online"},
          {"cpu", 0.02},
          {"maxcpu", 16},
          {"mem", 8 * gib},
          {"maxmem", 64 * gib},
          {"disk", 20 * gib},
          {"maxdisk", 100 * gib},
          {"uptime", std::max<std::int64_t>(to_micros(cluster.now()) / 1'000'000 % 10'000'000, 1)},
          {"level", ""}};
}

http::Response next_id(const Cluster& cluster, const Work& work) {
  const auto wanted = value_of(work.values, "vmid");
  if (wanted.empty()) return text_answer(std::to_string(cluster.lowest_free_id()));
  if (cluster.find_guest(parse_vmid(wanted).value_or(0)) != nullptr) return refusal_answer({{"vmid", fmt::format("VM {} already exists", wanted)}});
  return text_answer(wanted);
}

http::Response resources(const Cluster& cluster, const Work& work) {
  const auto type = value_of(work.values, "type");
  JsonArray data;
  if (type.empty() || type == "vm") {
    for (const auto& [vmid, guest] : cluster.guests()) data.emplace_back(render_resource(guest, cluster.now()));
  }
  for (const auto& node : cluster.nodes()) {
    if (type.empty() || type == "node") data.emplace_back(render_node(node, cluster));
    if (type.empty() || type == "storage")
      data.emplace_back(JsonObject{{"id", fmt::format("storage/{}/local-lvm", node)},
                                   {"type", "storage"},
                                   {"storage", "local-lvm"},
                                   {"node", node},
                                   {"status", "available"},
                                   {"content", "images,rootdir"},
                                   {"plugintype", "lvmthin"},
                                   {"shared", 0},
                                   {"disk", 100 * gib},
                                   {"maxdisk", 1000 * gib}});
  }
  return data_answer(std::move(data));
}

http::Response nodes(const Cluster& cluster) {
  JsonArray data;
  for (const auto& node : cluster.nodes()) data.emplace_back(render_node(node, cluster));
  return data_answer(std::move(data));
}

http::Response guests(const Cluster& cluster, const Work& work) {
  JsonArray data;
  for (const auto& [vmid, guest] : cluster.guests()) {
    if (guest.node == node_of(work)) data.emplace_back(render_status(guest, cluster.now()));
  }
  return data_answer(std::move(data));
}

Task make_task(const Cluster& cluster, const Work& work, std::string type, std::string_view operation) {
  Task task;
  task.vmid = vmid_of(work);
  task.upid = {.node = node_of(work), .type = std::move(type), .id = std::to_string(task.vmid), .user = work.user};
  task.lock_key = fmt::format("guest:{}", task.vmid);
  task.duration = cluster.durations().find(operation)->second;
  task.forced_error = work.fault.error;
  task.warnings = work.fault.warnings;
  return task;
}

/// Refuses what cannot begin at all, else gives the UPID.
http::Response submit(Cluster& cluster, Task task) {
  if (auto obstacle = cluster.find_obstacle(task); !obstacle.empty()) return error_answer(500, std::move(obstacle));
  return text_answer(cluster.start_task(std::move(task)));
}

http::Response clone(Cluster& cluster, const Work& work) {
  const auto new_id = parse_vmid(value_of(work.values, "newid")).value_or(0);
  auto task = make_task(cluster, work, "qmclone", "clone");
  task.source = std::exchange(task.vmid, new_id);
  task.lock_key = fmt::format("storage of {}", task.source);  // copies of one template share its storage's lock
  if (auto obstacle = cluster.find_obstacle(task); !obstacle.empty()) return error_answer(500, std::move(obstacle));
  const auto target = value_of(work.values, "target", task.upid.node);
  if (!cluster.has_node(target)) return error_answer(500, fmt::format("no such cluster node '{}'", target));
  if (const auto* taken = cluster.find_guest(new_id))
    return error_answer(500, fmt::format("unable to create VM {} - VM {} already exists on node '{}'", new_id, new_id, taken->node));
  const auto& source = *cluster.find_guest(task.source);
  if (const auto snapshot = value_of(work.values, "snapname"); !snapshot.empty())
    return error_answer(500, fmt::format("snapshot '{}' does not exist", snapshot));
  const bool full = value_of(work.values, "full", source.is_template() ? "0" : "1") == "1";
  const auto storage = value_of(work.values, "storage");
  if (!full && !storage.empty()) return error_answer(500, "parameter 'storage' not allowed for linked clones");
  if (!full && !source.is_template()) return error_answer(500, fmt::format("Linked clone feature is not supported for drive 'scsi0'"));
  cluster.put_guest(copy_guest(cluster, source,
                               {.vmid = new_id,
                                .node = target,
                                .name = value_of(work.values, "name"),
                                .description = value_of(work.values, "description"),
                                .pool = value_of(work.values, "pool"),
                                .storage = storage}));
  return text_answer(cluster.start_task(std::move(task)));
}

http::Response configure(Cluster& cluster, const Work& work) {
  const auto* guest = cluster.find_guest(vmid_of(work));
  if (guest == nullptr || guest->node != node_of(work)) return error_answer(500, missing_guest(node_of(work), vmid_of(work)));
  auto changes = read_changes(cluster, *guest, work.values);
  if (!changes) return changes.error();
  auto task = make_task(cluster, work, "qmconfig", "config");
  if (const auto digest = value_of(work.values, "digest"); !digest.empty()) task.input["digest"] = digest;
  JsonObject object;
  for (const auto& [name, value] : *changes) object[name] = value ? Json(*value) : Json(nullptr);
  task.input["changes"] = std::move(object);
  if (work.found.call->method == http::Method::post) return submit(cluster, std::move(task));
  if (auto obstacle = cluster.find_obstacle(task); !obstacle.empty()) return error_answer(500, std::move(obstacle));
  if (cluster.is_busy(task.vmid))
    return error_answer(500, fmt::format("can't lock file '/var/lock/qemu-server/lock-{}.conf' - got timeout", task.vmid));
  auto changed = *guest;
  changed.apply(*changes);
  cluster.put_guest(std::move(changed));
  return data_answer(nullptr);
}

http::Response shut_down(Cluster& cluster, const Work& work) {
  auto task = make_task(cluster, work, "qmshutdown", "shutdown");
  // a guest without ACPI does not hear the request: the task waits for its time to be up
  if (const auto* guest = cluster.find_guest(task.vmid); guest != nullptr && guest->setting("acpi", "1") == "0") {
    std::int64_t seconds = 60;
    if (const auto timeout = value_of(work.values, "timeout"); !timeout.empty())
      std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
    task.duration = std::chrono::seconds{std::min<std::int64_t>(seconds, 86'400)};
    if (task.forced_error.empty() && value_of(work.values, "forceStop") != "1") task.forced_error = "VM quit/powerdown failed - got timeout";
  }
  return submit(cluster, std::move(task));
}

http::Response resize(Cluster& cluster, const Work& work) {
  auto task = make_task(cluster, work, "resize", "resize");
  if (const auto digest = value_of(work.values, "digest"); !digest.empty()) task.input["digest"] = digest;
  if (auto obstacle = cluster.find_obstacle(task); !obstacle.empty()) return error_answer(500, std::move(obstacle));
  const auto disk = value_of(work.values, "disk"), size = value_of(work.values, "size");
  const auto setting = cluster.find_guest(task.vmid)->setting(disk);
  if (setting.empty() || !is_disk(disk, setting)) return error_answer(500, fmt::format("disk '{}' does not exist", disk));
  const auto at = setting.find("size=");
  const auto old_size = at == std::string::npos ? 0 : parse_size(setting.substr(at + 5, setting.find(',', at) - at - 5)).value_or(0);
  const auto bytes = parse_size(size).value_or(0) + (size.starts_with('+') ? old_size : 0);
  if (bytes < old_size) return error_answer(500, "shrinking disks is not supported");
  task.input["disk"] = disk;
  task.input["bytes"] = bytes;
  return text_answer(cluster.start_task(std::move(task)));
}

http::Response read_guest(const Cluster& cluster, const Work& work) {
  const auto* guest = cluster.find_guest(vmid_of(work));
  if (guest == nullptr || guest->node != node_of(work)) return error_answer(500, missing_guest(node_of(work), vmid_of(work)));
  if (work.found.call->operation == Operation::read_status) return data_answer(render_status(*guest, cluster.now()));
  if (const auto snapshot = value_of(work.values, "snapshot"); !snapshot.empty())
    return error_answer(500, fmt::format("snapshot '{}' does not exist", snapshot));
  return data_answer(render_config(*guest, value_of(work.values, "current") == "1"));
}

http::Response power(Cluster& cluster, const Work& work, std::string type, std::string_view operation) {
  return submit(cluster, make_task(cluster, work, std::move(type), operation));
}

}  // namespace

http::Response perform(Cluster& cluster, const Work& work) {
  if (work.found.path.contains("vmid") && vmid_of(work) == 0)
    return refusal_answer({{"vmid", "invalid format - value does not look like a valid VM ID"}});
  if (const auto node = node_of(work); work.found.path.contains("node") && !cluster.has_node(node))
    return error_answer(500, fmt::format("hostname lookup '{}' failed - failed to get address info for: {}: Name or service not known", node, node));
  if (value_of(work.values, "skiplock") == "1") return refusal_answer({{"skiplock", "Only root may use this option."}});
  switch (work.found.call->operation) {
    case Operation::version: return data_answer(JsonObject{{"version", "9.1.3"}, {"release", "9.1"}, {"repoid", "0000000000000000"}});
    case Operation::next_id: return next_id(cluster, work);
    case Operation::resources: return resources(cluster, work);
    case Operation::nodes: return nodes(cluster);
    case Operation::guests: return guests(cluster, work);
    case Operation::read_config: return read_guest(cluster, work);
    case Operation::read_status: return read_guest(cluster, work);
    case Operation::config: return configure(cluster, work);
    case Operation::clone: return clone(cluster, work);
    case Operation::start: return power(cluster, work, "qmstart", "start");
    case Operation::stop: return power(cluster, work, "qmstop", "stop");
    case Operation::shutdown: return shut_down(cluster, work);
    case Operation::reboot: return power(cluster, work, "qmreboot", "reboot");
    case Operation::resize: return resize(cluster, work);
    case Operation::destroy: return power(cluster, work, "qmdestroy", "delete");
    case Operation::tasks: return list_tasks(cluster, node_of(work), work.values);
    case Operation::task_status: return show_task(cluster, node_of(work), value_of(work.found.path, "upid"));
    case Operation::task_log: return show_task_log(cluster, node_of(work), value_of(work.found.path, "upid"), work.values);
    case Operation::task_abort: return abort_task(cluster, node_of(work), value_of(work.found.path, "upid"));
  }
  return error_answer(500, "unhandled call");
}

}  // namespace stellwerk::sandbox
