#include "actors/views.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "actors/definitions.hpp"
#include "actors/encode.hpp"
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
  if (!definition) return std::vector<std::string>{};
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
    else *value = config::seal(key_, as_view(value->get_string()), server.id.str() + "/" + field.name);
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

Json Views::shown_attributes(const ServiceView& service) const {
  const auto definition = definitions_->find(service.workflow, service.revision);
  if (!definition || !service.attributes.is_object()) return JsonObject{};
  auto attributes = service.attributes.get_object();
  workflows::mask_attributes(*definition, attributes);
  return attributes;
}

Result<void> Views::put_product(const ProductRow& product) {
  const int revision = definitions_->latest(product.workflow);
  const auto definition = definitions_->find(product.workflow, revision);
  if (!definition || definition->kind != "service") {
    Error error{ErrorCode::invalid_argument, fmt::format("there is no workflow '{}' for services", product.workflow), "unknown_workflow"};
    error.fields = {{"/workflow", "the name of a published workflow of kind service is expected"}};
    return fail(std::move(error));
  }
  return directory_->put_product(product);
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

Result<std::vector<ActorId>> Views::stuck_actors(int limit) { return directory_->stuck_actors(definitions_->resting(), limit); }
std::vector<std::pair<std::string, int>> Views::workflows() const { return definitions_->list(); }

}  // namespace stellwerk::actors
