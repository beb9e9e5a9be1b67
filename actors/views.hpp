#pragma once
// What the API reads: plain records, and what may be done with them. One Views is one reader session, used by one thread at a time.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/setting_book.hpp"
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
using storage::SettingValue;
using storage::TicketMessageView;
using storage::TicketView;

class Definitions;
class Connectors;
class Archivist;
class Warden;

/// What became of a command that was answered "deferred".
struct EventView {
  EventId event;
  ActorId actor;
  std::string customer;  ///< owner of the actor
  std::string state;     ///< deferred, applied, refused; empty: the journal of that time is no longer kept
  std::string reason;    ///< of a refusal, as commands are refused; "dropped": a person let it fall; of a deferred one "incident_open": a person decides; else empty
  std::string text;      ///< to the reason, for staff
  Time at{};             ///< of the deferral, while it is deferred; of its end
};

/// A setting that the newest revision of a workflow declares, and what each level says.
struct DeclaredSetting {
  std::string workflow;
  std::string base;        ///< whose values hold as well; empty: none
  std::string name;
  std::string type;        ///< "duration", "int", "list of string" …
  workflows::Titles titles;
  Json fallback, min, max; ///< null: none
  std::vector<std::string> choices;  ///< of an enumeration
  std::vector<SettingValue> values;
};
/// A timer that a change would set, move or clear.
struct TimerMove {
  ActorId actor;
  std::string timer;
  std::optional<Time> before, after;
};
/// What a change of a setting would bring.
struct Forecast {
  std::int64_t reached = 0;     ///< live actors
  std::int64_t examined = 0;    ///< … of which so many were looked at: until 100 moves are found, at most 5,000
  std::vector<TimerMove> moves; ///< at most 100
};

/// A question of the mass-action guard, and an emergency stop, as people see them.
[[nodiscard]] JsonObject shown_question(const storage::GuardQuestion& question);
[[nodiscard]] JsonObject shown_stop(const storage::StopRow& stop);

/// Reads of the record keeping beside the engine, plus the small writes that belong to no actor (accounts, sessions, products,
/// servers).
class Views {
 public:
  Views(std::unique_ptr<storage::Directory> directory, std::unique_ptr<storage::Store> store, std::shared_ptr<const Definitions> definitions,
        std::shared_ptr<const Connectors> connectors, config::MasterKey key, Surroundings around = {});

  [[nodiscard]] storage::Directory& records() { return *directory_; }
  /// Called after a server was added or replaced, so that its connector takes the new settings.
  void on_server_changed(std::function<void(const ServerId&)> told) { server_changed_ = std::move(told); }

