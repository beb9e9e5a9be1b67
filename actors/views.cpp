#include "actors/views.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "actors/definitions.hpp"
#include "actors/doctor.hpp"
#include "actors/encode.hpp"
#include "actors/erasing.hpp"
#include "actors/warden.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {

Views::Views(std::unique_ptr<storage::Directory> directory, std::unique_ptr<storage::Store> store, std::shared_ptr<const Definitions> definitions,
             std::shared_ptr<const Connectors> connectors, config::MasterKey key, Surroundings around)
    : directory_{std::move(directory)}, store_{std::move(store)}, definitions_{std::move(definitions)}, connectors_{std::move(connectors)}, key_{std::move(key)},
      around_{std::move(around)} {}

Result<std::vector<std::string>> Views::allowed_commands(const TenantId& tenant, const ActorId& id, const std::string& role) {
  STELLWERK_TRY(const auto loaded, store_->load(id));
  if (loaded.row.tenant != tenant) return fail(ErrorCode::not_found, fmt::format("there is no actor {}", id.str()));
  const auto definition = definitions_->find(loaded.row.workflow, loaded.row.revision);
  if (!definition || !loaded.unreadable.empty() || !loaded.quarantine.empty()) return std::vector<std::string>{};
  auto snapshot = make_snapshot(*definition, loaded, around_);
  if (!snapshot) return std::vector<std::string>{};  // quarantined: its incident tells why
  return workflows::allowed_commands(*definition, *snapshot, role);
}

Result<void> Views::put_server(ServerRow server) {
  const auto connector = connectors_->find(server.connector);
  if (!connector) {
    auto names = connectors_->names();
    const auto hint = config::closest(server.connector, names);
    Error error{ErrorCode::invalid_argument, fmt::format("there is no connector '{}'", server.connector), "unknown_connector"};
    error.fields = {{"/connector", hint.empty() ? fmt::format("known are: {}", fmt::join(names, ", ")) : fmt::format("did you mean '{}'?", hint)}};
    return fail(std::move(error));
  }
  auto settings = server.settings.is_object() ? server.settings.get_object() : JsonObject{};
  const auto before = store_->find_server(server.id);
  const auto is_secret = [](const workflows::Field& field) { return field.type.base == workflows::TypeSpec::Base::secret; };
  // A secret that is not given again keeps its sealed text.
  std::map<std::string, Json> kept;
  for (const auto& field : connector->settings()) {
    if (!is_secret(field) || !before) continue;
    const auto* given = settings.if_contains(field.name);
    if (given != nullptr && !given->is_null() && !(given->is_string() && given->get_string() == "***")) continue;
    if (const auto* old = find_member(before->settings, field.name)) {
      kept[field.name] = *old;
      settings[field.name] = "kept";
    }
  }
  STELLWERK_TRY(auto checked, workflows::check_object(connector->settings(), Json(std::move(settings)), "/settings"));
  for (const auto& field : connector->settings()) {
    if (!is_secret(field)) continue;
    auto* value = checked.as_object().if_contains(field.name);
    if (value == nullptr || !value->is_string()) continue;
    if (const auto old = kept.find(field.name); old != kept.end()) *value = old->second;
    else *value = around_.keys->seal(as_view(value->get_string()), place::server(server.id, field.name));
  }
  server.settings = std::move(checked);
  STELLWERK_CHECK(store_->put_server(server));
  if (server_changed_) server_changed_(server.id);
  return {};
}

Json Views::shown_settings(const ServerRow& server) const {
  auto shown = server.settings;
  const auto connector = connectors_->find(server.connector);
  if (!connector || !shown.is_object()) return JsonObject{};
  for (const auto& field : connector->settings())
    if (field.type.base == workflows::TypeSpec::Base::secret)
      if (auto* value = shown.as_object().if_contains(field.name)) *value = "***";
  return shown;
}

Result<std::string> Views::reveal(const TenantId& tenant, const ServerId& id, const std::string& field, storage::AuditRow audit) {
  const auto none = [&] { return fail(ErrorCode::not_found, fmt::format("server {} has no secret '{}'", id.str(), field), "no_secret"); };
  STELLWERK_TRY(const auto server, store_->find_server(id));
  if (server.tenant != tenant) return fail(ErrorCode::not_found, fmt::format("there is no server {}", id.str()));
  const auto connector = connectors_->find(server.connector);
  if (!connector) return none();
  const bool known = std::any_of(connector->settings().begin(), connector->settings().end(), [&](const workflows::Field& f) { return f.name == field && workflows::is_secret(f.type); });
  const auto* value = find_member(server.settings, field);
  if (!known || value == nullptr || !value->is_string()) return none();
  STELLWERK_TRY(const auto opened, around_.keys->open(as_view(value->get_string()), place::server(id, field)));
  Masker masker;
  masker.add(opened.reveal());
  audit.note = masker.mask(std::move(audit.note));
  // Nobody sees it before it is written that they did.
  STELLWERK_CHECK(store_->add_audit(audit));
  monitoring::counter("stellwerk_secrets_revealed_total", {"server"}).add();
  monitoring::log_info("a secret is shown", {{"server", id.str()}, {"tenant", tenant.str()}, {"field", field}, {"by", audit.by}});
  return opened.reveal();
}

