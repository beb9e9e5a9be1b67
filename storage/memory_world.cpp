#include <algorithm>

#include "storage/actions/address_rank.hpp"
#include "storage/memory_state.hpp"

namespace stellwerk::storage {

Result<std::optional<IdRange>> MemoryWorld::lock_range(const TenantId& tenant, const std::string& name) {
  const auto found = state_.ranges.find({tenant, name});
  return found == state_.ranges.end() ? std::optional<IdRange>{} : std::optional{found->second};
}

Result<std::optional<std::int64_t>> MemoryWorld::lowest_free_number(const IdRange& range, const std::set<std::int64_t>& blocked, Time now) {
  auto& numbers = state_.numbers[{range.tenant, range.name}];
  std::erase_if(numbers, [&](const auto& item) { return item.second.state == "quarantine" && item.second.until <= now; });
  for (auto number = range.first; number <= range.last; ++number) {
    if (!numbers.contains(number) && !blocked.contains(number)) return std::optional{number};
  }
  return std::optional<std::int64_t>{};
}

Result<std::optional<Holding>> MemoryWorld::find_number(const IdRange& range, std::int64_t number) {
  const auto& numbers = state_.numbers[{range.tenant, range.name}];
  const auto found = numbers.find(number);
  return found == numbers.end() ? std::optional<Holding>{} : std::optional{found->second};
}

Result<void> MemoryWorld::put_number(const IdRange& range, std::int64_t number, const Holding& holding) {
  state_.numbers[{range.tenant, range.name}][number] = holding;
  return {};
}

Result<void> MemoryWorld::free_number(const IdRange& range, std::int64_t number) {
  state_.numbers[{range.tenant, range.name}].erase(number);
  return {};
}

Result<bool> MemoryWorld::lock_address_pool(const TenantId& tenant, const std::string& pool) { return state_.addresses.contains({tenant, pool}); }

Result<std::optional<std::string>> MemoryWorld::lowest_free_address(const TenantId& tenant, const std::string& pool, Time now) {
  for (const auto& [rank, item] : state_.addresses[{tenant, pool}]) {
    const auto& holding = item.holding;
    if (holding.state == "free" || (holding.state == "quarantine" && holding.until <= now)) return std::optional{item.address};
  }
  return std::optional<std::string>{};
}

Result<std::vector<std::pair<std::string, Holding>>> MemoryWorld::find_address(const TenantId& tenant, const std::string& address) {
  std::vector<std::pair<std::string, Holding>> found;
  for (const auto& [name, pool] : state_.addresses) {
    if (name.first != tenant) continue;
    for (const auto& [rank, item] : pool) {
      if (item.address == address) found.emplace_back(name.second, item.holding);
    }
  }
  return found;
}

Result<void> MemoryWorld::put_address(const TenantId& tenant, const std::string& pool, const std::string& address, const Holding& holding) {
  state_.addresses[{tenant, pool}][address_rank(address)] = {address, holding};
  return {};
}

Result<std::vector<ServerRow>> MemoryWorld::lock_servers(const TenantId& tenant, const std::string& pool) {
  std::vector<ServerRow> servers;
  for (const auto& [id, server] : state_.servers) {
    if (server.tenant == tenant && server.pool == pool && server.state == "active") servers.push_back(server);
  }
  return servers;
}

Result<bool> MemoryWorld::lock_server(const ServerId& server) { return state_.servers.contains(server); }

Result<std::vector<World::Place>> MemoryWorld::places_of(const ActorId& owner) {
  std::vector<Place> places;
  for (const auto& [attempt, place] : state_.places) {
    if (place.second == owner) places.push_back({attempt, place.first, state_.place_keys[attempt]});
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.server < b.server; });
  return places;
}

Result<void> MemoryWorld::add_place(const Place& place, const TenantId&, const ActorId& owner) {
  state_.places[place.attempt] = {place.server, owner};
  state_.place_keys[place.attempt] = place.key;
  ++state_.servers.at(place.server).used;
  return {};
}

Result<bool> MemoryWorld::remove_place(const Place& place) {
  if (state_.places.erase(place.attempt) == 0) return false;
  state_.place_keys.erase(place.attempt);
  --state_.servers.at(place.server).used;
  return true;
}

}  // namespace stellwerk::storage
