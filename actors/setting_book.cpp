#include "actors/setting_book.hpp"

#include "storage/setting_level.hpp"

namespace stellwerk::actors {

using storage::SettingValue;
using Level = SettingValue::Level;

SettingBook::SettingBook(const std::vector<SettingValue>& values) {
  for (const auto& value : values) put(value);
}

void SettingBook::put(const SettingValue& value) {
  const std::lock_guard lock{mutex_};
  const Key key{value.workflow, value.name, value.level, value.owner};
  if (value.value.is_null()) values_.erase(key);
  else values_.insert_or_assign(key, value);
}

std::shared_ptr<SettingBook> SettingBook::with(const SettingValue& value) const {
  auto copy = std::make_shared<SettingBook>(all());
  copy->put(value);
  return copy;
}

std::vector<SettingValue> SettingBook::all() const {
  const std::lock_guard lock{mutex_};
  std::vector<SettingValue> all;
  all.reserve(values_.size());
  for (const auto& [key, value] : values_) all.push_back(value);
  return all;
}

const Json* SettingBook::find(const workflows::Definition& definition, const workflows::Field& field, Level level, const std::string& owner) const {
  for (const auto* workflow : {&definition.name, &definition.base}) {
    if (workflow->empty()) continue;
    const auto found = values_.find(Key{*workflow, field.name, level, owner});
    if (found == values_.end()) continue;
    std::vector<FieldProblem> problems;
    workflows::check_value(field.type, found->second.value, "", problems);
    if (problems.empty()) return &found->second.value;
  }
  return nullptr;
}

std::vector<workflows::cel::Value> SettingBook::resolve(const workflows::Definition& definition, const ActorId& actor, const Json& attributes) const {
  const std::pair<Level, std::string> levels[]{{Level::actor, actor.str()},
                                               {Level::product, storage::product_of(attributes)},
                                               {Level::customer_group, storage::customer_group_of(attributes)},
                                               {Level::tenant, {}}};
  const std::lock_guard lock{mutex_};
  std::vector<workflows::cel::Value> resolved;
  resolved.reserve(definition.settings.size());
  for (const auto& [field, titles, initial] : definition.settings) {
    const Json* value = nullptr;
    for (const auto& [level, owner] : levels) {
      if (level != Level::tenant && owner.empty()) continue;
      if ((value = find(definition, field, level, owner)) != nullptr) break;
    }
    if (value != nullptr) resolved.push_back(workflows::decode(field.type, *value));
    else resolved.push_back(initial);
  }
  return resolved;
}

}  // namespace stellwerk::actors
