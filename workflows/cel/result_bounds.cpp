#include "workflows/cel/result_bounds.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::size_t bytes_per_value = 16;

bool fits(const Value& value, std::size_t& left, int depth) {
  std::size_t own = bytes_per_value;
  if (value.kind() == Kind::string || value.kind() == Kind::bytes) own += value.as_string().size();
  if (own > left || depth > max_result_depth) return false;
  left -= own;
  if (value.kind() == Kind::list) {
    for (const Value& item : value.as_list()) {
      if (!fits(item, left, depth + 1)) return false;
    }
  }
  if (value.kind() == Kind::map) {
    for (const auto& [key, member] : value.as_map()) {
      if (!fits(key, left, depth + 1) || !fits(member, left, depth + 1)) return false;
    }
  }
  return true;
}

}  // namespace

bool check_result(const Value& value, std::size_t bytes, Run& run) { return fits(value, bytes, 0) || run.exhausted("memory for its result"); }

}  // namespace stellwerk::workflows::cel
