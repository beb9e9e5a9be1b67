#include "storage/rows.hpp"
#include "storage/sql_world.hpp"

namespace stellwerk::storage {

Result<bool> SqlWorld::lock_address_pool(const TenantId& tenant, const std::string& pool) {
  STELLWERK_TRY(const auto rows, session_.rows("select name from address_pool where tenant = :tenant and name = :pool {for update}", "t",
                                               {{"tenant", tenant.str()}, {"pool", pool}}));
  return !rows.empty();
}

Result<std::optional<std::string>> SqlWorld::lowest_free_address(const TenantId& tenant, const std::string& pool, Time now) {
  STELLWERK_TRY(const auto rows, session_.rows("select address from address where tenant = :tenant and pool = :pool and state <> 'taken' and "
                                               "(state = 'free' or (state = 'quarantine' and until_at <= :now)) order by rank limit 1",
                                               "t", {{"tenant", tenant.str()}, {"pool", pool}, {"now", to_micros(now)}}));
  if (rows.empty()) return std::optional<std::string>{};
  return std::optional{std::get<std::string>(rows[0][0])};
}

Result<std::vector<std::pair<std::string, Holding>>> SqlWorld::find_address(const TenantId& tenant, const std::string& address) {
  STELLWERK_TRY(const auto rows, session_.rows("select p.name, a.owner, a.state, a.until_at from address_pool p join address a on a.tenant = p.tenant and a.pool = p.name "
                                               "where p.tenant = :tenant and a.address = :address order by p.name",
                                               "ttti", {{"tenant", tenant.str()}, {"address", address}}));
  std::vector<std::pair<std::string, Holding>> found;
  for (const auto& row : rows) {
    Reader r{row};
    auto pool = r.text();
    found.emplace_back(std::move(pool), Holding{r.text(), r.text(), r.time()});
  }
  return found;
}

Result<void> SqlWorld::put_address(const TenantId& tenant, const std::string& pool, const std::string& address, const Holding& holding) {
  STELLWERK_CHECK(session_.execute("update address set owner = :owner, state = :state, until_at = :until where tenant = :tenant and pool = :pool and address = :address",
                                   {{"owner", holding.owner},
                                    {"state", holding.state},
                                    {"until", to_micros(holding.until)},
                                    {"tenant", tenant.str()},
                                    {"pool", pool},
                                    {"address", address}}));
  return {};
}

Result<std::vector<ServerRow>> SqlWorld::lock_servers(const TenantId& tenant, const std::string& pool) {
  static const auto sql = "select " + server_columns.list() + " from server where tenant = :tenant and pool = :pool and state = 'active' order by id {for update}";
  STELLWERK_TRY(const auto rows, session_.rows(sql, server_columns.types(), {{"tenant", tenant.str()}, {"pool", pool}}));
  return read_all(rows, read_server);
}

Result<bool> SqlWorld::lock_server(const ServerId& server) {
  STELLWERK_TRY(const auto rows, session_.rows("select id from server where id = :id {for update}", "t", {{"id", server.str()}}));
  return !rows.empty();
}

Result<std::vector<World::Place>> SqlWorld::places_of(const ActorId& owner) {
  STELLWERK_TRY(const auto rows, session_.rows("select attempt, server, key from place where owner = :owner order by server, attempt", "ttt", {{"owner", owner.str()}}));
  std::vector<Place> places;
  for (const auto& row : rows) {
    Reader r{row};
    places.push_back(Place{r.id<AttemptId>(), r.id<ServerId>(), r.text()});
  }
  return places;
}

Result<void> SqlWorld::add_place(const Place& place, const TenantId& tenant, const ActorId& owner) {
  STELLWERK_CHECK(session_.execute("insert into place (attempt, tenant, server, owner, key) values (:attempt, :tenant, :server, :owner, :key)",
                                   {{"attempt", place.attempt.str()}, {"tenant", tenant.str()}, {"server", place.server.str()}, {"owner", owner.str()}, {"key", place.key}}));
  STELLWERK_CHECK(session_.execute("update server set used = used + 1 where id = :id", {{"id", place.server.str()}}));
  return {};
}

Result<bool> SqlWorld::remove_place(const Place& place) {
  STELLWERK_TRY(const auto removed, session_.execute("delete from place where attempt = :attempt", {{"attempt", place.attempt.str()}}));
  if (removed == 0) return false;
  STELLWERK_CHECK(session_.execute("update server set used = used - 1 where id = :id", {{"id", place.server.str()}}));
  return true;
}

}  // namespace stellwerk::storage