  /// The end of a deferred command, or that it still waits; none of any other event.
  [[nodiscard]] Result<std::optional<EventView>> find_event(const TenantId& tenant, const EventId& id);
  /// Commands that `role` may give this actor now. Errors: not_found.
  [[nodiscard]] Result<std::vector<std::string>> allowed_commands(const TenantId& tenant, const ActorId& id, const std::string& role);
  /// Adds or replaces a server: settings are checked against its connector, secrets are sealed. Errors: invalid_argument with
  /// pointers, not_found (connector).
  [[nodiscard]] Result<void> put_server(ServerRow server);
  /// The value of a secret setting; `audit` is written first. Errors: not_found (no such server or secret), permission_denied (no key opens it).
  [[nodiscard]] Result<std::string> reveal(const TenantId& tenant, const ServerId& server, const std::string& field, storage::AuditRow audit);
  /// As Directory::journal(), with what is personal in the clear while its key exists; "(erased)" after.
  [[nodiscard]] Result<std::vector<JournalView>> journal(const TenantId& tenant, const ActorId& actor, std::int64_t after, int limit);
  /// The customer's actors with personal attributes, in the order of ids.
  [[nodiscard]] Result<std::vector<storage::ActorRow>> personal_actors(const TenantId& tenant, const std::string& customer);
  /// As actors::erase_record() (erasing.hpp).
  [[nodiscard]] Result<bool> erase_record(const std::string& customer, const std::set<ActorId>& erased, storage::AuditRow audit);
  /// The server's settings as people may see them: secrets are "***".
  [[nodiscard]] Json shown_settings(const ServerRow& server) const;
  /// The service's attributes as people may see them: secrets are "***". Nothing while nobody knows its workflow here.
  [[nodiscard]] Json shown_attributes(const ServiceView& service) const;
  /// Adds or replaces a product whose attributes its workflow takes, and which can be ordered when it is on offer (product_views.cpp).
  /// Errors: invalid_argument with pointers.
  [[nodiscard]] Result<void> put_product(const ProductRow& product);
  /// Errors: invalid_argument (empty or larger than 65,536 numbers; not addresses).
  [[nodiscard]] Result<void> put_id_range(const TenantId& tenant, const std::string& name, std::int64_t first, std::int64_t last);
  [[nodiscard]] Result<void> put_addresses(const TenantId& tenant, const std::string& pool, const std::vector<std::string>& addresses);
  [[nodiscard]] Result<std::optional<storage::IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key);
  [[nodiscard]] Result<void> put_value(const std::string& name, const std::string& value);
  [[nodiscard]] Result<std::optional<std::string>> get_value(const std::string& name);

  // --- settings of workflows (setting_views.cpp)
  /// All that the newest revisions declare, by workflow.
  [[nodiscard]] Result<std::vector<DeclaredSetting>> settings(const TenantId& tenant);
  /// The value as it is kept, when it fits: workflow (or base), name, owner of the level, type and bounds. Null fits always.
  /// Errors: invalid_argument with pointers.
  [[nodiscard]] Result<SettingValue> check_setting(const TenantId& tenant, SettingValue value);
  /// Keeps a checked value; from then on decisions go by it.
  [[nodiscard]] Result<void> put_setting(const TenantId& tenant, const SettingValue& value);
  /// The value as people may see it: "***" for a secret.
  [[nodiscard]] SettingValue shown_setting(SettingValue value) const;
  /// Newest first, secrets as "***".
  [[nodiscard]] Result<std::vector<SettingValue>> setting_history(const TenantId& tenant, int limit);
  /// What a checked value would bring, if it were put at `now`.
  [[nodiscard]] Result<Forecast> forecast(const TenantId& tenant, const SettingValue& value, Time now);
  /// Workflows of this name, or with this base.
  [[nodiscard]] std::vector<std::string> workflows_of(const std::string& workflow) const;
  /// As Store::actors_reached().
  [[nodiscard]] Result<std::vector<ActorId>> actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit);

  // --- mass-action guard and emergency stop (guard_views.cpp)
  /// Newest first; `all`: those that were released, too.
  [[nodiscard]] Result<std::vector<storage::GuardQuestion>> guard_questions(const TenantId& tenant, bool all, int limit);
  /// Those that are on for this tenant: its own and that for all.
  [[nodiscard]] Result<std::vector<storage::StopRow>> stops(const TenantId& tenant);
  /// Newest first.
  [[nodiscard]] Result<std::vector<storage::StopRow>> stop_history(const TenantId& tenant, int limit);

  /// Whom the node's own check is asked; the engine sets it.
  void watched_by(const Warden* warden) { warden_ = warden; }
  /// What it found last: {"items", "looked_at", "swept_at", "sweep_seconds", "every_seconds", "error"}.
  [[nodiscard]] Json last_look(Time now) const;
  /// One whole look now, rendered (actors/doctor.hpp).
  [[nodiscard]] Result<Json> examine(Time now);
  /// Actors without any live wake-up (promise 4), at most `limit`, of the first 200,000 live ones.
  [[nodiscard]] Result<std::vector<ActorId>> stuck_actors(int limit);

  /// Who makes backups; the engine sets it.
  void archived_by(Archivist* archivist) { archivist_ = archivist; }
  /// Begins a backup; `audit` is written first. Returns its state (see Archivist). Errors: conflict (one is being made, or this node makes none), unavailable.
  [[nodiscard]] Result<Json> begin_backup(storage::AuditRow audit);
  [[nodiscard]] Json last_backup() const;

  /// Published workflows: name and revision.
  [[nodiscard]] std::vector<std::pair<std::string, int>> workflows() const;
  /// The file of this workflow differs from its newest revision.
  [[nodiscard]] bool has_newer_file(const std::string& workflow) const;

 private:
  [[nodiscard]] bool is_secret_setting(const SettingValue& value) const;
  /// Timers of the actor that would move among these surroundings.
  [[nodiscard]] Result<std::vector<TimerMove>> moves_of(const ActorId& actor, const Surroundings& around, Time now);

  std::unique_ptr<storage::Directory> directory_;
  std::unique_ptr<storage::Store> store_;
  std::shared_ptr<const Definitions> definitions_;
  std::shared_ptr<const Connectors> connectors_;
  config::MasterKey key_;
  Surroundings around_;
  std::function<void(const ServerId&)> server_changed_;
  const Warden* warden_ = nullptr;
  Archivist* archivist_ = nullptr;
};

}  // namespace stellwerk::actors
