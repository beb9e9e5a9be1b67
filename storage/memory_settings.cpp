// The memory store: revisions of workflows, and their settings.

#include <fmt/format.h>

#include <iterator>
#include <tuple>

#include "storage/memory_store.hpp"
#include "storage/setting_level.hpp"

namespace stellwerk::storage {

Result<void> MemoryStore::publish(const Revision& r) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  if (!state_->revisions.try_emplace({r.tenant, r.type, r.name, r.revision}, r).second)
    return fail(ErrorCode::conflict, fmt::format("{} {} revision {} is published already", r.type, r.name, r.revision));
  return {};
}

Result<std::vector<Store::Revision>> MemoryStore::revisions(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<Revision> all;
  for (const auto& [key, revision] : state_->revisions) {
    if (revision.tenant == tenant) all.push_back(revision);
  }
  return all;
}

Result<std::vector<SettingValue>> MemoryStore::setting_values(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<SettingValue> values;
  for (const auto& [key, value] : state_->settings[tenant]) values.push_back(value);
  return values;
}

Result<void> MemoryStore::put_setting(const TenantId& tenant, const SettingValue& value) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  const std::tuple key{value.workflow, value.name, value.level, value.owner};
  if (value.value.is_null()) state_->settings[tenant].erase(key);
  else state_->settings[tenant].insert_or_assign(key, value);
  state_->setting_changes[tenant].push_back(value);
  return {};
}

Result<std::vector<SettingValue>> MemoryStore::setting_history(const TenantId& tenant, int limit) {
  const std::lock_guard lock{state_->mutex};
  const auto& all = state_->setting_changes[tenant];
  std::vector<SettingValue> newest(all.rbegin(), all.rend());
  if (std::ssize(newest) > limit) newest.resize(static_cast<std::size_t>(limit));
  return newest;
}

Result<std::vector<ActorId>> MemoryStore::actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) {
  const std::lock_guard lock{state_->mutex};
  const auto reaches = [&](const ActorRow& row) {
    if (row.tenant != tenant || row.workflow != value.workflow || !row.live) return false;
    switch (value.level) {
      case SettingValue::Level::tenant: return true;
      case SettingValue::Level::customer_group: return customer_group_of(row.attributes) == value.owner;
      case SettingValue::Level::product: return product_of(row.attributes) == value.owner;
      case SettingValue::Level::actor: return row.id.str() == value.owner;
    }
    return false;
  };
  std::vector<ActorId> reached;
  for (auto actor = state_->actors.upper_bound(after); actor != state_->actors.end() && std::ssize(reached) < limit; ++actor) {
    if (reaches(actor->second)) reached.push_back(actor->first);
  }
  return reached;
}

}  // namespace stellwerk::storage
