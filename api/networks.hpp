#pragma once
// Networks in CIDR form, and whether an address lies in one of them.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace stellwerk::api {

class Networks {
 public:
  /// "127.0.0.0/8, ::1/128, 192.0.2.7": networks or single addresses with commas between them; "" holds nobody. Bits below the
  /// prefix do not count. Errors: invalid_argument, with the part that is no network.
  [[nodiscard]] static Result<Networks> parse(std::string_view text);
  /// `address` as a connection gives it. An IPv4 address that came through an IPv6 socket (::ffff:192.0.2.7) counts as IPv4.
  [[nodiscard]] bool contains(const std::string& address) const;

 private:
  struct Network {
    std::array<std::uint8_t, 16> bytes{};
    int bits = 0;    ///< of an address of this family: 32 or 128
    int prefix = 0;  ///< leading bits that count
  };
  [[nodiscard]] static Network address_of(const std::string& text);
  std::vector<Network> networks_;
};

}  // namespace stellwerk::api
