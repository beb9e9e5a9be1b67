#pragma once
// The order of addresses: IPv4 before IPv6, each by number; any other text after them.

#include <string>

namespace stellwerk::storage {

[[nodiscard]] std::string address_rank(const std::string& address);

}  // namespace stellwerk::storage
