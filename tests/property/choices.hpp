#pragma once
// Random decisions as a list of bytes: whoever makes something takes them one by one, and gets zeros when they are used up. Zero is
// always the simplest choice, so that a shorter list with smaller numbers is a smaller example, and shrinking needs nothing more.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace stellwerk::testing {

using Bytes = std::vector<std::uint8_t>;

class Choices {
 public:
  explicit Choices(Bytes bytes) : bytes_{std::move(bytes)} {}
  /// From 0 to n - 1; n is at most 256.
  std::size_t below(std::size_t n) { return n < 2 ? 0 : next() % n; }
  /// True in so many of a hundred cases.
  bool chance(unsigned percent) { return next() % 100 >= 100 - percent; }
  template <class Container>
  const auto& of(const Container& container) {
    return container[below(container.size())];
  }
  [[nodiscard]] bool is_used_up() const { return at_ >= bytes_.size(); }

 private:
  std::uint8_t next() { return at_ < bytes_.size() ? bytes_[at_++] : std::uint8_t{0}; }

  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace stellwerk::testing
