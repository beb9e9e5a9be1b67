#pragma once
// The actions' view of the shared things: what they read and change inside one transaction. Each store has its own; the rules are
// written once, in numbers.cpp, addresses.cpp and places.cpp.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/store.hpp"

namespace stellwerk::storage {

/// Who has a number or an address. `state`: taken, blocked, quarantine (until `until`), free (addresses only).
struct Holding {
  std::string owner;
  std::string state;
  Time until{};
};

class World {
 public:
  virtual ~World() = default;

  /// The range, locked until the transaction ends.
  virtual Result<std::optional<IdRange>> lock_range(const TenantId& tenant, const std::string& name) = 0;
  /// The lowest number of the locked range without a holding and not in `blocked`; a quarantine that is over at `now` is none.
  virtual Result<std::optional<std::int64_t>> lowest_free_number(const IdRange& range, const std::set<std::int64_t>& blocked, Time now) = 0;
  virtual Result<std::optional<Holding>> find_number(const IdRange& range, std::int64_t number) = 0;
  virtual Result<void> put_number(const IdRange& range, std::int64_t number, const Holding& holding) = 0;
  virtual Result<void> free_number(const IdRange& range, std::int64_t number) = 0;

  /// False: there is no such pool. Locks it until the transaction ends.
  virtual Result<bool> lock_address_pool(const TenantId& tenant, const std::string& pool) = 0;
  virtual Result<std::optional<std::string>> lowest_free_address(const TenantId& tenant, const std::string& pool, Time now) = 0;
  /// The pools that have this address, with its holding; locks nothing.
  virtual Result<std::vector<std::pair<std::string, Holding>>> find_address(const TenantId& tenant, const std::string& address) = 0;
  virtual Result<void> put_address(const TenantId& tenant, const std::string& pool, const std::string& address, const Holding& holding) = 0;

  /// The active servers of a pool by id, locked until the transaction ends.
  virtual Result<std::vector<ServerRow>> lock_servers(const TenantId& tenant, const std::string& pool) = 0;
  /// Locks the server's row. False: it is gone.
  virtual Result<bool> lock_server(const ServerId& server) = 0;
  struct Place {
    AttemptId attempt;
    ServerId server;
    std::string key;  ///< of the attempt, as AttemptRow::key; empty: taken by an earlier version
  };
  /// The actor's places by server id.
  virtual Result<std::vector<Place>> places_of(const ActorId& owner) = 0;
  virtual Result<void> add_place(const Place& place, const TenantId& tenant, const ActorId& owner) = 0;
  /// False: it was gone already.
  virtual Result<bool> remove_place(const Place& place) = 0;
};

/// What an action came to: its result, or why the world does not admit it.
struct ActionOutcome {
  Json result = JsonObject{};
  std::string code, text;  ///< of a refusal; `code` empty: done
};

/// Executes the attempt's operation for its actor.
[[nodiscard]] Result<ActionOutcome> perform_action(World& world, const AttemptRow& attempt, Time now);

/// An action of a transition of `actor`, as perform_action() takes it: its own id stands where a step's attempt has one.
[[nodiscard]] AttemptRow as_attempt(const TransitionAction& action, const ActorRow& actor);

/// Orders actions so that every transaction locks the shared things in the same order.
[[nodiscard]] std::string lock_order(const AttemptRow& attempt);

[[nodiscard]] inline ActionOutcome refusal(std::string code, std::string text) { return {JsonObject{}, std::move(code), std::move(text)}; }
/// The ISO duration at `name` in the input, if there is one. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Duration>> duration_at(const Json& input, std::string_view name);

[[nodiscard]] Result<ActionOutcome> allocate_number(World& world, const AttemptRow& attempt, Time now);
[[nodiscard]] Result<ActionOutcome> release_number(World& world, const AttemptRow& attempt, Time now);
[[nodiscard]] Result<ActionOutcome> allocate_address(World& world, const AttemptRow& attempt, Time now);
[[nodiscard]] Result<ActionOutcome> release_address(World& world, const AttemptRow& attempt, Time now);
[[nodiscard]] Result<ActionOutcome> take_place(World& world, const AttemptRow& attempt, Time now);
[[nodiscard]] Result<ActionOutcome> release_place(World& world, const AttemptRow& attempt, Time now);

}  // namespace stellwerk::storage
