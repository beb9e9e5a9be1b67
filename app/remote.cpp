#include "app/remote.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <string_view>
#include <utility>

#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

/// What is typed is not shown as long as this lives; nothing is changed where nobody types.
class Unseen {
 public:
  Unseen() : typed_{tcgetattr(STDIN_FILENO, &before_) == 0} {
    if (!typed_) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Unseen() {
    if (typed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool typed_;
};

/// From standard input, asked for when a person sits there.
Result<std::string> ask_password(const std::string& user) {
  const bool person = isatty(STDIN_FILENO) != 0;
  if (person) fmt::print(stderr, "password of {}: ", user);
  std::string line;
  {
    const Unseen unseen;
    std::getline(std::cin, line);
  }
  if (person) fmt::print(stderr, "\n");
  if (line.empty()) return fail(ErrorCode::invalid_argument, fmt::format("standard input has no password of {}; write it there, or into the first line of a file (--password-file)", user));
  return line;
}

Result<std::string> read_password(const std::string& user, const std::string& file) {
  if (file.empty() || file == "-") return ask_password(user);
  std::string line;
  std::ifstream in{file};
  if (!in) return fail(ErrorCode::not_found, fmt::format("the password file {} cannot be read", file));
  std::getline(in, line);
  if (line.empty()) return fail(ErrorCode::invalid_argument, fmt::format("the password file {} is empty; its first line is the password", file));
  return line;
}

/// The URL that was given, or that of the settings.
Result<std::string> server_url(const RemoteOptions& options) {
  if (options.url.empty()) {
    const auto settings = read_settings(options.config_file);
    if (!settings) return fail(ErrorCode::invalid_argument, "the settings do not say where the server listens; mend them, or give --url");
    auto url = own_url(*settings);
    if (url.ends_with("PORT")) return fail(ErrorCode::invalid_argument, fmt::format("the server takes any free port (setting http.listen: {}); give --url with the one that it told at its start", settings->http.listen));
    return url;
  }
  const auto scheme = options.url.find("://");
  if (scheme == std::string::npos) return "http://" + options.url;
  if (options.url.starts_with("http://") || options.url.starts_with("https://")) return options.url;
  return fail(ErrorCode::invalid_argument, fmt::format("--url: a server is not reached by {}; write http://HOST:PORT or https://HOST", options.url.substr(0, scheme + 3)));
}

/// What is probably wrong when it is not a Stellwerk that answers.
const char* hint_for(std::string_view url, std::string_view why) {
  if (url.starts_with("https://") && why.find("wrong version number") != std::string_view::npos) return "; does it speak http:// there?";
  return "";
}

/// The error that a problem document stands for.
Error error_of(int status, const std::string& method, const std::string& path, const Json& problem) {
  auto code = ErrorCode::internal;
  if (status == 401) code = ErrorCode::unauthenticated;
  else if (status == 403) code = ErrorCode::permission_denied;
  else if (status == 404) code = ErrorCode::not_found;
  else if (status == 409) code = ErrorCode::conflict;
  else if (status == 400 || status == 422) code = ErrorCode::invalid_argument;
  else if (status == 429) code = ErrorCode::resource_exhausted;
  else if (status == 503) code = ErrorCode::unavailable;
  auto text = text_of(problem, "detail");
  if (text.empty()) text = text_of(problem, "title");
  Error error{code, fmt::format("{} {} was answered {}{}{}", method, path, status, text.empty() ? "" : ": ", text)};
  if (const auto* fields = find_member(problem, "errors"); fields != nullptr && fields->is_array())
    for (const auto& field : fields->get_array()) error.fields.push_back({text_of(field, "pointer"), text_of(field, "message")});
  return error;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

void add_remote_options(CLI::App& command, RemoteOptions& options) {
  command.add_option("--config", options.config_file, "settings file");
  command.add_option("--url", options.url, "where the server listens (else as the setting http.listen says)");
  command.add_option("--user", options.user, "e-mail address of a staff or admin account (else the token in $STELLWERK_TOKEN)");
  command.add_option("--password-file", options.password_file, "file whose first line is the password (else, and for -, it is read from standard input)");
  command.add_option("--pin", options.pin, "SHA-256 of the server's certificate, instead of the usual verification");
}

std::string own_url(const config::Settings& settings) {
  const auto& listen = settings.http.listen;
  const auto colon = listen.rfind(':');
  auto host = listen.substr(0, colon), port = listen.substr(colon + 1);
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return fmt::format("http://{}:{}", host, port == "0" ? "PORT" : port);
}

Remote::Remote(std::string url, const std::string& pin) : url_{std::move(url)}, pin_{pin}, driver_{connectors::make_http_driver()} {
  while (url_.ends_with('/')) url_.pop_back();
}

Result<Remote> Remote::open(const RemoteOptions& options) {
  STELLWERK_TRY(auto url, server_url(options));
  Remote remote{std::move(url), options.pin};
  if (options.user.empty()) {
    const char* token = std::getenv("STELLWERK_TOKEN");
    if (token == nullptr || *token == '\0')
      return fail(ErrorCode::invalid_argument, "who asks? Give --user and --password-file of a staff account, or a token in $STELLWERK_TOKEN");
    remote.token_ = token;
    remote.token_given_ = true;
    return remote;
  }
  STELLWERK_TRY(const auto password, read_password(options.user, options.password_file));
  auto answer = remote.post("/api/admin/login", JsonObject{{"email", options.user}, {"password", password}});
  if (!answer && answer.error().code == ErrorCode::not_found)
    return wrap(std::move(answer).error(), fmt::format("{} is not the address of a Stellwerk; give --url without a path, such as http://127.0.0.1:8080", remote.url_));
  if (!answer) return fail(std::move(answer).error());
  remote.token_ = text_of(*answer, "token");
  return remote;
}

Result<Json> Remote::send(const std::string& method, const std::string& path, std::string body) {
  connectors::DriverRequest request{.method = method, .url = url_ + path, .headers = {{"accept", "application/json"}}, .body = std::move(body), .pin = pin_,
                                    .timeout = std::chrono::seconds{60}, .key = {}};
  if (!request.body.empty()) request.headers.emplace_back("content-type", "application/json");
  if (!token_.empty()) request.headers.emplace_back("authorization", "Bearer " + token_);
  auto promise = std::make_shared<std::promise<connectors::DriverResponse>>();
  auto answered = promise->get_future();
  driver_->send(std::move(request), [promise](connectors::DriverResponse response) { promise->set_value(std::move(response)); });
  const auto response = answered.get();
  if (response.failure != connectors::DriverResponse::Failure::none)
    return fail(ErrorCode::unavailable, fmt::format("no answer from {}: {}{}", url_, response.failure_text, hint_for(url_, response.failure_text)));
  auto json = response.body.empty() ? Result<Json>{Json(JsonObject{})} : parse_json(response.body, 16U << 20);
  if (response.status >= 200 && response.status < 300) return json;
  auto error = error_of(response.status, method, path, json ? *json : Json(JsonObject{}));
  if (token_given_ && response.status == 401) return wrap(std::move(error), "the token in $STELLWERK_TOKEN does not count (one lives for fifteen minutes); log in again, or give --user");
  return fail(std::move(error));
}

}  // namespace stellwerk::app
