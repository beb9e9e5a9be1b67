#include "app/remote.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <utility>

namespace stellwerk::app {
namespace {

Result<std::string> read_password(const std::string& file) {
  std::string line;
  if (file == "-") {
    std::getline(std::cin, line);
  } else {
    std::ifstream in{file};
    if (!in) return fail(ErrorCode::not_found, fmt::format("the password file {} cannot be read", file));
    std::getline(in, line);
  }
  if (line.empty()) return fail(ErrorCode::invalid_argument, fmt::format("the password file {} is empty; its first line is the password", file));
  return line;
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
  command.add_option("--url", options.url, "where the server listens")->capture_default_str();
  command.add_option("--user", options.user, "e-mail address of a staff or admin account (else the token in $STELLWERK_TOKEN)");
  command.add_option("--password-file", options.password_file, "file whose first line is the password; - for standard input");
  command.add_option("--pin", options.pin, "SHA-256 of the server's certificate, instead of the usual verification");
}

Remote::Remote(const RemoteOptions& options) : url_{options.url}, pin_{options.pin}, driver_{connectors::make_http_driver()} {
  while (url_.ends_with('/')) url_.pop_back();
}

Result<Remote> Remote::open(const RemoteOptions& options) {
  Remote remote{options};
  if (options.user.empty()) {
    const char* token = std::getenv("STELLWERK_TOKEN");
    if (token == nullptr || *token == '\0')
      return fail(ErrorCode::invalid_argument, "who asks? Give --user and --password-file of a staff account, or a token in $STELLWERK_TOKEN");
    remote.token_ = token;
    return remote;
  }
  STELLWERK_TRY(const auto password, read_password(options.password_file.empty() ? "-" : options.password_file));
  STELLWERK_TRY(const auto answer, remote.post("/api/admin/login", JsonObject{{"email", options.user}, {"password", password}}));
  remote.token_ = text_of(answer, "token");
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
    return fail(ErrorCode::unavailable, fmt::format("no answer from {}: {}", url_, response.failure_text));
  auto json = response.body.empty() ? Result<Json>{Json(JsonObject{})} : parse_json(response.body, 16U << 20);
  if (response.status >= 200 && response.status < 300) return json;
  return fail(error_of(response.status, method, path, json ? *json : Json(JsonObject{})));
}

}  // namespace stellwerk::app