Result<std::vector<JournalView>> Views::journal(const TenantId& tenant, const ActorId& actor, std::int64_t after, int limit) {
  STELLWERK_TRY(auto entries, directory_->journal(tenant, actor, after, limit));
  STELLWERK_TRY(const auto row, directory_->find_personal_key(tenant, actor));
  std::optional<config::MasterKey> key;
  if (row) {
    STELLWERK_TRY(key, open_personal_key(*around_.keys, *row));
  }
  for (auto& entry : entries) entry.entries = open_personal(std::move(entry.entries), actor, key);
  return entries;
}

Result<std::vector<storage::ActorRow>> Views::personal_actors(const TenantId& tenant, const std::string& customer) {
  return actors::personal_actors(*directory_, *definitions_, tenant, customer);
}

Result<bool> Views::erase_record(const std::string& customer, const std::set<ActorId>& erased, storage::AuditRow audit) {
  return actors::erase_record(*directory_, *definitions_, customer, erased, std::move(audit));
}

Json Views::shown_attributes(const ServiceView& service) const {
  const auto definition = definitions_->find(service.workflow, service.revision);
  if (!definition || !service.attributes.is_object()) return JsonObject{};
  auto attributes = service.attributes.get_object();
  workflows::mask_attributes(*definition, attributes);
  return attributes;
}

Result<void> Views::put_id_range(const TenantId& tenant, const std::string& name, std::int64_t first, std::int64_t last) {
  if (name.empty() || first < 0 || last < first || last - first >= 65'536)
    return fail(ErrorCode::invalid_argument, "an id range has a name, and a first number not above the last, at most 65,536 numbers in all");
  return store_->put_id_range({tenant, name, first, last});
}

Result<void> Views::put_addresses(const TenantId& tenant, const std::string& pool, const std::vector<std::string>& addresses) {
  std::vector<storage::AddressRow> rows;
  for (const auto& address : addresses) {
    std::array<std::uint8_t, 16> binary{};
    if (inet_pton(AF_INET, address.c_str(), binary.data()) != 1 && inet_pton(AF_INET6, address.c_str(), binary.data()) != 1)
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not an IPv4 or IPv6 address", address));
    rows.push_back({tenant, pool, address});
  }
  if (pool.empty() || rows.empty()) return fail(ErrorCode::invalid_argument, "a pool name and at least one address are expected");
  return store_->put_addresses(rows);
}

Result<std::optional<storage::IdempotencyRow>> Views::find_idempotency(const std::string& scope, const std::string& key) { return store_->find_idempotency(scope, key); }
Result<void> Views::put_value(const std::string& name, const std::string& value) { return store_->put_value(name, value); }

Json Views::last_look(Time now) const {
  if (warden_ != nullptr) return render_look(warden_->report(), now);
  WardenReport nobody;
  nobody.error = "no engine runs here that would look";
  return render_look(nobody, now);
}

Result<Json> Views::examine(Time now) {
  STELLWERK_TRY(const auto report, actors::examine(*directory_, definitions_, now));
  return render_report(report);
}

Result<std::vector<ActorId>> Views::stuck_actors(int limit) {
  constexpr int rows = 5'000, most_pages = 40;
  const auto resting = definitions_->resting();
  std::vector<ActorId> stuck;
  std::string after;
  for (int page = 0; page < most_pages; ++page) {
    STELLWERK_TRY(const auto looked, directory_->stuck_page(after, rows, resting));
    for (const auto& row : looked.found)
      if (std::ssize(stuck) < limit) stuck.push_back(row.actor);
    after = looked.until;
    if (after.empty() || std::ssize(stuck) >= limit) break;
  }
  return stuck;
}
std::vector<std::pair<std::string, int>> Views::workflows() const { return definitions_->list(); }
bool Views::has_newer_file(const std::string& workflow) const { return definitions_->has_newer_file(workflow); }

}  // namespace stellwerk::actors
