#include "core/error.hpp"

namespace stellwerk {

std::string_view to_string(ErrorCode code) {
  using enum ErrorCode;
  switch (code) {
    case invalid_argument: return "invalid_argument";
    case malformed: return "malformed";
    case unauthenticated: return "unauthenticated";
    case permission_denied: return "permission_denied";
    case not_found: return "not_found";
    case conflict: return "conflict";
    case gone: return "gone";
    case precondition_failed: return "precondition_failed";
    case resource_exhausted: return "resource_exhausted";
    case unavailable: return "unavailable";
    case deadline_exceeded: return "deadline_exceeded";
    case cancelled: return "cancelled";
    case internal: return "internal";
  }
  return "internal";
}

bool is_transient(ErrorCode code) {
  return code == ErrorCode::resource_exhausted || code == ErrorCode::unavailable;
}

std::string describe(const Error& error) {
  std::string text = error.message;
  for (const Error* cause = error.cause.get(); cause != nullptr; cause = cause->cause.get()) text += ": " + cause->message;
  return text;
}

}  // namespace stellwerk
