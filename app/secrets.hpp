#pragma once
// A database held alone, with its keys: for the commands that need both and no engine.

#include <memory>
#include <string>
#include <vector>

#include "app/host_lock.hpp"
#include "config/keyring.hpp"
#include "config/settings.hpp"
#include "storage/directory.hpp"

namespace stellwerk::app {

/// Ends its incarnation with its life.
struct KeyBench {
  std::shared_ptr<HostLock> lock;
  std::shared_ptr<storage::SqlDatabase> database;
  config::MasterKey master;
  TenantId tenant;
  std::string incarnation;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<storage::Directory> records;
  std::vector<storage::DataKeyRow> rows;  ///< oldest first

  /// Errors: conflict while a server or another such command uses the database (or the data folder), not_found before the first start.
  [[nodiscard]] static Result<std::unique_ptr<KeyBench>> open(const config::Settings& settings);
  KeyBench() = default;
  KeyBench(const KeyBench&) = delete;
  KeyBench& operator=(const KeyBench&) = delete;
  ~KeyBench();
  [[nodiscard]] Result<config::Keyring> keyring() const;
};

}  // namespace stellwerk::app
