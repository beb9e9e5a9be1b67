// Settings of workflows, as operators see and change them.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "actors/definitions.hpp"
#include "actors/encode.hpp"
#include "actors/views.hpp"
#include "storage/setting_level.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

using workflows::TypeSpec;
using Level = SettingValue::Level;

constexpr int page = 200;
constexpr int most_examined = 5'000;
constexpr std::size_t most_moves = 100;
constexpr int max_rounds = 4;  ///< of reading rows for one decision
constexpr std::size_t longest_group = 64;

/// A bound as one would write it; null: none.
Json bound(const TypeSpec& type, const std::optional<double>& number, const workflows::cel::Value& value) {
  if (!value.is_null()) return workflows::encode(type, value);
  if (!number) return nullptr;
  if (type.base == TypeSpec::Base::duration) return Json(boost::json::string(format_duration(std::chrono::microseconds{static_cast<std::int64_t>(*number * 1e6)})));
  if (*number == static_cast<double>(static_cast<std::int64_t>(*number))) return static_cast<std::int64_t>(*number);
  return *number;
}

bool concerns(const SettingValue& value, const workflows::Definition& definition, const std::string& name) {
  return value.name == name && (value.workflow == definition.name || (!definition.base.empty() && value.workflow == definition.base));
}

tl::unexpected<Error> wrong(std::string pointer, std::string message) {
  Error error{ErrorCode::invalid_argument, "the setting cannot be changed", "bad_setting"};
  error.fields = {{std::move(pointer), std::move(message)}};
  return fail(std::move(error));
}

}  // namespace

std::vector<std::string> Views::workflows_of(const std::string& workflow) const {
  std::set<std::string> names;
  for (const auto& [name, revision] : definitions_->list()) {
    const auto definition = definitions_->find(name, revision);
    if (name == workflow || definition->base == workflow) names.insert(name);
  }
  return {names.begin(), names.end()};
}

Result<std::vector<DeclaredSetting>> Views::settings(const TenantId& tenant) {
  STELLWERK_TRY(auto values, store_->setting_values(tenant));
  for (auto& value : values) value = shown_setting(std::move(value));
  std::vector<DeclaredSetting> declared;
  for (const auto& [name, revision] : definitions_->list()) {
    if (revision != definitions_->latest(name)) continue;
    const auto definition = definitions_->find(name, revision);
    for (const auto& [field, titles, initial] : definition->settings) {
      DeclaredSetting setting{.workflow = name, .base = definition->base, .name = field.name, .type = workflows::name_of(field.type), .titles = titles,
                              .fallback = field.fallback.value_or(Json{}), .min = bound(field.type, field.type.min, field.type.least),
                              .max = bound(field.type, field.type.max, field.type.most), .choices = field.type.values, .values = {}};
      std::copy_if(values.begin(), values.end(), std::back_inserter(setting.values), [&, &of = field](const SettingValue& v) { return concerns(v, *definition, of.name); });
      declared.push_back(std::move(setting));
    }
  }
  return declared;
}

Result<SettingValue> Views::check_setting(const TenantId& tenant, SettingValue value) {
  const workflows::Field* field = nullptr;
  std::vector<std::string> known;
  const auto workflows = workflows_of(value.workflow);
  if (workflows.empty()) {
    std::vector<std::string> names;
    for (const auto& [name, revision] : definitions_->list()) names.push_back(name);
    const auto hint = config::closest(value.workflow, names);
    return wrong("/workflow", hint.empty() ? "there is no such workflow" : fmt::format("there is no such workflow; did you mean '{}'?", hint));
  }
  std::vector<std::shared_ptr<const workflows::Definition>> alive;  // keeps `field` where it is
  for (const auto& name : workflows) {
    alive.push_back(definitions_->find(name, definitions_->latest(name)));
    for (const auto& setting : alive.back()->settings) {
      known.push_back(setting.field.name);
      if (setting.field.name == value.name) field = &setting.field;
    }
  }
  if (field == nullptr) {
    const auto hint = config::closest(value.name, known);
    return wrong("/name", hint.empty() ? fmt::format("workflow {} has no such setting", value.workflow) : fmt::format("workflow {} has no such setting; did you mean '{}'?", value.workflow, hint));
  }
  switch (value.level) {
    case Level::tenant:
      if (!value.owner.empty()) return wrong("/owner", "the level tenant has no owner; leave it out");
      break;
    case Level::customer_group:
      if (value.owner.empty() || value.owner.size() > longest_group) return wrong("/owner", "the name of a customer group is expected");
      break;
    case Level::product: {
      STELLWERK_TRY(const auto product, directory_->find_product(tenant, ProductId{value.owner}));
      if (!product) return wrong("/owner", "there is no such product");
      break;
    }
    case Level::actor: {
      STELLWERK_TRY(const auto actor, directory_->find_actor(tenant, ActorId{value.owner}));
      if (!actor || std::find(workflows.begin(), workflows.end(), actor->workflow) == workflows.end()) return wrong("/owner", fmt::format("there is no such actor of workflow {}", value.workflow));
      break;
    }
  }
  if (value.value.is_null()) return value;
  Error error{ErrorCode::invalid_argument, "the setting cannot be changed", "bad_setting"};
  workflows::check_value(field->type, value.value, "/value", error.fields);
  if (!error.fields.empty()) return fail(std::move(error));
  value.value = workflows::canonical(field->type, value.value);
  return value;
}

