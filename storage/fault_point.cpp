#include "storage/fault_point.hpp"

#ifdef STELLWERK_FAULT_POINTS

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace stellwerk::storage {
namespace {

struct CrashAt {
  std::string kind;
  std::uint64_t count = 0;  ///< 0: never
};

CrashAt read_environment() {
  const char* text = std::getenv("STELLWERK_CRASH_AT");
  if (text == nullptr) return {};
  const std::string_view whole{text};
  const auto colon = whole.find(':');
  if (colon == std::string_view::npos) return {};
  CrashAt at{std::string{whole.substr(0, colon)}, 0};
  std::from_chars(whole.data() + colon + 1, whole.data() + whole.size(), at.count);
  return at;
}

}  // namespace

void fault_point(std::string_view kind) {
  static const CrashAt crash_at = read_environment();
  static std::atomic<std::uint64_t> seen{0};
  if (crash_at.count == 0 || kind != crash_at.kind) return;
  if (seen.fetch_add(1) + 1 == crash_at.count) ::_exit(137);  // as a kill -9 would: no destructor, no flush
}

}  // namespace stellwerk::storage

#endif
