#pragma once
// The rows that the engine keeps: what a record means, field by field. Who writes them: storage/commit.hpp; who reads them: storage/store.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/json.hpp"

namespace stellwerk::storage {

/// The state of one actor: the truth. Attributes and cursor are the workflow's own encoding and opaque to the store,
/// except for what a projector reads out of `attributes`.
struct ActorRow {
  ActorId id;
  TenantId tenant;
  std::string kind;          ///< "service", "ticket", "order"
  std::string workflow;      ///< name
  int revision = 1;
  std::string state;
  std::string status;        ///< closed list per kind; what people see
  std::string customer;      ///< owner, cus_…; empty: none
  Json attributes = JsonObject{};
  Json cursor = JsonObject{};
  std::int64_t version = 0;  ///< 1 after creation, +1 with every decision
  bool live = true;          ///< false in a final state
  std::string decision;      ///< id of the decision that wrote this version
  Time created_at{};
  Time updated_at{};
};

/// A row of the mailbox: a message not yet applied (`deferred` = accepted while the receiver worked, waits for its turn).
struct MailboxRow {
  ActorId receiver;
  std::int64_t seq = 0;  ///< given by the store; rows of one sender are in order
  ActorId sender;        ///< empty for a deferred command
  EventId event_id;
  std::string event;
  Json payload = JsonObject{};
  Json meta = JsonObject{};  ///< principal, trace, causation depth: opaque
  bool deferred = false;
  Time at{};
  bool returned = false;  ///< it came back to its sender: `receiver` sent it, `sender` is whom it did not reach; meta.reason says why (none: there is no such actor)
};

struct TimerRow {
  ActorId actor;
  TenantId tenant;
  std::string name;  ///< unique within the actor
  Time due{};
};

/// The one live attempt of a run's lane; the history of attempts is in the journal.
struct AttemptRow {
  RunId run;
  int lane = 0;
  AttemptId id;          ///< new for every step (and every sub-operation)
  ActorId actor;
  TenantId tenant;
  std::string workflow;
  std::string step;
  std::string key;       ///< idempotency key <run>/<step>[/<sub>][/<item>]/<n>; of its undo "…/undo", "…/<n>/undo" after a redo
  std::string executor;  ///< "connector" or "action"
  std::string operation; ///< "proxmox.create_vm", "id.allocate"
  int sub = -1;          ///< index of the composite operation's entry, -1: simple
  std::string server;    ///< srv_… for a connector
  Json input = JsonObject{};  ///< frozen when the step starts
  std::string mode;      ///< "execute", "observe" (unclear: look first), "poll" (a handle is known), "undo"-actions are "execute" of their own operation
  int number = 1;        ///< of this try
  Time due{};            ///< not before
  Time deadline{};       ///< of the whole step
  Time sent{};           ///< latest moment bytes of a changing request may have left; epoch: never
  std::string handle;    ///< of the remote task
  std::string incarnation;  ///< who executes it
  std::optional<Json> result;  ///< of an action: committed together with its effect
};

struct IncidentRow {
  IncidentId id;
  TenantId tenant;
  std::string kind;  ///< "held_run", "quarantined", "message"
  ActorId actor;
  std::string actor_kind;
  RunId run;
  std::string step;
  std::string error_class;  ///< outcome class
  std::string code;
  std::string text;         ///< the vendor's own text
  Json detail = JsonObject{};  ///< operation, server, what undo would do
  std::vector<std::string> remedies;  ///< retry, skip, edit, done, fail
  std::string state = "open";  ///< open, closed
  std::string closed_by;
  std::string closed_how;   ///< the remedy
  std::string note;
  Time opened_at{};
  Time closed_at{};
};

struct RunRow {
  RunId id;
  TenantId tenant;
  ActorId actor;
  std::string workflow;
  int revision = 1;
  std::string event;   ///< what started it
  std::string state;   ///< working state
  std::string status;  ///< running, held, undoing, done, failed, cancelled
  std::string step;    ///< in hand or last
  std::string trace;
  Time started_at{};
  Time ended_at{};
};

struct OutboxRow {
  std::string id;  ///< evt_…
  TenantId tenant;
  std::string type;  ///< "notification", "state", …
  ActorId actor;
  Json data = JsonObject{};
  Time at{};
};

/// Scope = tenant, principal, method, path; kept 7 days.
struct IdempotencyRow {
  std::string scope;
  std::string key;
  std::string body_hash;  ///< keyed: "k1.<id of the master key>.…"; of earlier versions the plain SHA-256
  int status = 0;       ///< HTTP status of the recorded answer
  Json answer = JsonObject{};
  Time at{};
};

/// A tenant's data key, itself sealed under the master key. The newest is the one that seals; older ones still open what they sealed.
struct DataKeyRow {
  std::string id;  ///< hexadecimal; stands in every text that it sealed
  TenantId tenant;
  std::string sealed;
  Time created_at{};
};

/// The key of one actor's personal fields in the journal, sealed under the tenant's data key. It belongs to a customer: who erases the
/// person destroys every key of theirs, and what they sealed can be read by nobody any more.
struct PersonalKeyRow {
  std::string id;
  TenantId tenant;
  std::string customer;  ///< cus_…; of an actor without a customer its own id
  ActorId actor;
  std::string sealed;
  Time created_at{};
};

/// Who saw or erased what, and why. Never the value.
struct AuditRow {
  std::string id;  ///< evt_…
  TenantId tenant;
  Time at{};
  std::string by;      ///< usr_… or the name given on the command line
  std::string role;
  std::string action;  ///< "reveal", "erase", "rotate"
  std::string object;  ///< id of the server, actor or customer
  std::string field;
  std::string note;
};

/// A decision that the mass-action guard has counted.
struct GuardEntry {
  TenantId tenant;
  std::string kind;     ///< of the actor
  ActorId actor;
  Time at{};            ///< engine time
  IncidentId released;  ///< the question whose release let it pass; empty: it passed within the bounds
};

/// What the mass-action guard asks a person: may these timers do what they are about to? While it is not released, timers are held.
/// It stands in the list of incidents too, under the same id (kind "mass_guard", remedies release and keep).
struct GuardQuestion {
  IncidentId id;
  TenantId tenant;
  std::string kind;               ///< of the actors
  std::string why;                ///< "mass", "restore", "downtime", "rest" (of a release up to a number)
  std::string state = "open";     ///< open (a person is asked), kept (answered: hold on), released
  std::int64_t passed = 0;        ///< when it was asked: how many went in the window before,
  std::int64_t bound = 0;         ///< … how many may,
  std::int64_t live = 0;          ///< … and how many actors of the kind there were
  JsonArray examples;             ///< ids of up to ten actors
  JsonArray answers;              ///< in order: how, by, note, at; of a release also number (null: all) and until; of a keep until
  Time asked_at{};
  Time until{};                   ///< kept: asked again then. Released: the same kind passes until then
  std::int64_t number = -1;       ///< released: how many may pass; -1: all
  std::int64_t held = 0;          ///< timers held for it now; told, not written
};

/// Whether automation stands still, for a tenant or for all.
struct StopRow {
  TenantId tenant;   ///< empty: all tenants
  bool on = false;
  std::string by;    ///< usr_…
  std::string note;  ///< why
  Time at{};
};

/// A row that a reference of a workflow points to, with what expressions may read of it.
struct ReferenceRow {
  std::string id;
  std::string kind;            ///< "product" (also called "plan"), "server", or the kind of an actor
  std::int64_t version = 0;    ///< rises with every change
  Json fields = JsonObject{};  ///< product: name, workflow and its attributes; server: name, connector, pool, state; customer: number, name, email, status; actor: status, state, customer and its attributes (which of them are secret its workflow knows)
  std::string workflow;        ///< of an actor
  int revision = 0;            ///< of an actor's workflow
};

/// A value of a workflow's setting that differs from its default.
struct SettingValue {
  enum class Level { tenant, customer_group, product, actor } level = Level::tenant;
  std::string owner;     ///< id of the group, product or actor; empty for the tenant
  std::string workflow;  ///< the workflow that declares it, or its base
  std::string name;
  Json value;            ///< null: the level says nothing any more
  std::string by;        ///< usr_…
  std::string note;
  Time at{};
};

struct ServerRow {
  ServerId id;
  TenantId tenant;
  std::string name;
  std::string connector;
  std::string pool;
  int capacity = 0;           ///< places; 0: no limit
  int used = 0;
  std::string state = "active";  ///< active, drain, maintenance
  Json settings = JsonObject{};  ///< connector settings; secrets sealed
  Time created_at{};
};

struct ProductRow {
  ProductId id;
  TenantId tenant;
  std::string name;
  std::string workflow;
  Json attributes = JsonObject{};  ///< given to the service at its creation
  bool visible = true;
  Time created_at{};
};

/// Numbers first..last (inclusive) of our own, from which id.allocate takes.
struct IdRange {
  TenantId tenant;
  std::string name;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
/// One address of ours, from which ip.allocate takes.
struct AddressRow {
  TenantId tenant;
  std::string pool;
  std::string address;
};

}  // namespace stellwerk::storage
