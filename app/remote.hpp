#pragma once
// A running server, asked over its API by a command of this binary.

#include <memory>
#include <string>

#include "config/settings.hpp"
#include "connectors/driver.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace CLI {
class App;
}

namespace stellwerk::app {

/// How a command reaches the server and who it is there.
struct RemoteOptions {
  std::string config_file;    ///< of the settings, which say where a server on this host listens
  std::string url;            ///< empty: as the settings say
  std::string user;           ///< e-mail address of a staff or admin account; empty: the token of $STELLWERK_TOKEN
  std::string password_file;  ///< first line; "-": standard input
  std::string pin;            ///< SHA-256 of the server's certificate
};

/// --config, --url, --user, --password-file, --pin.
void add_remote_options(CLI::App& command, RemoteOptions& options);

class Remote {
 public:
  /// Logs in. Errors: unavailable (nobody answers), unauthenticated, invalid_argument (no account and no token given).
  [[nodiscard]] static Result<Remote> open(const RemoteOptions& options);

  /// The body of a 2xx answer. Errors: what the problem document says, with its fields; unavailable when nobody answers.
  [[nodiscard]] Result<Json> get(const std::string& path) { return send("GET", path, {}); }
  [[nodiscard]] Result<Json> post(const std::string& path, const Json& body) { return send("POST", path, dump_json(body)); }

 private:
  Remote(std::string url, const std::string& pin);
  [[nodiscard]] Result<Json> send(const std::string& method, const std::string& path, std::string body);

  std::string url_, pin_, token_;
  bool token_given_ = false;  ///< in the environment
  std::shared_ptr<connectors::Driver> driver_;
};

/// Where the server of these settings is reached from its own host, with http:// before it; port 0, a free one, becomes PORT.
[[nodiscard]] std::string own_url(const config::Settings& settings);

/// A text as it may stand in a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace stellwerk::app
