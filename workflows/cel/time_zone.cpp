// The only file that knows the time-zone library. Zone data comes from the operating system.
#ifndef USE_OS_TZDB
#define USE_OS_TZDB 1
#endif
#include <date/tz.h>

#include <fmt/format.h>

#include <stdexcept>

#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

/// "+02:00", "-09:30", "02:00"; nothing when `zone` is a name.
std::optional<std::int64_t> fixed_offset(std::string_view zone) {
  const bool minus = zone.starts_with('-');
  if (minus || zone.starts_with('+')) zone.remove_prefix(1);
  const auto digit = [&](std::size_t i) { return zone[i] >= '0' && zone[i] <= '9'; };
  if (zone.size() != 5 || zone[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hours = (zone[0] - '0') * 10 + zone[1] - '0', minutes = (zone[3] - '0') * 10 + zone[4] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (minus ? -1 : 1) * (hours * 3'600 + minutes * 60);
}

Result<const date::time_zone*> find_zone(std::string_view name) {
  // the library throws for unknown names and for unreadable zone data
  try {
    return date::locate_zone(std::string{name});
  } catch (const std::runtime_error&) {
    return fail(ErrorCode::invalid_argument, fmt::format("unknown time zone '{}'; write a name like Europe/Berlin or an offset like +01:00", name.substr(0, 64)));
  }
}

}  // namespace

Result<std::int64_t> offset_at(std::string_view zone, std::int64_t seconds) {
  if (zone == "UTC" || zone == "Z") return std::int64_t{0};
  if (const auto fixed = fixed_offset(zone)) return *fixed;
  STELLWERK_TRY(const auto* found, find_zone(zone));
  return found->get_info(date::sys_seconds{std::chrono::seconds{seconds}}).offset.count();
}

Result<std::int64_t> moment_of(std::string_view zone, std::int64_t local_seconds) {
  if (zone == "UTC" || zone == "Z") return local_seconds;
  if (const auto fixed = fixed_offset(zone)) return local_seconds - *fixed;
  STELLWERK_TRY(const auto* found, find_zone(zone));
  const auto info = found->get_info(date::local_seconds{std::chrono::seconds{local_seconds}});
  return local_seconds - info.first.offset.count();
}

}  // namespace stellwerk::workflows::cel
