// From a request of the file to the bytes a driver sends.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "connectors/execution_parts.hpp"

namespace stellwerk::connectors {
namespace {

Result<cel::Value> evaluate(const cel::Template& from, const std::vector<cel::Value>& frame, const std::string& what) {
  auto value = from.evaluate(frame, answer_budget);
  if (!value) return wrap(std::move(value).error(), fmt::format("make {} of the request", what));
  return value;
}

Result<std::string> pairs(const NamedTemplates& from, const std::vector<cel::Value>& frame, const std::string& what) {
  std::string text;
  for (const auto& [name, value_of] : from) {
    STELLWERK_TRY(const auto value, evaluate(value_of, frame, fmt::format("{} '{}'", what, name)));
    if (value.is_null()) continue;
    if (!text.empty()) text += '&';
    text += percent_encode(name) + '=' + percent_encode(cel::to_text(value));
  }
  return text;
}

Result<void> add_headers(DriverRequest& request, const NamedTemplates& from, const std::vector<cel::Value>& frame) {
  for (const auto& [name, value_of] : from) {
    STELLWERK_TRY(const auto value, evaluate(value_of, frame, fmt::format("header '{}'", name)));
    if (value.is_null()) continue;
    auto text = cel::to_text(value);
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; })) {
      return fail(ErrorCode::invalid_argument, fmt::format("the value of header '{}' holds a control character", name));
    }
    request.headers.emplace_back(name, std::move(text));
  }
  return {};
}

/// A value that an expression put into the path must not lead elsewhere.
Result<void> check_path(const std::string& path) {
  if (!path.starts_with('/')) return fail(ErrorCode::invalid_argument, "the path of the request does not begin with '/'");
  if (std::any_of(path.begin(), path.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '?' || c == '#' || c == '\\'; })) {
    return fail(ErrorCode::invalid_argument, "the path of the request holds a character that must be encoded; use url() around the value");
  }
  if (path.find("/../") != std::string::npos || path.ends_with("/..") || path.find("//") != std::string::npos) {
    return fail(ErrorCode::invalid_argument, "the path of the request has an empty or upward segment; is a value empty?");
  }
  return {};
}

bool has_header(const DriverRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(), [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  });
}

Result<void> add_body(DriverRequest& request, const RequestSpec& spec, const std::vector<cel::Value>& frame) {
  const char* type = nullptr;
  if (!spec.form.empty()) {
    STELLWERK_TRY(request.body, pairs(spec.form, frame, "form field"));
    type = "application/x-www-form-urlencoded";
  } else if (spec.json) {
    STELLWERK_TRY(const auto value, evaluate(spec.json, frame, "the JSON body"));
    request.body = dump_json(cel::to_json(value));
    type = "application/json";
  } else if (spec.body) {
    STELLWERK_TRY(const auto value, evaluate(spec.body, frame, "the body"));
    request.body = cel::to_text(value);
    type = "text/plain; charset=utf-8";
  }
  if (type != nullptr && !has_header(request, "content-type")) request.headers.emplace_back("Content-Type", type);
  return {};
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += static_cast<char>(c);
    } else {
      encoded += fmt::format("%{:02X}", c);
    }
  }
  return encoded;
}

Result<DriverRequest> build_request(const Connector::Definition& definition, const RequestSpec& spec, const Call& call, const std::vector<cel::Value>& frame) {
  DriverRequest request;
  request.method = spec.method;
  request.timeout = call.attempt_timeout;
  STELLWERK_TRY(const auto path_value, evaluate(spec.path, frame, "the path"));
  const auto path = cel::to_text(path_value);
  STELLWERK_CHECK(check_path(path));
  if (const auto base = call.settings.find("base_url"); base != call.settings.end() && base->second.is_string()) {
    request.url = as_view(base->second.get_string());
    while (request.url.ends_with('/')) request.url.pop_back();
  } else if (definition.driver == "http") {
    return fail(ErrorCode::invalid_argument, "the server has no setting 'base_url'");
  }
  request.url += path;
  STELLWERK_TRY(const auto query, pairs(spec.query, frame, "query"));
  if (!query.empty()) request.url += '?' + query;
  STELLWERK_CHECK(add_headers(request, definition.auth_headers, frame));
  STELLWERK_CHECK(add_headers(request, spec.headers, frame));
  if (spec.parse == Parse::json && !has_header(request, "accept")) request.headers.emplace_back("Accept", "application/json");
  STELLWERK_CHECK(add_body(request, spec, frame));
  if (definition.pin) {
    STELLWERK_TRY(const auto pin, evaluate(definition.pin, frame, "the certificate's fingerprint"));
    request.pin = cel::to_text(pin);
  }
  return request;
}

}  // namespace stellwerk::connectors
