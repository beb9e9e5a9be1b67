#pragma once
// What the API reads: plain records, and what may be done with them. One Views is one reader session, used by one thread at a time.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/secret.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

using storage::AccountRow;
using storage::CustomerRow;
using storage::IncidentRow;
using storage::JournalView;
using storage::PageRequest;
using storage::ProductRow;
using storage::RunRow;
using storage::ServerRow;
using storage::ServiceView;
using storage::SessionRow;
using storage::TicketMessageView;
using storage::TicketView;

class Definitions;
class Connectors;

/// Reads of the record keeping beside the engine, plus the small writes that belong to no actor (accounts, sessions, products,
/// servers).
class Views {
 public:
  Views(std::unique_ptr<storage::Directory> directory, std::unique_ptr<storage::Store> store, std::shared_ptr<const Definitions> definitions,
        std::shared_ptr<const Connectors> connectors, config::MasterKey key);

  [[nodiscard]] storage::Directory& records() { return *directory_; }
  /// Called after a server was added or replaced, so that its connector takes the new settings.
  void on_server_changed(std::function<void(const ServerId&)> told) { server_changed_ = std::move(told); }

  /// Commands that `role` may give this actor now. Errors: not_found.
  [[nodiscard]] Result<std::vector<std::string>> allowed_commands(const TenantId& tenant, const ActorId& id, const std::string& role);
  /// Adds or replaces a server: settings are checked against its connector, secrets are sealed. Errors: invalid_argument with
  /// pointers, not_found (connector).
  [[nodiscard]] Result<void> put_server(ServerRow server);
  /// The server's settings as people may see them: secrets are "***".
  [[nodiscard]] Json shown_settings(const ServerRow& server) const;
  /// Errors: not_found when no workflow of this name and kind service is published.
  [[nodiscard]] Result<void> put_product(const ProductRow& product);
  /// Errors: invalid_argument (empty or larger than 65,536 numbers; not addresses).
  [[nodiscard]] Result<void> put_id_range(const TenantId& tenant, const std::string& name, std::int64_t first, std::int64_t last);
  [[nodiscard]] Result<void> put_addresses(const TenantId& tenant, const std::string& pool, const std::vector<std::string>& addresses);
  [[nodiscard]] Result<std::optional<storage::IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key);
  [[nodiscard]] Result<void> put_value(const std::string& name, const std::string& value);
  /// Actors without any live wake-up (promise 4), at most `limit`.
  [[nodiscard]] Result<std::vector<ActorId>> stuck_actors(int limit);
  /// Published workflows: name and revision.
  [[nodiscard]] std::vector<std::pair<std::string, int>> workflows() const;

 private:
  std::unique_ptr<storage::Directory> directory_;
  std::unique_ptr<storage::Store> store_;
  std::shared_ptr<const Definitions> definitions_;
  std::shared_ptr<const Connectors> connectors_;
  config::MasterKey key_;
  std::function<void(const ServerId&)> server_changed_;
};

}  // namespace stellwerk::actors
