#pragma once
// What the check of promise 4 (no actor is ever silently stuck) asks of a database, and what it is told.

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"

namespace stellwerk::storage {

/// A place in the record where the promise does not hold.
struct StuckRow {
  ActorId actor;
  TenantId tenant;  ///< as kind to state: empty when there is no such actor
  std::string kind;
  std::string workflow;
  int revision = 0;
  std::string state;
  std::string what;     ///< "no_wake_up"; or overdue: "timer", "attempt_abandoned", "attempt_past_deadline", "message", "deferred", "no_receiver"
  std::string subject;  ///< name of the timer, step or event
  Time since{};         ///< the actor's last change; else when it was due, sent or written
  [[nodiscard]] std::string half() const { return what == "no_wake_up" ? "no_wake_up" : "overdue"; }
};

/// A part of a table that was looked through, in the order of its key.
struct StuckPage {
  std::string until;            ///< look behind this next time; empty: the end was reached
  int looked_at = 0;            ///< rows
  std::vector<StuckRow> found;  ///< at most 1,000
};

/// A process that holds the database, or did.
struct NodeRow {
  std::string incarnation;
  std::string host;
  Time begun_at{};
  Time heartbeat_at{};  ///< both of the database's clock
  Duration lease{};     ///< for so long after its heartbeat it counts as alive
};

struct DatabaseFacts {
  std::string dialect;
  std::string schema;       ///< the newest migration applied
  Time now{};               ///< the database's clock
  std::vector<NodeRow> nodes;
  std::int64_t live_actors = 0;        ///< counted up to 1,000,000
  std::int64_t messages_waiting = 0;   ///< rows of the mailbox, deferred ones included; counted up to 100,000
  std::int64_t messages_lost = 0;      ///< of these, receivers that do not exist
  std::int64_t incidents_open = 0;     ///< counted up to 100,000
};

}  // namespace stellwerk::storage
