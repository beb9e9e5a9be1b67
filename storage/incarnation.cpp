#include "storage/incarnation.hpp"

#include <fmt/format.h>

namespace stellwerk::storage {

Error no_incarnation() {
  return {ErrorCode::cancelled, "this session has no incarnation; begin_incarnation() or use_incarnation() comes first", "fenced"};
}

Error incarnation_ended(const std::string& incarnation) {
  return {ErrorCode::cancelled, fmt::format("incarnation {} was ended by another process; this node may not write any more", incarnation), "fenced"};
}

Error database_held(const std::string& host, const std::string& incarnation) {
  return {ErrorCode::conflict, fmt::format("host {} holds the database (incarnation {}) and is alive; stop it, or wait until its lease is silent", host, incarnation), "held"};
}

}  // namespace stellwerk::storage
