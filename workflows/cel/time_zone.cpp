// The only file that knows the time-zone library. Zone data comes from the operating system.
#ifndef USE_OS_TZDB
#define USE_OS_TZDB 1
#endif
#include <date/tz.h>

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>

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

/// A stretch of time in which a zone's clocks keep one offset, in seconds of UTC.
struct Spell {
  std::int64_t begin = 0, end = 0;  ///< nothing when equal
  std::int64_t offset = 0;
};

/// The zones a thread asked for last, and what it was told of them: locating one by its name allocates and searches, as does asking
/// for an offset, and a tenant asks for the same ones all day.
struct Located {
  std::string name;
  const date::time_zone* zone = nullptr;
  std::array<Spell, 4> spells;
  std::size_t oldest = 0;

  const Spell& spell_at(std::int64_t seconds) {
    for (const auto& spell : spells)
      if (seconds >= spell.begin && seconds < spell.end) return spell;
    const auto info = zone->get_info(date::sys_seconds{std::chrono::seconds{seconds}});
    auto& spell = spells[oldest];
    oldest = (oldest + 1) % spells.size();
    spell = {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(), info.offset.count()};
    return spell;
  }
  /// The spell in which this local time lies, when it is far from its ends: no clock leaves out or repeats more than a day.
  const Spell* spell_of_local(std::int64_t local_seconds) const {
    constexpr std::int64_t day = 86'400;
    for (const auto& spell : spells) {
      const auto seconds = local_seconds - spell.offset;
      if (spell.end - spell.begin > 2 * day && seconds >= spell.begin + day && seconds < spell.end - day) return &spell;
    }
    return nullptr;
  }
};
constexpr std::size_t most_located = 4;

Located& locate(std::string_view name) {
  thread_local std::array<Located, most_located> located;
  thread_local std::size_t oldest = 0;
  for (auto& known : located) {
    if (known.zone != nullptr && known.name == name) return known;
  }
  const auto* zone = date::locate_zone(std::string{name});
  auto& place = located[oldest];
  place = Located{std::string{name}, zone, {}, 0};  // the library never takes a zone away while it does not reload, which nobody asks for
  oldest = (oldest + 1) % most_located;
  return place;
}

Result<Located*> find_zone(std::string_view name) {
  // the library throws for unknown names and for unreadable zone data
  try {
    return &locate(name);
  } catch (const std::runtime_error&) {
    return fail(ErrorCode::invalid_argument, fmt::format("unknown time zone '{}'; write a name like Europe/Berlin or an offset like +01:00", name.substr(0, 64)));
  }
}

}  // namespace

Result<std::int64_t> offset_at(std::string_view zone, std::int64_t seconds) {
  if (zone == "UTC" || zone == "Z") return std::int64_t{0};
  if (const auto fixed = fixed_offset(zone)) return *fixed;
  STELLWERK_TRY(auto* found, find_zone(zone));
  return found->spell_at(seconds).offset;
}

Result<std::int64_t> moment_of(std::string_view zone, std::int64_t local_seconds) {
  if (zone == "UTC" || zone == "Z") return local_seconds;
  if (const auto fixed = fixed_offset(zone)) return local_seconds - *fixed;
  STELLWERK_TRY(auto* found, find_zone(zone));
  if (const auto* spell = found->spell_of_local(local_seconds)) return local_seconds - spell->offset;
  const auto info = found->zone->get_info(date::local_seconds{std::chrono::seconds{local_seconds}});
  if (info.result == date::local_info::unique) (void)found->spell_at(local_seconds - info.first.offset.count());  // it will be asked for again
  return local_seconds - info.first.offset.count();
}

Result<std::int64_t> start_of_day(std::string_view zone, std::int64_t local_seconds) {
  if (zone == "UTC" || zone == "Z") return local_seconds;
  if (const auto fixed = fixed_offset(zone)) return local_seconds - *fixed;
  STELLWERK_TRY(auto* found, find_zone(zone));
  if (const auto* spell = found->spell_of_local(local_seconds)) return local_seconds - spell->offset;
  const auto info = found->zone->get_info(date::local_seconds{std::chrono::seconds{local_seconds}});
  if (info.result == date::local_info::nonexistent) return info.first.end.time_since_epoch().count();
  return local_seconds - info.first.offset.count();
}

}  // namespace stellwerk::workflows::cel
