#pragma once
// Who uses the engine: clients that keep their promises (a request is repeated under its Idempotency-Key until there is an answer), and
// an operator who looks at the vendor before deciding about an incident.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/simulation.hpp"
#include "tests/simulation/vendor.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::simulation {

struct LoadPlan {
  int ventures = 3;
  int requests = 40;   ///< commands and edits, spread over `span`
  Duration span = std::chrono::minutes{5};
  bool tidy = true;    ///< after that: approve and hand over what waits for a person
};

/// One thing that a client wants, and what it knows of it.
struct Asked {
  enum class Kind { create, command, edit } kind = Kind::command;
  std::string token;     ///< in payload or attributes, so that its traces are found; also the Idempotency-Key
  ActorId actor;         ///< of a command or edit
  std::string name;      ///< of the command
  Json payload = JsonObject{};
  int tries = 0;
  bool done = false;     ///< it has its answer, or nobody asks any more
  bool given_up = false; ///< … without an answer
  std::optional<Result<actors::Answer>> answer;
};

class Load {
 public:
  Load(World& world, Yard& yard, TenantId tenant, ServerId server, LoadPlan plan);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Orders everything that is to happen.
  void begin();
  /// A single request, now, for scenarios.
  std::shared_ptr<Asked> create();
  std::shared_ptr<Asked> command(const ActorId& actor, const std::string& name, JsonObject payload = {});
  std::shared_ptr<Asked> edit(const ActorId& venture, const std::string& label);
  /// The plant of a venture that was created; empty: none yet.
  [[nodiscard]] ActorId plant_of(const ActorId& venture) const;

  /// The operator looks again and again while there is trouble or an incident is open. Call it whenever one may have been opened.
  void keep_watch();
  /// Every request has its answer, and no incident is open that the operator can close.
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] const std::vector<std::shared_ptr<Asked>>& asked() const { return asked_; }
  [[nodiscard]] int remedies() const { return remedies_; }

 private:
  [[nodiscard]] actors::Caller staff() const;
  std::shared_ptr<Asked> ask(Asked what);
  void send(const std::shared_ptr<Asked>& what);
  void on_answer(const std::shared_ptr<Asked>& what, int number, Result<actors::Answer> answer);
  void again(const std::shared_ptr<Asked>& what);
  void wish();
  void wish_of_plant(const storage::ActorRow& plant);
  void tidy();
  void operate();
  void remedy(const storage::IncidentRow& incident);
  [[nodiscard]] std::string choose(const storage::IncidentRow& incident);
  [[nodiscard]] std::optional<workflows::Cursor> cursor_of(const ActorId& actor) const;

  World& world_;
  Yard& yard_;
  TenantId tenant_;
  ServerId server_;
  LoadPlan plan_;
  Random random_;
  std::vector<std::shared_ptr<Asked>> asked_;
  std::map<IncidentId, int> looked_at_;
  std::map<IncidentId, bool> in_hand_;
  int last_token_ = 0;
  int remedies_ = 0;
  int tidied_ = 0;
  bool watching_ = false;
};

}  // namespace stellwerk::simulation
