#pragma once
// From the parameters of `clone` and `config` to the settings of a guest.

#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "sandbox/answers.hpp"
#include "sandbox/cluster.hpp"

namespace stellwerk::sandbox {

/// A value of nothing removes the setting.
using Changes = std::map<std::string, std::optional<std::string>, std::less<>>;

/// What POST or PUT …/config asks for; or the answer that refuses it.
[[nodiscard]] tl::expected<Changes, http::Response> read_changes(Cluster& cluster, const Guest& guest, const Values& values);

struct CopyOptions {
  int vmid = 0;
  std::string node;
  std::string name;         ///< empty: "Copy-of-VM-<name of the source>"
  std::string description;  ///< empty: none
  std::string pool;
  std::string storage;  ///< empty: that of the source
};
/// The guest as a clone shows it until its task ends: complete, with identity of its own, and locked.
[[nodiscard]] Guest copy_guest(Cluster& cluster, const Guest& source, const CopyOptions& options);

}  // namespace stellwerk::sandbox
