#pragma once
// A simulated worker of Proxmox VE: named by its UPID, living in virtual time.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"

namespace stellwerk::sandbox {

/// UPID:<node>:<pid>:<pstart>:<starttime>:<type>:<id>:<user>: with eight hexadecimal digits for each number.
struct Upid {
  std::string node;
  std::uint32_t pid = 0;
  std::uint32_t pstart = 0;
  std::uint32_t start_time = 0;  ///< seconds since 1970
  std::string type;              ///< "qmclone", "qmstart" …
  std::string id;                ///< the guest's number
  std::string user;
};
[[nodiscard]] std::string format_upid(const Upid& upid);
[[nodiscard]] std::optional<Upid> parse_upid(std::string_view text);

struct Task {
  enum class Phase { waiting, running, stopped };  ///< waiting: for the lock that another task holds; clients see "running"

  std::uint64_t number = 0;  ///< order of creation
  Upid upid;
  int vmid = 0;          ///< the guest it works on; of a clone the new one
  int source = 0;        ///< of a clone: the guest that is copied
  std::string lock_key;  ///< two tasks with the same key run one after the other
  JsonObject input;      ///< what its effect needs, by type
  Duration duration{};
  std::string forced_error;  ///< by a fault: it ends with this text and without its effect
  int warnings = 0;          ///< by a fault: it ends with "WARNINGS: n"
  Phase phase = Phase::waiting;
  Time ends_at{};           ///< when running or stopped
  std::string exit_status;  ///< when stopped: "OK", "WARNINGS: n" or the error's text
  std::vector<std::string> log;
};

/// As the `data` of GET …/tasks/{upid}/status.
[[nodiscard]] JsonObject render_task(const Task& task);
/// As an entry of GET …/tasks.
[[nodiscard]] JsonObject render_task_entry(const Task& task);

/// For the state file.
[[nodiscard]] JsonObject to_record(const Task& task);
/// Nothing: not a task's record.
[[nodiscard]] std::optional<Task> task_of(const Json& record);

}  // namespace stellwerk::sandbox
