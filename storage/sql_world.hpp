#pragma once
// The actions' view on a SQL database.

#include "storage/actions/world.hpp"
#include "storage/session.hpp"

namespace stellwerk::storage {

class SqlWorld final : public World {
 public:
  explicit SqlWorld(Session& session) : session_{session} {}

  Result<std::optional<IdRange>> lock_range(const TenantId& tenant, const std::string& name) override;
  Result<std::optional<std::int64_t>> lowest_free_number(const IdRange& range, const std::set<std::int64_t>& blocked, Time now) override;
  Result<std::optional<Holding>> find_number(const IdRange& range, std::int64_t number) override;
  Result<void> put_number(const IdRange& range, std::int64_t number, const Holding& holding) override;
  Result<void> free_number(const IdRange& range, std::int64_t number) override;

  Result<bool> lock_address_pool(const TenantId& tenant, const std::string& pool) override;
  Result<std::optional<std::string>> lowest_free_address(const TenantId& tenant, const std::string& pool, Time now) override;
  Result<std::vector<std::pair<std::string, Holding>>> find_address(const TenantId& tenant, const std::string& address) override;
  Result<void> put_address(const TenantId& tenant, const std::string& pool, const std::string& address, const Holding& holding) override;

  Result<std::vector<ServerRow>> lock_servers(const TenantId& tenant, const std::string& pool) override;
  Result<bool> lock_server(const ServerId& server) override;
  Result<std::vector<Place>> places_of(const ActorId& owner) override;
  Result<void> add_place(const Place& place, const TenantId& tenant, const ActorId& owner) override;
  Result<bool> remove_place(const Place& place) override;

 private:
  Result<void> lower_hint(const IdRange& range, std::int64_t number);

  Session& session_;
};

}  // namespace stellwerk::storage
