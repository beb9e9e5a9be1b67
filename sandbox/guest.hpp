#pragma once
// A simulated virtual machine.

#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "sandbox/parameters.hpp"

namespace stellwerk::sandbox {

struct Guest {
  int vmid = 0;
  std::string node;
  bool running = false;
  std::string lock;                                                        ///< "clone" …; empty: not locked
  bool foreign = false;                                                    ///< made behind the client's back, through the control API
  Time started_at{};                                                       ///< of the last start
  Values config;                                                           ///< values as they are in force
  std::map<std::string, std::optional<std::string>, std::less<>> pending;  ///< in force after the next start; nothing: to be removed

  [[nodiscard]] std::string setting(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] bool is_template() const { return setting("template") == "1"; }
  /// Changes settings; those that need a restart wait in `pending` while the guest runs. A value of nothing removes.
  void apply(const std::map<std::string, std::optional<std::string>, std::less<>>& changes);
  void adopt_pending();
  /// `config` with `pending` applied.
  [[nodiscard]] Values wanted_config() const;
  /// 40 hexadecimal digits over wanted_config(), as every config answer carries it.
  [[nodiscard]] std::string digest() const;
};

/// As the `data` of GET …/config: numbers as numbers, the password as stars, with `digest`.
[[nodiscard]] JsonObject render_config(const Guest& guest, bool current);
/// As the `data` of GET …/status/current.
[[nodiscard]] JsonObject render_status(const Guest& guest, Time now);
/// As an entry of GET /cluster/resources.
[[nodiscard]] JsonObject render_resource(const Guest& guest, Time now);

/// For the state file.
[[nodiscard]] JsonObject to_record(const Guest& guest);
[[nodiscard]] Guest guest_of(const Json& record);

/// The settings that name disks: scsi0, virtio1 … (not cdrom drives).
[[nodiscard]] bool is_disk(std::string_view name, std::string_view value);

}  // namespace stellwerk::sandbox
