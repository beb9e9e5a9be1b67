#pragma once
// The typed form of a connector file, and the execution of its operations as a pure machine: request out, response in.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "config/secret.hpp"
#include "config/yaml.hpp"
#include "connectors/driver.hpp"
#include "connectors/outcome.hpp"
#include "workflows/catalog.hpp"

namespace stellwerk::connectors {

/// How many attempts may be in flight, by what they share.
struct Limit {
  int in_flight = 8;
  std::string shared = "server";        ///< "server", "installation", or a text with `${…}` over input (evaluated by limit_key())
  std::vector<std::string> operations;  ///< `for`: simple operation names; empty: all
};

/// One connector file. Immutable, any thread.
class Connector {
 public:
  struct Definition;  // typed operations, lookups, polls, outcome lists: connectors/definition.hpp
  explicit Connector(std::shared_ptr<const Definition> definition);
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& driver() const;  ///< "http" or "noop"
  /// Signatures for the catalogue, named "<connector>.<operation>".
  [[nodiscard]] std::vector<workflows::OperationSignature> signatures() const;
  /// Settings of a server: types and which are secret.
  [[nodiscard]] const std::vector<workflows::Field>& settings() const;
  [[nodiscard]] const std::vector<Limit>& limits() const;
  [[nodiscard]] const Definition& definition() const { return *definition_; }

 private:
  std::shared_ptr<const Definition> definition_;
};

[[nodiscard]] tl::expected<std::shared_ptr<const Connector>, std::vector<config::Problem>> load_connector(const std::string& file_name, const std::string& text);

/// What one attempt is to do.
struct Call {
  std::string operation;  ///< without the connector's name: "create_vm"
  int sub = -1;           ///< entry of a composite operation
  Json input = JsonObject{};  ///< frozen input of the (composite) operation
  std::map<std::string, Json> settings;          ///< of the server, without secrets
  std::map<std::string, config::Secret> secrets; ///< of the server; masked in every text that leaves the execution
  std::string actor_id;
  std::string key;
  enum class Mode {
    execute,  ///< lookups, ownership, request, reading of the answer
    /// Unclear: only look (probe, or the lookups of a `sets`); answers already/pending/not_done/conflict/…; `retry` and
    /// `retry_after` say that nothing could be seen yet: look again.
    observe,
    /// A handle is known: ask for the task once. `pending` also when asking failed (its code says why): ask again; `retry` says that
    /// the task ended without effect: execute again; `unclear` that the vendor does not know it: observe.
    poll,
  } mode = Mode::execute;
  std::string handle;
  Duration attempt_timeout = std::chrono::seconds{30};
};

/// One attempt as a machine: start() and on_response() give the next request to send, or the outcome. No I/O, no clock.
class Execution {
 public:
  struct Send {
    DriverRequest request;
    bool changing = false;  ///< bytes of this one may have an effect
  };
  using Next = std::variant<Send, Outcome>;

  Execution(std::shared_ptr<const Connector> connector, Call call);
  ~Execution();
  Execution(Execution&&) noexcept;
  Execution& operator=(Execution&&) noexcept;
  [[nodiscard]] Next start();
  [[nodiscard]] Next on_response(const DriverResponse& response);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Delay before the `n`-th poll (n from 1) of the operation's task.
[[nodiscard]] Duration poll_delay(const Connector& connector, const Call& call, int n);
/// The value of a limit's `shared` for this call ("" when the limit does not apply to it).
[[nodiscard]] std::string limit_key(const Connector& connector, const Limit& limit, const Call& call, const std::string& server_id);

/// The reason phrase, code or body text with every secret of the call replaced by "***".
[[nodiscard]] std::string mask(std::string text, const std::map<std::string, config::Secret>& secrets);

}  // namespace stellwerk::connectors
