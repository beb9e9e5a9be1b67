// Settings of workflows: the present values, their history, and whom a change reaches.

#include <fmt/format.h>

#include <algorithm>

#include "storage/rows.hpp"
#include "storage/setting_level.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

const char* const setting_list = "level, owner, workflow, name, content, changed_by, note, at";
const char* const setting_types = "ttttjtti";

Result<SettingValue> read_setting(const Row& row) {
  Reader r{row};
  const auto level = parse_level(r.text());
  if (!level) return fail(ErrorCode::internal, "a stored setting has a level that this binary does not know");
  SettingValue value{*level, r.text(), r.text(), r.text(), {}, {}, {}, {}};
  if (r.next_is_null()) r.skip();
  else value.value = r.json();
  value.by = r.text();
  value.note = r.text();
  value.at = r.time();
  return r.finish(std::move(value));
}

}  // namespace

Result<std::vector<SettingValue>> SqlStore::setting_values(const TenantId& tenant) {
  static const auto sql = fmt::format("select {} from workflow_setting where tenant = :tenant order by workflow, name, level, owner", setting_list);
  STELLWERK_TRY(const auto rows, session_.rows(sql, setting_types, {{"tenant", tenant.str()}}));
  return read_all(rows, read_setting);
}

Result<std::vector<SettingValue>> SqlStore::setting_history(const TenantId& tenant, int limit) {
  static const auto sql = fmt::format("select {} from workflow_setting_change where tenant = :tenant order by seq desc limit :limit", setting_list);
  STELLWERK_TRY(const auto rows, session_.rows(sql, setting_types, {{"tenant", tenant.str()}, {"limit", std::int64_t{std::clamp(limit, 1, 1'000)}}}));
  return read_all(rows, read_setting);
}

Result<void> SqlStore::put_setting(const TenantId& tenant, const SettingValue& value) {
  static const Columns columns{"tenant, workflow, name, level, owner, content:j, changed_by, note, at:i"};
  static const Bulk put{columns, "insert into workflow_setting (" + columns.list() + ") select " + columns.list("d.") +
                                     " from {rows} where true on conflict (tenant, workflow, name, level, owner) do update set " +
                                     columns.assignments("excluded.", {"tenant", "workflow", "name", "level", "owner"})};
  static const Bulk keep{columns, "insert into workflow_setting_change (" + columns.list() + ") select " + columns.list("d.") + " from {rows} where true"};
  const std::string level{to_string(value.level)};
  const auto content = value.value.is_null() ? Value{} : Value{dump_json(value.value)};
  const Row row{tenant.str(), value.workflow, value.name, level, value.owner, content, value.by, value.note, to_micros(value.at)};
  return session_.transaction([&]() -> Result<void> {
    if (value.value.is_null()) {
      STELLWERK_CHECK(session_.execute("delete from workflow_setting where tenant = :tenant and workflow = :workflow and name = :name and level = :level and owner = :owner",
                                       {{"tenant", tenant.str()}, {"workflow", value.workflow}, {"name", value.name}, {"level", level}, {"owner", value.owner}}));
    } else {
      STELLWERK_CHECK(session_.run(put, {&row, 1}));
    }
    STELLWERK_CHECK(session_.run(keep, {&row, 1}));
    return {};
  });
}

Result<std::vector<ActorId>> SqlStore::actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) {
  // one text for each level, so that each has its plan; only the members named here are read from the attributes
  static const std::string every = "select id from actor where tenant = :tenant and workflow = :workflow and live = 1 and id > :after ";
  static const std::string rest = "order by id limit :limit";
  const Parameter of{"tenant", tenant.str()}, workflow{"workflow", value.workflow}, behind{"after", after.str()}, most{"limit", std::int64_t{limit}}, owner{"owner", value.owner};
  const auto ask = [&] {
    switch (value.level) {
      case SettingValue::Level::tenant: break;
      case SettingValue::Level::customer_group:
        return session_.rows(every + "and attributes ->> 'customer_group' = :owner " + rest, "t", {of, workflow, behind, owner, most});
      case SettingValue::Level::product:
        return session_.rows(every + "and coalesce(attributes ->> 'product', attributes ->> 'plan') = :owner " + rest, "t", {of, workflow, behind, owner, most});
      case SettingValue::Level::actor: return session_.rows(every + "and id = :owner " + rest, "t", {of, workflow, behind, owner, most});
    }
    return session_.rows(every + rest, "t", {of, workflow, behind, most});
  };
  STELLWERK_TRY(const auto rows, ask());
  std::vector<ActorId> reached;
  for (const auto& row : rows) reached.emplace_back(std::get<std::string>(row[0]));
  return reached;
}

}  // namespace stellwerk::storage
