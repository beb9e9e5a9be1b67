#pragma once
// The REST API: routes over Client. Every route declares who may call it; one that does not cannot be added.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/client.hpp"
#include "api/http/server.hpp"
#include "config/secret.hpp"
#include "config/settings.hpp"

namespace stellwerk::api {

/// Who may call a route. customer: customers and resellers, for what is theirs. staff includes admin.
enum class Access { open, customer, staff, anyone_known };

/// A request with its caller, on its way to an answer.
struct Call {
  http::Request request;
  http::Reply reply;
  actors::Caller caller;

  [[nodiscard]] const std::string& param(std::string_view name) const { return request.param(name); }
  /// Staff and admins. What others may see goes by this and never by an empty `caller.customer`.
  [[nodiscard]] bool is_staff() const { return caller.role == "staff" || caller.role == "admin"; }
  /// Whether the caller may know of something that belongs to `customer`.
  [[nodiscard]] bool may_see(const std::string& customer) const { return is_staff() || (!customer.empty() && customer == caller.customer); }
  /// The body as a JSON object ("" counts as {}); no text in it holds U+0000. Errors: malformed, invalid_argument.
  [[nodiscard]] Result<Json> body() const;
  /// `Idempotency-Key`, if given: 1..255 visible characters. Errors: invalid_argument.
  [[nodiscard]] Result<std::optional<actors::Idempotency>> idempotency() const;
  /// `?wait=PT30S`, at most 60 s. Errors: invalid_argument.
  [[nodiscard]] Result<Duration> wait() const;
  /// `?limit=1..200&after=<id>`. Errors: invalid_argument.
  [[nodiscard]] Result<actors::PageRequest> page() const;
  /// A problem document; a 401 says which scheme is wanted (RFC 9110 section 11.6.1).
  void refuse(const Error& error) const;
};

struct Options {
  TenantId tenant;
  config::SigningKey signing_key;
  std::string metrics_allow;  ///< as Networks::parse() takes it; a text that it refuses allows nobody, and the log says so
};

class Api {
 public:
  Api(actors::Client& client, Options options) : client_{client}, options_{std::move(options)} {}

  using Handler = std::function<void(Api&, Call&&)>;
  void add(http::Method method, std::string pattern, Access access, Handler handler);
  /// Hands the router over; call once, after all routes were added.
  [[nodiscard]] http::Router take_router() { return std::move(router_); }
  struct Declared {
    http::Method method;
    std::string pattern;
    Access access;
  };
  [[nodiscard]] const std::vector<Declared>& declared() const { return declared_; }

  [[nodiscard]] actors::Client& client() { return client_; }
  [[nodiscard]] const Options& options() const { return options_; }

  /// Runs the question on a reader session and answers its JSON with `status`.
  void answer(Call&& call, std::function<Result<Json>(actors::Views&, const Call&)> question, int status = 200);
  /// The callback that answers a command or creation. `collection`: path of the new thing's kind with a '/' at its end, for Location.
  [[nodiscard]] static actors::AnswerCallback reply_to(const http::Reply& reply, std::string collection = {});

 private:
  actors::Client& client_;
  Options options_;
  http::Router router_;
  std::vector<Declared> declared_;
};

/// All routes of the product.
[[nodiscard]] std::unique_ptr<Api> make_api(actors::Client& client, Options options);
/// Of a process that waits for its turn: health, readiness and metrics; everything else is 503 "standby".
[[nodiscard]] http::Router make_standby_router(const std::string& metrics_allow);

// one file of routes/ each
void add_health_routes(Api& api);
void add_login_routes(Api& api);
void add_ticket_routes(Api& api);
void add_service_routes(Api& api);
void add_order_routes(Api& api);
void add_run_routes(Api& api);
void add_event_routes(Api& api);
void add_incident_routes(Api& api);
void add_doctor_routes(Api& api);
void add_customer_routes(Api& api);
void add_catalog_routes(Api& api);
void add_setting_routes(Api& api);
void add_guard_routes(Api& api);
void add_backup_routes(Api& api);
void add_secret_routes(Api& api);
void add_sandbox_routes(Api& api);

}  // namespace stellwerk::api
