#pragma once
// The data keys of one tenant, opened. Immutable once the engine runs; any thread may use it.

#include <map>
#include <string>
#include <string_view>

#include "config/secret.hpp"

namespace stellwerk::config {

/// Seals under the newest data key and opens what any of them sealed. What an earlier version sealed under the master key itself (secrets
/// of servers) is opened as well.
class Keyring {
 public:
  /// Without any data key it seals under the master key: only a test does so.
  explicit Keyring(MasterKey master) : master_{std::move(master)} {}
  /// The last one added seals.
  void add(MasterKey key) {
    newest_ = key.id;
    keys_.insert_or_assign(newest_, std::move(key));
  }

  /// `place` says where the text stands (table, row, member): it cannot be opened anywhere else.
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view place) const { return config::seal(newest(), plain, place); }
  /// Errors: permission_denied (another place, a changed text, or a key that is not here), invalid_argument (not a sealed text).
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view place) const {
    const auto found = keys_.find(std::string{key_id_of(sealed)});
    return config::open(found == keys_.end() ? master_ : found->second, sealed, place);
  }
  [[nodiscard]] const MasterKey& newest() const {
    const auto found = keys_.find(newest_);
    return found == keys_.end() ? master_ : found->second;
  }
  [[nodiscard]] const MasterKey* find(std::string_view id) const {
    const auto found = keys_.find(std::string{id});
    return found == keys_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const MasterKey& master() const { return master_; }

 private:
  MasterKey master_;
  std::map<std::string, MasterKey> keys_;
  std::string newest_;
};

}  // namespace stellwerk::config
