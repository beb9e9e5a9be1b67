#include "monitoring/underway.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "monitoring/log.hpp"

namespace stellwerk::monitoring {
namespace {

using Steady = std::chrono::steady_clock;

struct Call {
  std::string what;
  Steady::time_point since;
};

struct Calls {
  std::mutex mutex;
  int last = 0;
  std::map<int, Call> open;  ///< oldest first
};

Calls& calls() {
  static auto& calls = *new Calls;  // threads may return while statics are destroyed
  return calls;
}

}  // namespace

Underway::Underway(std::string what) {
  const std::lock_guard lock{calls().mutex};
  id_ = ++calls().last;
  calls().open.emplace(id_, Call{std::move(what), Steady::now()});
}

Underway::~Underway() {
  const auto call = [&] {
    const std::lock_guard lock{calls().mutex};
    return calls().open.extract(id_);
  }();
  const auto took = Steady::now() - call.mapped().since;
  if (took >= silent_after)
    log_warning("the database was silent for long", {{"call", call.mapped().what}, {"seconds", std::to_string(std::chrono::floor<std::chrono::seconds>(took).count())}});
}

LongestCall longest_call() {
  const std::lock_guard lock{calls().mutex};
  if (calls().open.empty()) return {};
  const auto& call = calls().open.begin()->second;
  return {call.what, std::chrono::duration_cast<Duration>(Steady::now() - call.since)};
}

}  // namespace stellwerk::monitoring
