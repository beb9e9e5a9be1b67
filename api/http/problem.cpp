#include "api/http/problem.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "api/http/response.hpp"

namespace stellwerk::http {
namespace {

Response render(int status, std::string_view type, std::string_view detail, std::string_view trace_id, JsonArray errors, std::chrono::seconds retry_after = {}) {
  JsonObject document{{"type", "/problems/" + std::string{type}}, {"title", standard_reason(status)}, {"status", status}, {"detail", detail}};
  if (!trace_id.empty()) document["trace_id"] = trace_id;
  if (!errors.empty()) document["errors"] = std::move(errors);
  auto response = json_response(status, Json(std::move(document)));
  response.headers = {{"Content-Type", "application/problem+json"}};
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(retry_after.count(), 1)));
  return response;
}

}  // namespace

int status_of(ErrorCode code) {
  using enum ErrorCode;
  switch (code) {
    case invalid_argument: return 422;
    case malformed: return 400;
    case unauthenticated: return 401;
    case permission_denied: return 403;
    case not_found: return 404;
    case conflict: return 409;
    case gone: return 410;
    case precondition_failed: return 412;
    case resource_exhausted: return 429;
    case unavailable: return 503;
    case deadline_exceeded: return 504;
    case cancelled: return 503;
    case internal: return 500;
  }
  return 500;
}

Response json_response(int status, const Json& body) { return Response{.status = status, .headers = {{"Content-Type", "application/json"}}, .body = dump_json(body)}; }

Response problem_response(const Error& error, std::string_view trace_id) {
  JsonArray errors;
  for (const auto& field : error.fields) errors.push_back(JsonObject{{"pointer", field.pointer}, {"message", field.message}});
  // what went wrong inside is for the log; the trace id leads there. What is wrong with an input is told to the bottom.
  const std::string detail = error.code == ErrorCode::internal           ? "an internal error; the log has it under this trace id"
                             : error.code == ErrorCode::invalid_argument ? describe(error)
                                                                         : error.message;
  const auto type = error.reason.empty() ? to_string(error.code) : std::string_view{error.reason};
  return render(status_of(error.code), type, detail, trace_id, std::move(errors), error.retry_after);
}

Response protocol_problem(int status, std::string_view detail, std::string_view trace_id) {
  std::string slug;
  for (const char c : standard_reason(status)) slug += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : (c == ' ' || c == '-' ? '_' : c);
  return render(status, slug, detail, trace_id, {});
}

}  // namespace stellwerk::http
