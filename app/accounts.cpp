#include "app/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace stellwerk::app {
namespace {

/// Enough to tell a name from an address; whether mail arrives there shows when some is sent.
bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 127; });
}

}  // namespace

Result<std::string> add_account(storage::Directory& directory, const TenantId& tenant, const NewAccount& account) {
  static constexpr std::array roles{"admin", "staff", "reseller", "customer"};
  if (std::find(roles.begin(), roles.end(), account.role) == roles.end())
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a role; roles are admin, staff, reseller, customer", account.role));
  if (!is_address(account.email)) return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not an e-mail address, such as admin@example.com", account.email));
  auto email = account.email;
  std::transform(email.begin(), email.end(), email.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  STELLWERK_TRY(const auto known, directory.find_account(tenant, email));
  if (known) return fail(ErrorCode::conflict, fmt::format("there is an account for {} already", email), "email_taken");
  std::string customer;
  if (account.role == "customer" || account.role == "reseller") {
    customer = format_id("cus", make_uuid());
    // 40 bits of a fresh id: upper-case hexadecimal, ten digits
    const auto uuid = make_uuid();
    std::string number;
    for (std::size_t i = 11; i < 16; ++i) number += fmt::format("{:02X}", uuid.bytes[i]);
    STELLWERK_CHECK(directory.add_customer({.id = customer, .tenant = tenant, .number = number, .name = account.name, .email = email, .created_at = wall_now()}));
  }
  STELLWERK_CHECK(directory.add_account({.id = make_id<UserId>("usr"), .tenant = tenant, .email = email, .role = account.role, .name = account.name,
                                         .password_hash = config::hash_password(account.password), .customer = customer, .disabled = false, .created_at = wall_now()}));
  return customer;
}

}  // namespace stellwerk::app
