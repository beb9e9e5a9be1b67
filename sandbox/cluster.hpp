#pragma once
// The simulated world: nodes, guests and tasks in virtual time. Pure: the caller brings the wall clock and keeps the records.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "sandbox/guest.hpp"
#include "sandbox/task.hpp"

namespace stellwerk::sandbox {

/// One thread at a time. Virtual time is wall time plus an offset that only grows; it never runs backwards within a process.
class Cluster {
 public:
  /// A fresh world with template 9000 on the first node. `nodes` is not empty.
  explicit Cluster(std::vector<std::string> nodes);

  /// Lets everything happen that is due by now, in order.
  void advance_to(Time wall);
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Duration offset() const { return offset_; }
  /// Moves the clock forward; negative steps are ignored.
  void move_clock(Duration step);

  [[nodiscard]] const std::vector<std::string>& nodes() const { return nodes_; }
  [[nodiscard]] bool has_node(std::string_view node) const;
  [[nodiscard]] const std::map<int, Guest>& guests() const { return guests_; }
  [[nodiscard]] const Guest* find_guest(int vmid) const;
  void put_guest(Guest guest);
  /// False when there is none.
  bool remove_guest(int vmid);
  [[nodiscard]] int lowest_free_id() const;
  /// "BC:24:11:…", each one once.
  [[nodiscard]] std::string make_mac();
  /// A UUID from a counter.
  [[nodiscard]] std::string make_uuid();

  /// Why `task` cannot begin now, in the words of Proxmox VE; empty when it can.
  [[nodiscard]] std::string find_obstacle(const Task& task) const;
  /// Gives the task its UPID and lets it begin, or wait for the holder of its lock. Uses upid.node, type, id, user of `task`.
  std::string start_task(Task task);
  /// Ends it without its effect. Nothing happens to a stopped one.
  void abort_task(std::uint64_t number);
  [[nodiscard]] const std::map<std::uint64_t, Task>& tasks() const { return tasks_; }
  [[nodiscard]] const Task* find_task(std::string_view upid) const;
  /// True while a task holds the guest's lock file.
  [[nodiscard]] bool is_busy(int vmid) const;

  /// By operation: clone, config, start, stop, shutdown, reboot, delete, resize.
  [[nodiscard]] const std::map<std::string, Duration, std::less<>>& durations() const { return durations_; }
  /// Errors: invalid_argument (no such operation, negative or above 30 days).
  [[nodiscard]] Result<void> set_duration(std::string_view operation, Duration duration);

  /// What has changed since the last call, for the state file.
  [[nodiscard]] std::vector<Json> take_changes();
  /// Everything.
  [[nodiscard]] std::vector<Json> snapshot() const;
  /// Forgets everything, to be filled by restore().
  void clear();
  /// Replays one record; false when it is not one of ours.
  bool restore(const Json& record);

 private:
  void settle();
  void begin_waiting(Time at);
  void finish(Task& task, Time at);
  void take_effect(Task& task, Time at);
  void drop_old_tasks();
  [[nodiscard]] Json world_record() const;
  Guest* change_guest(int vmid);

  std::vector<std::string> nodes_;
  std::map<int, Guest> guests_;
  std::map<std::uint64_t, Task> tasks_;
  std::set<std::uint64_t> live_;  ///< numbers of tasks that are not stopped
  std::map<std::string, Duration, std::less<>> durations_;
  Time now_{};
  Duration offset_{};
  std::uint64_t tasks_made_ = 0;
  std::uint64_t names_made_ = 0;  ///< MAC addresses and UUIDs
  std::set<int> changed_guests_;
  std::set<std::uint64_t> changed_tasks_;
  bool world_changed_ = false;
};

/// "Configuration file 'nodes/pve1/qemu-server/105.conf' does not exist"
[[nodiscard]] std::string missing_guest(std::string_view node, int vmid);

}  // namespace stellwerk::sandbox
