#include "sandbox/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace stellwerk::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_stopped_tasks = 2000;

Guest make_template(const std::string& node) {
  Guest guest{.vmid = 9000, .node = node};
  guest.config = {{"name", "debian-13"},
                  {"template", "1"},
                  {"cores", "2"},
                  {"sockets", "1"},
                  {"memory", "2048"},
                  {"ostype", "l26"},
                  {"scsihw", "virtio-scsi-single"},
                  {"scsi0", "local-lvm:base-9000-disk-0,size=10G"},
                  {"ide2", "local-lvm:vm-9000-cloudinit,media=cdrom,size=4M"},
                  {"net0", "virtio=BC:24:11:00:00:00,bridge=vmbr0"},
                  {"boot", "order=scsi0"},
                  {"agent", "enabled=1"},
                  {"smbios1", "uuid=00000000-0000-4000-8000-000000000000"},
                  {"vmgenid", "00000000-0000-4000-8000-000000000001"}};
  return guest;
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

/// New size of a disk setting: "local-lvm:vm-105-disk-0,size=20G".
std::string with_size(const std::string& disk, std::int64_t bytes) {
  const auto at = disk.find("size=");
  if (at == std::string::npos) return fmt::format("{},size={}", disk, format_size(bytes));
  const auto end = disk.find(',', at);
  return disk.substr(0, at + 5) + format_size(bytes) + (end == std::string::npos ? "" : disk.substr(end));
}

std::vector<std::string> describe_work(const Task& task) {
  if (task.upid.type == "qmclone")
    return {fmt::format("create clone of VM {} as VM {}", task.source, task.vmid), "transferred 10.0 GiB of 10.0 GiB (100.00%)"};
  return {fmt::format("{} of VM {}", task.upid.type, task.vmid)};
}

}  // namespace

std::string missing_guest(std::string_view node, int vmid) {
  return fmt::format("Configuration file 'nodes/{}/qemu-server/{}.conf' does not exist", node, vmid);
}

Cluster::Cluster(std::vector<std::string> nodes)
    : nodes_{std::move(nodes)}, durations_{{"clone", 3s},    {"config", 200ms}, {"start", 1s},  {"stop", 1s},
                                           {"shutdown", 1s}, {"reboot", 2s},    {"delete", 1s}, {"resize", 200ms}} {
  STELLWERK_ASSERT(!nodes_.empty(), "a cluster has at least one node");
  put_guest(make_template(nodes_.front()));
}

void Cluster::advance_to(Time wall) {
  now_ = std::max(now_, wall + offset_);
  settle();
}

void Cluster::move_clock(Duration step) {
  if (step <= Duration::zero()) return;
  offset_ += step;
  now_ += step;
  world_changed_ = true;
  settle();
}

bool Cluster::has_node(std::string_view node) const { return std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end(); }

const Guest* Cluster::find_guest(int vmid) const {
  const auto found = guests_.find(vmid);
  return found == guests_.end() ? nullptr : &found->second;
}

Guest* Cluster::change_guest(int vmid) {
  const auto found = guests_.find(vmid);
  if (found == guests_.end()) return nullptr;
  changed_guests_.insert(vmid);
  return &found->second;
}

void Cluster::put_guest(Guest guest) {
  changed_guests_.insert(guest.vmid);
  guests_.insert_or_assign(guest.vmid, std::move(guest));
}

bool Cluster::remove_guest(int vmid) {
  changed_guests_.insert(vmid);
  return guests_.erase(vmid) != 0;
}

int Cluster::lowest_free_id() const {
  int id = 100;
  while (guests_.contains(id)) ++id;
  return id;
}

std::string Cluster::make_mac() {
  world_changed_ = true;
  const auto n = ++names_made_;
  return fmt::format("BC:24:11:{:02X}:{:02X}:{:02X}", (n >> 16) & 0xFF, (n >> 8) & 0xFF, n & 0xFF);
}

