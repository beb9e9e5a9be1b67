#pragma once
// The state of one evaluation: frame, what is left of the budget, the error if there is one. Errors are values: a function that
// fails notes the error here and returns false (or nullptr).

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {

struct Failure {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
};

class Run {
 public:
  /// `zone_slot`: Environment::zone_slot() of what is evaluated.
  Run(std::span<const Value> frame, Budget budget, int zone_slot) : frame_{frame}, budget_{budget}, zone_slot_{zone_slot} {}

  /// Takes `steps` from the budget. False when it is used up.
  bool step(std::size_t steps = 1) {
    if (steps <= static_cast<std::size_t>(budget_.steps)) {
      budget_.steps -= static_cast<int>(steps);
      return true;
    }
    return exhausted("steps");
  }
  /// Takes `bytes` that are about to be made. False when they are used up.
  bool charge(std::size_t bytes) {
    if (bytes <= budget_.bytes) {
      budget_.bytes -= bytes;
      return true;
    }
    return exhausted("memory");
  }
  bool fail(std::string message) {
    failure_ = Failure{ErrorCode::invalid_argument, std::move(message)};
    return false;
  }
  /// Unlike other errors, a spent budget is not absorbed by && and ||.
  [[nodiscard]] bool is_spent() const { return failure_.code == ErrorCode::resource_exhausted; }
  [[nodiscard]] Failure take_failure() { return std::exchange(failure_, Failure{}); }
  void set_failure(Failure failure) { failure_ = std::move(failure); }
  [[nodiscard]] std::span<const Value> frame() const { return frame_; }
  /// The zone that calendar operations reckon in.
  [[nodiscard]] std::string_view zone() const {
    const auto place = static_cast<std::size_t>(zone_slot_);
    if (zone_slot_ < 0 || place >= frame_.size() || frame_[place].kind() != Kind::string || frame_[place].as_string().empty()) return "UTC";
    return frame_[place].as_string();
  }
  [[nodiscard]] Budget left() const { return budget_; }
  /// Notes that the budget is spent.
  bool exhausted(std::string_view what) {
    budget_.steps = 0;
    failure_ = Failure{ErrorCode::resource_exhausted, fmt::format("the expression needs more {} than it is allowed", what)};
    return false;
  }

 private:
  std::span<const Value> frame_;
  Budget budget_;
  int zone_slot_;
  Failure failure_;
};

}  // namespace stellwerk::workflows::cel
