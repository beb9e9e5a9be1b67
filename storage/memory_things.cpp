// The memory store: servers, numbers, addresses, keys, named values.

#include <fmt/format.h>

#include <algorithm>

#include "storage/actions/address_rank.hpp"
#include "storage/memory_store.hpp"

namespace stellwerk::storage {

Result<ServerRow> MemoryStore::find_server(const ServerId& id) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->servers.find(id);
  if (found == state_->servers.end()) return fail(ErrorCode::not_found, fmt::format("there is no server {}", id.str()));
  return found->second;
}

Result<void> MemoryStore::put_server(const ServerRow& server) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  ++state_->server_versions[server.id];
  const auto [at, fresh] = state_->servers.try_emplace(server.id, server);
  if (fresh) return {};
  const auto before = at->second;
  at->second = server;
  at->second.tenant = before.tenant;
  at->second.used = before.used;
  at->second.created_at = before.created_at;
  return {};
}

Result<void> MemoryStore::put_id_range(const IdRange& range) {
  if (range.first > range.last || range.first < 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("range '{}' goes from {} to {}; it begins at 0 or above and does not end before it begins", range.name, range.first, range.last));
  }
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->ranges[{range.tenant, range.name}] = range;
  return {};
}

Result<void> MemoryStore::put_addresses(std::span<const AddressRow> addresses) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  for (const auto& a : addresses) {
    state_->addresses[{a.tenant, a.pool}].try_emplace(address_rank(a.address), MemoryState::Address{a.address, Holding{"", "free", {}}});
  }
  return {};
}

Result<std::vector<DataKeyRow>> MemoryStore::data_keys(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<DataKeyRow> keys;
  for (const auto& [id, key] : state_->data_keys)
    if (key.tenant == tenant) keys.push_back(key);
  std::ranges::sort(keys, {}, [](const DataKeyRow& key) { return std::pair{key.created_at, key.id}; });
  return keys;
}

Result<void> MemoryStore::add_data_key(const DataKeyRow& key) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  if (!state_->data_keys.try_emplace(key.id, key).second) return fail(ErrorCode::conflict, fmt::format("there is a data key {} already", key.id));
  return {};
}

Result<void> MemoryStore::add_audit(const AuditRow& entry) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->audit.push_back(entry);
  return {};
}

Result<std::optional<std::string>> MemoryStore::get_value(const std::string& name) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->values.find(name);
  return found == state_->values.end() ? std::optional<std::string>{} : std::optional{found->second};
}

Result<void> MemoryStore::put_value(const std::string& name, const std::string& value) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->values[name] = value;
  return {};
}

}  // namespace stellwerk::storage