bool Views::is_secret_setting(const SettingValue& value) const {
  for (const auto& name : workflows_of(value.workflow))
    for (const auto& setting : definitions_->find(name, definitions_->latest(name))->settings)
      if (setting.field.name == value.name && workflows::is_secret(setting.field.type)) return true;
  return false;
}

Result<void> Views::put_setting(const TenantId& tenant, const SettingValue& value) {
  auto kept = value;
  if (!value.value.is_null() && is_secret_setting(value)) kept.value = seal_json(*around_.keys, value.value, place::setting(value));
  STELLWERK_CHECK(store_->put_setting(tenant, kept));
  around_.settings->put(value);
  return {};
}

Result<std::vector<SettingValue>> Views::setting_history(const TenantId& tenant, int limit) {
  STELLWERK_TRY(auto values, store_->setting_history(tenant, limit));
  for (auto& value : values) value = shown_setting(std::move(value));
  return values;
}

SettingValue Views::shown_setting(SettingValue value) const {
  if (!value.value.is_null() && (is_sealed(value.value) || is_secret_setting(value))) value.value = boost::json::string(masked);
  return value;
}

Result<std::vector<ActorId>> Views::actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) {
  return store_->actors_reached(tenant, value, after, limit);
}

Result<std::optional<std::string>> Views::get_value(const std::string& name) { return store_->get_value(name); }

Result<std::vector<TimerMove>> Views::moves_of(const ActorId& actor, const Surroundings& around, Time now) {
  std::vector<TimerMove> moves;
  auto loaded = store_->load(actor);
  if (!loaded && loaded.error().code == ErrorCode::not_found) return moves;
  if (!loaded) return fail(std::move(loaded).error());
  const auto definition = definitions_->find(loaded->row.workflow, loaded->row.revision);
  if (!definition) return moves;
  auto snapshot = make_snapshot(*definition, *loaded, around);
  if (!snapshot) return moves;  // quarantined: its timers stand still
  const workflows::Event event{.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0, .body = workflows::Refresh{}};
  for (int round = 0; round < max_rounds; ++round) {
    auto decision = workflows::advance(*definition, *snapshot, event, now);
    if (!decision) return moves;  // what it would be refused for moves nothing
    if (!decision->needs.empty()) {
      std::vector<std::string> ids;
      for (const auto& need : decision->needs) ids.push_back(need.id);
      STELLWERK_TRY(const auto rows, store_->read_references(loaded->row.tenant, ids));
      put_rows(*snapshot, *definitions_, ids, rows);
      continue;
    }
    const auto& before = snapshot->cursor.timers;
    const auto& after = decision->next.cursor.timers;
    std::map<std::string, TimerMove> by_name;
    for (const auto& [name, due] : before) by_name[name] = {actor, name, due, std::nullopt};
    for (const auto& [name, due] : after) {
      auto& move = by_name.try_emplace(name, TimerMove{actor, name, std::nullopt, std::nullopt}).first->second;
      move.after = due;
    }
    for (auto& [name, move] : by_name)
      if (move.before != move.after) moves.push_back(std::move(move));
    return moves;
  }
  return moves;
}

Result<Forecast> Views::forecast(const TenantId& tenant, const SettingValue& value, Time now) {
  Forecast forecast;
  const Surroundings around{around_.settings->with(value), around_.calendar, around_.keys};
  for (const auto& workflow : workflows_of(value.workflow)) {
    auto of_workflow = value;
    of_workflow.workflow = workflow;
    ActorId after;
    for (;;) {
      STELLWERK_TRY(const auto actors, store_->actors_reached(tenant, of_workflow, after, page));
      forecast.reached += std::ssize(actors);
      for (const auto& actor : actors) {
        if (forecast.examined >= most_examined || forecast.moves.size() >= most_moves) break;
        ++forecast.examined;
        STELLWERK_TRY(auto moves, moves_of(actor, around, now));
        for (auto& move : moves)
          if (forecast.moves.size() < most_moves) forecast.moves.push_back(std::move(move));
      }
      if (static_cast<int>(actors.size()) < page) break;
      after = actors.back();
    }
  }
  return forecast;
}

}  // namespace stellwerk::actors
