#pragma once
// Making accounts from the command line and the demo.

#include <string>

#include "storage/directory.hpp"

namespace stellwerk::app {

struct NewAccount {
  std::string email;
  std::string name;
  std::string role;      ///< admin, staff, customer
  std::string password;
  std::string customer = {};  ///< of a customer: its id, once made
};
/// Adds the account; a customer gets a customer record with its hexadecimal number. Returns the customer's id or "".
/// Errors: invalid_argument (role), conflict (e-mail taken).
[[nodiscard]] Result<std::string> add_account(storage::Directory& directory, const TenantId& tenant, const NewAccount& account);

}  // namespace stellwerk::app
