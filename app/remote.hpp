#pragma once
// A running server, asked over its API by a command of this binary.

#include <memory>
#include <string>

#include "connectors/driver.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace CLI {
class App;
}

namespace stellwerk::app {

/// How a command reaches the server and who it is there.
struct RemoteOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string user;           ///< e-mail address of a staff or admin account; empty: the token of $STELLWERK_TOKEN
  std::string password_file;  ///< first line; "-": standard input
  std::string pin;            ///< SHA-256 of the server's certificate
};

/// --url, --user, --password-file, --pin.
void add_remote_options(CLI::App& command, RemoteOptions& options);

class Remote {
 public:
  /// Logs in. Errors: unavailable (nobody answers), unauthenticated, invalid_argument (no account and no token given).
  [[nodiscard]] static Result<Remote> open(const RemoteOptions& options);

  /// The body of a 2xx answer. Errors: what the problem document says, with its fields; unavailable when nobody answers.
  [[nodiscard]] Result<Json> get(const std::string& path) { return send("GET", path, {}); }
  [[nodiscard]] Result<Json> post(const std::string& path, const Json& body) { return send("POST", path, dump_json(body)); }

 private:
  explicit Remote(const RemoteOptions& options);
  [[nodiscard]] Result<Json> send(const std::string& method, const std::string& path, std::string body);

  std::string url_, pin_, token_;
  std::shared_ptr<connectors::Driver> driver_;
};

/// A text as it may stand in a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace stellwerk::app
