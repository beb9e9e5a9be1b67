// What data keys have sealed, table by table; and what is left of a person.

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "monitoring/log.hpp"
#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

/// The value that says since when something that was deleted may still be read in the files.
constexpr std::string_view purge_owed = "purge_owed";

/// Ids are unique together; the first one gives the order of pages. Of `text` a document is no JSON.
struct SealedTable {
  std::string name;
  Columns ids;
  Columns documents;
};

const std::vector<SealedTable>& tables() {
  static const std::vector<SealedTable> all{
      {"actor", Columns{"id"}, Columns{"attributes:j, cursor:j"}},
      {"mailbox", Columns{"receiver, event_id, seq:i"}, Columns{"payload:j"}},
      {"attempt", Columns{"id, run, lane:i"}, Columns{"input:j"}},
      {"server", Columns{"id"}, Columns{"settings:j"}},
      {"workflow_setting", Columns{"workflow, name, level, owner"}, Columns{"content:j"}},
      {"workflow_setting_change", Columns{"workflow, name, level, owner, seq:i"}, Columns{"content:j"}},
      {"personal_key", Columns{"actor, id"}, Columns{"sealed"}},
  };
  return all;
}

/// The rows in which the key is named.
std::string where_sealed(const SealedTable& table) {
  std::string any;
  for (const auto& column : table.documents.all()) any += fmt::format("{}cast({} as text) like :named", any.empty() ? "" : " or ", column.name);
  return fmt::format("from {} where tenant = :tenant and ({})", table.name, any);
}

/// As it stands in a sealed text; ids of keys are hexadecimal, so nothing in it is a wildcard.
std::string named(const std::string& key) { return "%v1." + key + ".%"; }

std::string text_columns(const Columns& columns) {
  std::string list;
  for (const auto& column : columns.all()) list += fmt::format("{}cast({} as text)", list.empty() ? "" : ", ", column.name);
  return list;
}

Bulk update_of(const SealedTable& table) {
  Columns all = table.ids;
  for (const auto& column : table.documents.all()) all = all.with(fmt::format("{}{}", column.name, column.type == 'j' ? ":j" : ""));
  std::string set, same;
  for (const auto& column : table.documents.all()) set += fmt::format("{}{} = d.{}", set.empty() ? "" : ", ", column.name, column.name);
  for (const auto& column : table.ids.all()) same += fmt::format("{}{}.{} = d.{}", same.empty() ? "" : " and ", table.name, column.name, column.name);
  return Bulk{all, fmt::format("update {} set {} from {{rows}} where {}", table.name, set, same)};
}

}  // namespace

std::vector<std::string> sealed_tables() {
  std::vector<std::string> names;
  for (const auto& table : tables()) names.push_back(table.name);
  return names;
}

Result<std::vector<SealedDocument>> SqlDirectory::sealed_documents(const TenantId& tenant, const std::string& key, const std::string& table, const std::string& after, int limit) {
  std::vector<SealedDocument> found;
  for (const auto& sealed : tables()) {
    if (sealed.name != table) continue;
    const auto ids = sealed.ids.all().size(), documents = sealed.documents.all().size();
    const auto& first = sealed.ids.all().front().name;
    const auto sql = fmt::format("select {}, {} {} and {} >= :after order by {} limit :limit", text_columns(sealed.ids), text_columns(sealed.documents), where_sealed(sealed), first, first);
    STELLWERK_TRY(const auto rows, session_.rows(sql, std::string(ids + documents, 't'), {{"named", named(key)}, {"tenant", tenant.str()}, {"after", after}, {"limit", std::int64_t{limit}}}));
    for (const auto& row : rows) {
      SealedDocument document{.table = table, .ids = {}, .documents = {}};
      Reader r{row};
      for (std::size_t i = 0; i < ids; ++i) document.ids.push_back(r.text());
      for (std::size_t i = 0; i < documents; ++i) document.documents.push_back(r.text());
      found.push_back(std::move(document));
    }
  }
  return found;
}

Result<void> SqlDirectory::put_sealed(std::span<const SealedDocument> documents) {
  return session_.transaction([&]() -> Result<void> {
    for (const auto& table : tables()) {
      std::vector<Row> rows;
      for (const auto& document : documents) {
        if (document.table != table.name) continue;
        Row row;
        for (std::size_t i = 0; i < document.ids.size(); ++i) {
          if (table.ids.all()[i].type == 'i') row.emplace_back(std::int64_t{std::strtoll(document.ids[i].c_str(), nullptr, 10)});
          else row.emplace_back(document.ids[i]);
        }
        for (const auto& text : document.documents) row.emplace_back(text);
        rows.push_back(std::move(row));
      }
      STELLWERK_CHECK(session_.run(update_of(table), rows));
    }
    return {};
  });
}

