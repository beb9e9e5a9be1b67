#pragma once
// Who uses the engine: clients of several tenants that keep their promises (a request is repeated under its Idempotency-Key until there is
// an answer), an operator who looks at the vendor before deciding about an incident and answers the mass-action guard, admins who stop
// everything for a while, and whoever breaks a row of the database and repairs it later.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/simulation.hpp"
#include "tests/simulation/vendor.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::simulation {

/// Who is on the machine, and with what.
struct Tenancy {
  TenantId tenant;
  std::vector<ServerId> servers;
};

struct LoadPlan {
  int tenants = 1;     ///< how many of those there are take part
  int ventures = 3;
  int stalls = 0;      ///< rented at once; a timer clears them, which the mass-action guard counts
  int stops = 0;       ///< emergency stops, each for up to four minutes
  int breaks = 0;      ///< rows that nobody can read for some minutes
  int requests = 40;   ///< commands and edits, spread over `span`
  Duration span = std::chrono::minutes{5};
  bool tidy = true;    ///< after that: approve and hand over what waits for a person
};

/// One thing that a client wants, and what it knows of it.
struct Asked {
  enum class Kind { create, command, edit } kind = Kind::command;
  TenantId tenant;       ///< of who asks
  ServerId server;       ///< of a creation
  bool foreign = false;  ///< the actor is another tenant's
  std::string token;     ///< in payload or attributes, so that its traces are found; also the Idempotency-Key
  ActorId actor;         ///< of a command or edit
  std::string name;      ///< of the command; of a creation the workflow
  Json payload = JsonObject{};
  int tries = 0;
  bool done = false;     ///< it has its answer, or nobody asks any more
  bool given_up = false; ///< … without an answer
  std::optional<Result<actors::Answer>> answer;
};

class Load {
 public:
  Load(World& world, Yard& yard, std::vector<Tenancy> tenancies, LoadPlan plan);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Orders everything that is to happen.
  void begin();
  /// A single request, now, for scenarios. The first tenant's, unless it says otherwise.
  std::shared_ptr<Asked> create(const std::string& workflow = "venture", std::size_t tenancy = 0);
  std::shared_ptr<Asked> command(const ActorId& actor, const std::string& name, JsonObject payload = {});
  std::shared_ptr<Asked> edit(const ActorId& venture, const std::string& label);
  /// The tenant's admin turns the emergency stop on or off, as often as it takes.
  void turn(bool on, const TenantId& tenant, bool all, std::function<void()> then);
  /// A row becomes unreadable; `span` later somebody repairs it.
  void break_row(const ActorId& actor, bool revision, Duration span);
  /// The plant of a venture that was created; empty: none yet.
  [[nodiscard]] ActorId plant_of(const ActorId& venture) const;

  /// The operator looks again and again while there is trouble or an incident is open. Call it whenever one may have been opened.
  void keep_watch();
  /// Every request has its answer, and no incident is open that the operator can close.
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] const std::vector<std::shared_ptr<Asked>>& asked() const { return asked_; }
  [[nodiscard]] int remedies() const { return remedies_; }
  /// How often the edge took no more.
  [[nodiscard]] int refusals() const { return refusals_; }

 private:
  [[nodiscard]] static actors::Caller staff(const TenantId& tenant) { return {tenant, "usr_staff", "staff", ""}; }
  [[nodiscard]] static actors::Caller admin(const TenantId& tenant) { return {tenant, "usr_admin", "admin", ""}; }
  [[nodiscard]] const Tenancy& any_tenancy();
  [[nodiscard]] TenantId tenant_of(const ActorId& actor) const;
  std::shared_ptr<Asked> ask(Asked what);
  void send(const std::shared_ptr<Asked>& what);
  void on_answer(const std::shared_ptr<Asked>& what, int number, Result<actors::Answer> answer);
  void look_at_refusal(const Asked& what, const Error& error);
  void again(const std::shared_ptr<Asked>& what);
  void wish();
  void wish_of_plant(const storage::ActorRow& plant);
  void tidy();
  void stop_for_a_while();
  void break_some_row();
  void operate();
  void answer_guard(const storage::IncidentRow& question);
  void remedy(const storage::IncidentRow& incident);
  [[nodiscard]] std::string choose(const storage::IncidentRow& incident);
  [[nodiscard]] std::optional<workflows::Cursor> cursor_of(const ActorId& actor) const;

  World& world_;
  Yard& yard_;
  std::vector<Tenancy> tenancies_;
  LoadPlan plan_;
  Random random_;
  std::vector<std::shared_ptr<Asked>> asked_;
  std::map<IncidentId, int> looked_at_;
  std::map<IncidentId, bool> in_hand_;
  std::map<ActorId, bool> broken_;
  int stops_ = 0;  ///< under way
  int last_token_ = 0;
  int remedies_ = 0;
  int refusals_ = 0;
  int tidied_ = 0;
  bool watching_ = false;
};

}  // namespace stellwerk::simulation
