// Accounts, customers, sessions.

#include <fmt/format.h>

#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

const char* const account_list = "id, tenant, email, role, name, password_hash, customer, disabled, created_at";

Result<AccountRow> read_account(const Row& row) {
  Reader r{row};
  return r.finish(AccountRow{r.id<UserId>(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.text(), r.text(), r.flag(), r.time()});
}
Result<CustomerRow> read_customer(const Row& row) {
  Reader r{row};
  return r.finish(CustomerRow{r.text(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.time()});
}
Result<SessionRow> read_session(const Row& row) {
  Reader r{row};
  return r.finish(SessionRow{r.text(), r.id<UserId>(), r.id<TenantId>(), r.time(), r.time(), r.flag()});
}

/// Inserts in a transaction of its own. Errors: conflict with the sentence `taken`.
template <class Body>
Result<void> insert(Session& session, Body body, std::string taken) {
  auto done = session.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(body());
    return {};
  });
  if (!done && done.error().reason == reason::unique) return fail(ErrorCode::conflict, std::move(taken));
  return done;
}

}  // namespace

Result<std::string> SqlDirectory::settle_value(const std::string& name, const std::string& value) {
  std::string settled;
  const auto work = [&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("insert into value (name, content) values (:name, :content) on conflict (name) do nothing", {{"name", name}, {"content", value}}));
    STELLWERK_TRY(const auto rows, session_.rows("select content from value where name = :name", "t", {{"name", name}}));
    if (rows.empty()) return fail(ErrorCode::unavailable, fmt::format("the value '{}' was taken away at this moment; try again", name));
    settled = std::get<std::string>(rows[0][0]);
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return settled;
}

Result<void> SqlDirectory::add_account(const AccountRow& a) {
  const auto body = [&] {
    return session_.execute("insert into account (id, tenant, email, role, name, password_hash, customer, disabled, created_at) "
                            "values (:id, :tenant, :email, :role, :name, :password_hash, :customer, :disabled, :created_at)",
                            {{"id", a.id.str()},
                             {"tenant", a.tenant.str()},
                             {"email", a.email},
                             {"role", a.role},
                             {"name", a.name},
                             {"password_hash", a.password_hash},
                             {"customer", a.customer},
                             {"disabled", std::int64_t{a.disabled ? 1 : 0}},
                             {"created_at", to_micros(a.created_at)}});
  };
  return insert(session_, body, fmt::format("an account with the e-mail '{}' or this id exists", a.email));
}

Result<std::optional<AccountRow>> SqlDirectory::find_account(const TenantId& tenant, const std::string& email) {
  static const auto sql = fmt::format("select {} from account where tenant = :tenant and email = :email", account_list);
  STELLWERK_TRY(const auto rows, session_.rows(sql, "tttttttii", {{"tenant", tenant.str()}, {"email", email}}));
  return read_one(rows, read_account);
}

Result<std::optional<AccountRow>> SqlDirectory::find_account_by_id(const UserId& id) {
  static const auto sql = fmt::format("select {} from account where id = :id", account_list);
  STELLWERK_TRY(const auto rows, session_.rows(sql, "tttttttii", {{"id", id.str()}}));
  return read_one(rows, read_account);
}

Result<void> SqlDirectory::add_customer(const CustomerRow& c) {
  const auto body = [&] {
    return session_.execute("insert into customer (id, tenant, number, name, email, created_at) values (:id, :tenant, :number, :name, :email, :created_at)",
                            {{"id", c.id}, {"tenant", c.tenant.str()}, {"number", c.number}, {"name", c.name}, {"email", c.email}, {"created_at", to_micros(c.created_at)}});
  };
  return insert(session_, body, fmt::format("a customer with the number '{}' or this id exists", c.number));
}

Result<std::optional<CustomerRow>> SqlDirectory::find_customer(const TenantId& tenant, const std::string& id) {
  STELLWERK_TRY(const auto rows, session_.rows("select id, tenant, number, name, email, created_at from customer where id = :id and tenant = :tenant", "ttttti",
                                               {{"id", id}, {"tenant", tenant.str()}}));
  return read_one(rows, read_customer);
}

Result<std::vector<CustomerRow>> SqlDirectory::list_customers(const TenantId& tenant, const PageRequest& page) {
  STELLWERK_TRY(const auto rows,
                session_.rows("select id, tenant, number, name, email, created_at from customer where tenant = :tenant and id > :after order by id limit :limit", "ttttti",
                              {{"tenant", tenant.str()}, {"after", page.after}, {"limit", page_limit(page)}}));
  return read_all(rows, read_customer);
}

Result<void> SqlDirectory::add_session(const SessionRow& s) {
  const auto body = [&] {
    return session_.execute("insert into session (id, user_id, tenant, created_at, expires_at, revoked) values (:id, :user_id, :tenant, :created_at, :expires_at, :revoked)",
                            {{"id", s.id},
                             {"user_id", s.user.str()},
                             {"tenant", s.tenant.str()},
                             {"created_at", to_micros(s.created_at)},
                             {"expires_at", to_micros(s.expires_at)},
                             {"revoked", std::int64_t{s.revoked ? 1 : 0}}});
  };
  return insert(session_, body, "a session with this id exists");
}

Result<std::optional<SessionRow>> SqlDirectory::find_session(const std::string& id) {
  STELLWERK_TRY(const auto rows, session_.rows("select id, user_id, tenant, created_at, expires_at, revoked from session where id = :id", "tttiii", {{"id", id}}));
  return read_one(rows, read_session);
}

Result<void> SqlDirectory::revoke_session(const std::string& id) {
  std::int64_t changed = 0;
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(changed, session_.execute("update session set revoked = 1 where id = :id", {{"id", id}}));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  if (changed == 0) return fail(ErrorCode::not_found, fmt::format("there is no session {}", id));
  return {};
}

}  // namespace stellwerk::storage