std::string Cluster::make_uuid() {
  world_changed_ = true;
  return fmt::format("00000000-0000-4000-8000-{:012x}", ++names_made_ + 0xFF);
}

std::string Cluster::find_obstacle(const Task& task) const {
  const auto& type = task.upid.type;
  const auto* guest = find_guest(task.vmid);
  if (type == "qmclone") {
    const auto* source = find_guest(task.source);
    if (source == nullptr || source->node != task.upid.node) return missing_guest(task.upid.node, task.source);
    return source->lock.empty() ? "" : fmt::format("VM is locked ({})", source->lock);
  }
  if (guest == nullptr || guest->node != task.upid.node) return missing_guest(task.upid.node, task.vmid);
  if (!guest->lock.empty()) return fmt::format("VM is locked ({})", guest->lock);
  if (const auto* digest = task.input.if_contains("digest");
      digest != nullptr && digest->is_string() && as_view(digest->get_string()) != guest->digest())
    return "detected modified configuration - file changed by other user? Try again.";
  if (type == "qmstart" && guest->is_template()) return "you can't start a vm if it's a template";
  if (type == "qmstart" && guest->running) return fmt::format("VM {} already running", task.vmid);
  if (is_one_of(type, {"qmstop", "qmshutdown", "qmreboot"}) && !guest->running) return fmt::format("VM {} not running", task.vmid);
  if (type == "qmdestroy" && guest->setting("protection") == "1") return fmt::format("can't remove VM {} - protection mode enabled", task.vmid);
  if (type == "qmdestroy" && guest->running) return fmt::format("VM {} is running - destroy failed", task.vmid);
  return {};
}

std::string Cluster::start_task(Task task) {
  task.number = ++tasks_made_;
  world_changed_ = true;
  // contents of UPIDs come from the counter, so that a scripted run gives the same ones each time
  task.upid.pid = static_cast<std::uint32_t>(0x1000 + task.number);
  task.upid.pstart = static_cast<std::uint32_t>(0x100000 + task.number * 7);
  task.upid.start_time = static_cast<std::uint32_t>(to_micros(now_) / 1'000'000);
  task.phase = Task::Phase::waiting;
  const auto number = task.number;
  auto upid = format_upid(task.upid);
  live_.insert(number);
  changed_tasks_.insert(number);
  tasks_.emplace(number, std::move(task));
  settle();
  return upid;
}

const Task* Cluster::find_task(std::string_view upid) const {
  const auto parsed = parse_upid(upid);
  if (!parsed || parsed->pid <= 0x1000) return nullptr;
  const auto found = tasks_.find(parsed->pid - 0x1000);
  return found == tasks_.end() || format_upid(found->second.upid) != upid ? nullptr : &found->second;
}

bool Cluster::is_busy(int vmid) const {
  return std::any_of(live_.begin(), live_.end(), [&](std::uint64_t number) { return tasks_.at(number).vmid == vmid; });
}

Result<void> Cluster::set_duration(std::string_view operation, Duration duration) {
  const auto found = durations_.find(operation);
  if (found == durations_.end())
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is no operation with a duration; known are clone, config, start, stop, shutdown, reboot, delete, resize", operation));
  if (duration < Duration::zero() || duration > std::chrono::hours{24 * 30})
    return fail(ErrorCode::invalid_argument, fmt::format("the duration of {} must be 0 to 30 days", operation));
  found->second = duration;
  world_changed_ = true;
  return {};
}

/// Ends what is due, earliest first; each end may let a waiting task begin at that instant, not at the instant of the question.
void Cluster::settle() {
  Time at = now_;
  if (live_.empty()) return;
  // tasks that were left waiting began to wait at the latest now; those behind a lock begin when its holder ends
  begin_waiting(at);
  while (true) {
    Task* next = nullptr;
    for (const auto number : live_) {
      auto& task = tasks_.at(number);
      if (task.phase == Task::Phase::running && task.ends_at <= now_ && (next == nullptr || task.ends_at < next->ends_at)) next = &task;
    }
    if (next == nullptr) break;
    at = next->ends_at;
    finish(*next, at);
    begin_waiting(at);
  }
  drop_old_tasks();
}

