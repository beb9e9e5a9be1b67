#include "actors/clock_guard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::actors {
namespace {

double seconds(Duration span) { return std::chrono::duration<double>(std::chrono::abs(span)).count(); }

}  // namespace

void ClockGuard::compare(Time database, Time before, Time after) {
  // Between the two looks the way there and back has passed: that is no difference. A clock that was set meanwhile may make `after` the smaller.
  const auto first = std::min(before, after), last = std::max(before, after);
  difference_.store(database < first ? (first - database).count() : database > last ? (last - database).count() : 0);
  if (!apart() && !agreed_.exchange(true)) offset_.store(present_offset().count());
}

bool ClockGuard::drifted() const { return std::chrono::abs(drift()) > most_drift; }
bool ClockGuard::apart() const { return std::chrono::abs(difference()) > most_apart; }

std::string ClockGuard::trouble() const {
  if (apart()) {
    return fmt::format("the clock of this node is {:.1f} s {} the database's; nothing fires until they are at most {} s apart: put the clocks right",
                       seconds(difference()), difference() > Duration{0} ? "ahead of" : "behind", std::chrono::duration_cast<std::chrono::seconds>(most_apart).count());
  }
  if (drifted()) {
    return fmt::format("the clock of this node was set {} by {:.0f} s since the start; nothing fires until it is put back; if the new time is right, restart the node",
                       drift() > Duration{0} ? "forward" : "back", seconds(drift()));
  }
  return {};
}

}  // namespace stellwerk::actors