Result<std::int64_t> SqlDirectory::count_sealed(const TenantId& tenant, const std::string& key) {
  std::int64_t count = 0;
  for (const auto& table : tables()) {
    STELLWERK_TRY(const auto rows, session_.rows("select count(*) " + where_sealed(table), "i", {{"named", named(key)}, {"tenant", tenant.str()}}));
    count += std::get<std::int64_t>(rows.at(0).at(0));
  }
  return count;
}

Result<void> SqlDirectory::overwrite_deleted() {
  if (session_.dialect() != DialectKind::sqlite) return {};
  return session_.script("pragma secure_delete = on");
}

Result<void> SqlDirectory::destroy_data_key(const TenantId& tenant, const std::string& key) {
  STELLWERK_CHECK(overwrite_deleted());
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(const auto used, count_sealed(tenant, key));
    if (used > 0) return fail(ErrorCode::conflict, fmt::format("the data key {} is still needed by {} rows", key, used));
    STELLWERK_CHECK(session_.execute("delete from data_key where id = :id and tenant = :tenant", {{"id", key}, {"tenant", tenant.str()}}));
    return owe_purge();
  };
  STELLWERK_CHECK(session_.transaction(work));
  return purge_now();
}

Result<void> SqlDirectory::reseal_data_keys(std::span<const DataKeyRow> keys) {
  const auto work = [&]() -> Result<void> {
    for (const auto& key : keys) {
      STELLWERK_TRY(const auto changed, session_.execute("update data_key set sealed = :sealed where id = :id and tenant = :tenant",
                                                         {{"sealed", key.sealed}, {"id", key.id}, {"tenant", key.tenant.str()}}));
      if (changed != 1) return fail(ErrorCode::conflict, fmt::format("the data key {} is not there any more", key.id));
    }
    return owe_purge();
  };
  STELLWERK_CHECK(session_.transaction(work));
  return purge_now();
}

Result<void> SqlDirectory::owe_purge() {
  static const Bulk owe{Columns{"name, content"}, "insert into value (name, content) select d.name, d.content from {rows} where true on conflict (name) do update set content = excluded.content"};
  const Row row{std::string{purge_owed}, std::to_string(to_micros(wall_now()))};
  STELLWERK_CHECK(session_.run(owe, {&row, 1}));
  return {};
}

Result<void> SqlDirectory::purge_now() {
  STELLWERK_TRY(const auto purged, purge_deleted());
  if (!purged) monitoring::log_warning("what was deleted may still be read in the files of the database: somebody is reading there; it is tried again");
  return {};
}

Result<bool> SqlDirectory::purge_deleted() {
  STELLWERK_TRY(const auto owed, session_.rows("select content from value where name = :name", "t", {{"name", std::string{purge_owed}}}));
  if (owed.empty()) return true;
  if (session_.dialect() == DialectKind::sqlite) {
    STELLWERK_CHECK(overwrite_deleted());
    STELLWERK_CHECK(rewrite_keys());
    STELLWERK_CHECK(session_.script("pragma busy_timeout = 500"));  // nobody can write while it waits for readers
    const auto emptied = session_.rows("pragma wal_checkpoint(truncate)", "iii");
    STELLWERK_CHECK(session_.script("pragma busy_timeout = 10000"));
    if (!emptied) return fail(emptied.error());
    if (emptied->empty() || std::get<std::int64_t>(emptied->at(0)[0]) != 0) return false;  // a reader holds an old state of the file
  } else {
    STELLWERK_CHECK(session_.script("vacuum data_key"));
    STELLWERK_CHECK(session_.script("vacuum personal_key"));
  }
  // One that was owed meanwhile stays owed.
  const auto settle = [&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("delete from value where name = :name and content = :content", {{"name", std::string{purge_owed}}, {"content", std::get<std::string>(owed[0][0])}}));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(settle));
  return true;
}

/// Deleting a row overwrites it where it stands. But when pages were split and merged before, parts of it may have stayed in the gaps of
/// other pages of the table: they go when all of its pages are given up, which overwrites them whole, and what is kept is written anew.
Result<void> SqlDirectory::rewrite_keys() {
  return session_.transaction([&]() -> Result<void> {
    for (const auto* table : {"personal_key", "data_key"}) {
      STELLWERK_CHECK(session_.script("drop table if exists temp.kept_keys"));
      STELLWERK_CHECK(session_.script(fmt::format("create temp table kept_keys as select * from {}", table)));
      STELLWERK_CHECK(session_.script(fmt::format("delete from {}", table)));
      STELLWERK_CHECK(session_.script(fmt::format("insert into {} select * from temp.kept_keys order by 1", table)));
      STELLWERK_CHECK(session_.script("drop table temp.kept_keys"));
    }
    return {};
  });
}

