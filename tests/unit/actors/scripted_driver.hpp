#pragma once
// A driver that answers what the test says, when the test says so. Any thread.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/driver.hpp"

namespace stellwerk::testing {

using connectors::DriverRequest;
using connectors::DriverResponse;

inline DriverResponse answer(int status, std::string body = "{}") {
  DriverResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

class ScriptedDriver final : public connectors::Driver {
 public:
  /// Nothing: the request is held until the test answers it.
  using Script = std::function<std::optional<DriverResponse>(const DriverRequest&)>;

  void play(Script script) {
    const std::lock_guard lock{mutex_};
    script_ = std::move(script);
  }

  void send(DriverRequest request, std::function<void(DriverResponse)> done) override {
    std::optional<DriverResponse> now;
    {
      const std::lock_guard lock{mutex_};
      seen_.push_back(request);
      now = script_ ? script_(request) : answer(200);
      if (!now) held_.emplace_back(std::move(request), done);
    }
    changed_.notify_all();
    if (now) done(std::move(*now));
  }

  /// As a power cut: nobody hears of what was under way.
  void stop() override {
    const std::lock_guard lock{mutex_};
    held_.clear();
  }

  /// Waits until `count` requests are held; false at the deadline.
  [[nodiscard]] bool wait_for_held(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return held_.size() >= count; });
  }
  [[nodiscard]] bool wait_for_seen(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return seen_.size() >= count; });
  }
  [[nodiscard]] std::size_t held() {
    const std::lock_guard lock{mutex_};
    return held_.size();
  }
  /// Answers the request that is held longest.
  void release(DriverResponse response) {
    std::function<void(DriverResponse)> done;
    {
      const std::lock_guard lock{mutex_};
      done = std::move(held_.front().second);
      held_.erase(held_.begin());
    }
    done(std::move(response));
  }
  /// "POST /lift" of every request so far.
  [[nodiscard]] std::vector<std::string> seen() {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> out;
    for (const auto& request : seen_) out.push_back(request.method + " " + request.url);
    return out;
  }
  [[nodiscard]] std::vector<std::string> keys() {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> out;
    for (const auto& request : seen_)
      if (!request.key.empty()) out.push_back(request.key);
    return out;
  }
  void forget_seen() {
    const std::lock_guard lock{mutex_};
    seen_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  std::vector<DriverRequest> seen_;
  std::vector<std::pair<DriverRequest, std::function<void(DriverResponse)>>> held_;
};

}  // namespace stellwerk::testing
