#pragma once
// The levels at which a setting of a workflow may have a value, as they are written.

#include <optional>
#include <string_view>

#include "storage/store.hpp"

namespace stellwerk::storage {

[[nodiscard]] inline std::string_view to_string(SettingValue::Level level) {
  switch (level) {
    case SettingValue::Level::tenant: return "tenant";
    case SettingValue::Level::customer_group: return "customer_group";
    case SettingValue::Level::product: return "product";
    case SettingValue::Level::actor: return "actor";
  }
  return "tenant";
}

[[nodiscard]] inline std::optional<SettingValue::Level> parse_level(std::string_view text) {
  using enum SettingValue::Level;
  for (const auto level : {tenant, customer_group, product, actor})
    if (to_string(level) == text) return level;
  return std::nullopt;
}

/// The actor's product, customer group: where settings of these levels look for their owner. "" when it has none.
[[nodiscard]] inline std::string product_of(const Json& attributes) {
  auto product = text_of(attributes, "product");
  return product.empty() ? text_of(attributes, "plan") : product;
}
[[nodiscard]] inline std::string customer_group_of(const Json& attributes) { return text_of(attributes, "customer_group"); }

}  // namespace stellwerk::storage