Result<std::optional<PersonalKeyRow>> SqlDirectory::find_personal_key(const TenantId& tenant, const ActorId& actor) {
  static const auto sql = "select " + personal_key_columns.list() + " from personal_key where actor = :actor and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, personal_key_columns.types(), {{"actor", actor.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_personal_key);
}

Result<std::vector<ActorRow>> SqlDirectory::actors_of(const TenantId& tenant, const std::string& customer, const ActorId& after, int limit) {
  static const auto sql = "select " + actor_columns.list() + " from actor where customer = :customer and tenant = :tenant and id > :after order by id limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, actor_columns.types(), {{"customer", customer}, {"tenant", tenant.str()}, {"after", after.str()}, {"limit", std::int64_t{limit}}}));
  return read_all(rows, read_actor);
}

Result<std::vector<AuditRow>> SqlDirectory::list_audit(const TenantId& tenant, const std::string& object, const PageRequest& page) {
  static const auto all = "select " + audit_columns.list() + " from audit where tenant = :tenant and id < :before order by id desc limit :limit";
  static const auto of_one = "select " + audit_columns.list() + " from audit where tenant = :tenant and object = :object and id < :before order by id desc limit :limit";
  const Parameter of_tenant{"tenant", tenant.str()}, before{"before", before_id(page)}, limit{"limit", page_limit(page)};
  STELLWERK_TRY(const auto rows, object.empty() ? session_.rows(all, audit_columns.types(), {of_tenant, before, limit})
                                                : session_.rows(of_one, audit_columns.types(), {of_tenant, {"object", object}, before, limit}));
  return read_all(rows, read_audit);
}

Result<void> SqlDirectory::erase_customer(const TenantId& tenant, const std::string& customer, const AuditRow& audit) {
  static const Bulk keep_audit{audit_columns, "insert into audit (" + audit_columns.list() + ") select " + audit_columns.list("d.") + " from {rows} where true"};
  static const std::string theirs = "(select id from actor where customer = :customer and tenant = :tenant)";
  // Words that people and vendors wrote: who wrote them could name anybody.
  static const std::string words[] = {
      "update session set revoked = 1 where user_id in (select id from account where customer = :customer and tenant = :tenant)",
      // The address stays unique and can be used again by whoever comes with it.
      "update account set email = id || '@erased.invalid', name = '', password_hash = '', disabled = 1 where customer = :customer and tenant = :tenant",
      "update ticket_message set body = '(erased)' where ticket in (select id from ticket where customer = :customer and tenant = :tenant)",
      "update ticket set subject = '(erased)' where customer = :customer and tenant = :tenant",
      // A live service shows what its workflow holds: what that declares personal is gone by now.
      "update service set hostname = '' where id in (select id from actor where customer = :customer and tenant = :tenant and live = 0)",
      "update audit set note = '(erased)' where tenant = :tenant and note <> '' and action <> 'erase' and (object = :customer or object in " + theirs + ")",
  };
  static const std::string documents[] = {
      "update outbox set data = cast(:nothing as {json}) where actor in " + theirs,
      // A run that is held needs what its incident tells, until it is closed.
      "update incident set message = '(erased)', note = case when note = '' then '' else '(erased)' end, detail = cast(:nothing as {json}) "
      "where (state = 'closed' or kind <> 'held_run') and actor in " + theirs,
  };
  const std::initializer_list<Parameter> who{{"customer", customer}, {"tenant", tenant.str()}};
  const auto row = to_row(audit);
  STELLWERK_CHECK(overwrite_deleted());
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_TRY(const auto there, session_.execute("update customer set name = '', email = '', version = version + 1 where id = :customer and tenant = :tenant", who));
    if (there != 1) return fail(ErrorCode::not_found, fmt::format("there is no customer {}", customer));
    STELLWERK_TRY(const auto kept, session_.rows("select actor from personal_key where customer = :customer and tenant = :tenant order by actor limit 1", "t", who));
    if (!kept.empty())
      return fail(ErrorCode::conflict, fmt::format("actor {} of customer {} still keeps what is personal", std::get<std::string>(kept[0][0]), customer), "personal_key");
    for (const auto& sql : words) STELLWERK_CHECK(session_.execute(sql, who));
    for (const auto& sql : documents) STELLWERK_CHECK(session_.execute(sql, {{"nothing", "{}"}, {"customer", customer}, {"tenant", tenant.str()}}));
    STELLWERK_CHECK(session_.run(keep_audit, {&row, 1}));
    return owe_purge();
  });
}

}  // namespace stellwerk::storage
