#pragma once
// The settings of workflows as they stand now, in memory: every decision resolves them anew, and a change is seen by the next one.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "config/keyring.hpp"
#include "storage/store.hpp"
#include "workflows/definition.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::actors {

/// The values of one tenant. Its node is the only one that writes them. Any thread may call it.
class SettingBook {
 public:
  SettingBook() = default;
  explicit SettingBook(const std::vector<storage::SettingValue>& values);
  /// Null takes the value of that level away.
  void put(const storage::SettingValue& value);
  /// A copy in which `value` holds: what would be, if it were put.
  [[nodiscard]] std::shared_ptr<SettingBook> with(const storage::SettingValue& value) const;
  [[nodiscard]] std::vector<storage::SettingValue> all() const;

  /// For each declared setting the value of the narrowest level that says something: actor, product (the attribute `product`, else
  /// `plan`), customer group (the attribute `customer_group`; customers themselves have no group yet), tenant, default. On one level
  /// the workflow's own value wins over one of its base. A value that no longer fits the declared type counts as not said.
  [[nodiscard]] std::vector<workflows::cel::Value> resolve(const workflows::Definition& definition, const ActorId& actor, const Json& attributes) const;

 private:
  using Key = std::tuple<std::string, std::string, storage::SettingValue::Level, std::string>;  ///< workflow, name, level, owner
  [[nodiscard]] const Json* find(const workflows::Definition& definition, const workflows::Field& field, storage::SettingValue::Level level, const std::string& owner) const;

  mutable std::mutex mutex_;
  std::map<Key, storage::SettingValue> values_;
};

/// What a snapshot holds beside the actor's row.
struct Surroundings {
  std::shared_ptr<SettingBook> settings = std::make_shared<SettingBook>();
  workflows::Calendar calendar;
  /// What rows at rest are sealed with. The engine sets the tenant's; one that was forgotten seals under no key worth the name.
  std::shared_ptr<const config::Keyring> keys = std::make_shared<const config::Keyring>(config::MasterKey{});
  workflows::Limits limits;
};

}  // namespace stellwerk::actors