void Cluster::begin_waiting(Time at) {
  std::set<std::string> held;
  for (const auto number : live_) {
    if (const auto& task = tasks_.at(number); task.phase == Task::Phase::running) held.insert(task.lock_key);
  }
  const auto numbers = std::vector<std::uint64_t>(live_.begin(), live_.end());
  for (const auto number : numbers) {
    auto& task = tasks_.at(number);
    if (task.phase != Task::Phase::waiting || held.contains(task.lock_key)) continue;
    changed_tasks_.insert(number);
    if (auto obstacle = find_obstacle(task); !obstacle.empty()) {  // the world may have moved while it waited
      task.forced_error = std::move(obstacle);
      finish(task, at);
      continue;
    }
    held.insert(task.lock_key);
    task.phase = Task::Phase::running;
    task.ends_at = at + task.duration;
  }
}

void Cluster::finish(Task& task, Time at) {
  changed_tasks_.insert(task.number);
  live_.erase(task.number);
  task.phase = Task::Phase::stopped;
  task.ends_at = at;
  task.log = describe_work(task);
  if (task.forced_error.empty() && !guests_.contains(task.vmid)) task.forced_error = missing_guest(task.upid.node, task.vmid);
  if (!task.forced_error.empty()) {
    // Proxmox VE removes what a failed clone has made; nothing of a stranger's
    if (const auto* made = find_guest(task.vmid); task.upid.type == "qmclone" && made != nullptr && !made->foreign && made->lock == "clone")
      remove_guest(task.vmid);
    task.exit_status = task.forced_error;
    task.log.push_back("TASK ERROR: " + task.exit_status);
    return;
  }
  take_effect(task, at);
  task.exit_status = task.warnings > 0 ? fmt::format("WARNINGS: {}", task.warnings) : "OK";
  for (int i = 0; i < task.warnings; ++i) task.log.push_back("WARN: a simulated warning");
  task.log.push_back("TASK " + task.exit_status);
}

void Cluster::take_effect(Task& task, Time at) {
  const auto& type = task.upid.type;
  auto* guest = change_guest(task.vmid);
  STELLWERK_ASSERT(guest != nullptr, "a task takes effect on a guest that is gone");
  if (type == "qmclone") {
    guest->lock.clear();
  } else if (type == "qmconfig") {
    std::map<std::string, std::optional<std::string>, std::less<>> changes;
    if (const auto* object = task.input.if_contains("changes"); object != nullptr && object->is_object()) {
      for (const auto& [name, value] : object->get_object()) {
        if (value.is_string()) changes[std::string{name}] = std::string{as_view(value.get_string())};
        else changes[std::string{name}] = std::nullopt;
      }
    }
    guest->apply(changes);
  } else if (type == "qmstart" || type == "qmreboot") {
    guest->adopt_pending();
    guest->running = true;
    guest->started_at = at;
  } else if (type == "qmstop" || type == "qmshutdown") {
    guest->running = false;
    guest->adopt_pending();
  } else if (type == "resize") {
    const Json input = task.input;
    auto& disk = guest->config[text_of(input, "disk")];
    disk = with_size(disk, int_of(input, "bytes"));
  } else if (type == "qmdestroy") {
    remove_guest(task.vmid);
  }
}

void Cluster::abort_task(std::uint64_t number) {
  if (!live_.contains(number)) return;
  auto& task = tasks_.at(number);
  task.forced_error = "interrupted by signal";
  finish(task, now_);
  settle();
}

void Cluster::drop_old_tasks() {
  while (tasks_.size() - live_.size() > max_stopped_tasks) {
    const auto oldest = std::find_if(tasks_.begin(), tasks_.end(), [](const auto& entry) { return entry.second.phase == Task::Phase::stopped; });
    changed_tasks_.erase(oldest->first);
    tasks_.erase(oldest);
  }
}

}  // namespace stellwerk::sandbox
