#include "api/networks.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace stellwerk::api {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

/// `bits` is 0 when the text is no address.
Networks::Network Networks::address_of(const std::string& text) {
  Network address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
    if (std::equal(mapped.begin(), mapped.end(), address.bytes.begin())) {
      std::copy(address.bytes.begin() + 12, address.bytes.end(), address.bytes.begin());
      address.bits = 32;
    }
  }
  address.prefix = address.bits;
  return address;
}

Result<Networks> Networks::parse(std::string_view text) {
  Networks networks;
  if (trimmed(text).empty()) return networks;
  for (;;) {
    const auto comma = text.find(',');
    const auto one = trimmed(text.substr(0, comma));
    const auto slash = one.find('/');
    auto network = address_of(std::string{one.substr(0, slash)});
    const auto wrong = [&] {
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a network; write networks with commas between them, for example 127.0.0.0/8,::1/128", one), "bad_network");
    };
    if (network.bits == 0) return wrong();
    if (slash != std::string_view::npos) {
      const auto length = one.substr(slash + 1);
      const auto [end, problem] = std::from_chars(length.data(), length.data() + length.size(), network.prefix);
      // ::ffff:192.0.2.0/120 counts its bits from the front of the IPv6 form
      const bool is_mapped = network.bits == 32 && one.substr(0, slash).find(':') != std::string_view::npos;
      if (is_mapped) network.prefix -= 96;
      if (problem != std::errc{} || end != length.data() + length.size() || network.prefix < 0 || network.prefix > network.bits) return wrong();
    }
    networks.networks_.push_back(network);
    if (comma == std::string_view::npos) return networks;
    text.remove_prefix(comma + 1);
  }
}

bool Networks::contains(const std::string& address) const {
  const auto asked = address_of(address);
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    if (asked.bits == 0 || network.bits != asked.bits) return false;
    for (int bit = 0; bit < network.prefix; ++bit) {
      const auto byte = static_cast<std::size_t>(bit / 8);
      const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
      if ((network.bytes[byte] & mask) != (asked.bytes[byte] & mask)) return false;
    }
    return true;
  });
}

}  // namespace stellwerk::api
