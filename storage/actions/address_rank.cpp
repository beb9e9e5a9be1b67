#include "storage/actions/address_rank.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

namespace stellwerk::storage {

std::string address_rank(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  const auto bare = address.substr(0, address.find('/'));  // a prefix length does not change the place
  std::size_t size = 0;
  if (inet_pton(AF_INET, bare.c_str(), bytes.data()) == 1) size = 4;
  else if (inet_pton(AF_INET6, bare.c_str(), bytes.data()) == 1) size = 16;
  if (size == 0) return "9" + address;
  std::string rank = size == 4 ? "4" : "6";
  for (std::size_t i = 0; i < size; ++i) rank += fmt::format("{:02x}", bytes[i]);
  return rank;
}

}  // namespace stellwerk::storage
