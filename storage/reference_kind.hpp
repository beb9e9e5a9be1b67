#pragma once
// Where the rows lie that references of workflows point to, and what expressions may read of them.

#include <string>
#include <string_view>
#include <utility>

#include "core/json.hpp"

namespace stellwerk::storage {

enum class ReferenceTable { actor, product, server, customer };

/// Told by the prefix of the id; whatever has none of its own is an actor.
[[nodiscard]] inline ReferenceTable reference_table(std::string_view id) {
  if (id.starts_with("prd_")) return ReferenceTable::product;
  if (id.starts_with("srv_")) return ReferenceTable::server;
  if (id.starts_with("cus_")) return ReferenceTable::customer;
  return ReferenceTable::actor;
}

/// An actor's own members win over attributes of the same name.
[[nodiscard]] inline Json actor_fields(std::string_view state, std::string_view status, std::string_view customer, Json attributes) {
  auto fields = attributes.is_object() ? std::move(attributes.get_object()) : JsonObject{};
  fields["state"] = state;
  fields["status"] = status;
  if (customer.empty()) fields["customer"] = nullptr;
  else fields["customer"] = customer;
  return fields;
}
[[nodiscard]] inline Json product_fields(std::string_view name, std::string_view workflow, Json attributes) {
  auto fields = attributes.is_object() ? std::move(attributes.get_object()) : JsonObject{};
  fields["name"] = name;
  fields["workflow"] = workflow;
  return fields;
}
/// Never its settings: they hold secrets.
[[nodiscard]] inline Json server_fields(std::string_view name, std::string_view connector, std::string_view pool, std::string_view state) {
  return JsonObject{{"name", name}, {"connector", connector}, {"pool", pool}, {"state", state}};
}
/// A customer that is on record is active.
[[nodiscard]] inline Json customer_fields(std::string_view number, std::string_view name, std::string_view email) {
  return JsonObject{{"number", number}, {"name", name}, {"email", email}, {"status", "active"}, {"state", "active"}};
}

}  // namespace stellwerk::storage
