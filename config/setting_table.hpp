#pragma once
// Inside of settings.cpp: the declarations, and how a written value becomes a field of Settings.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace stellwerk::config {

/// Why a value is refused; the caller knows where it stood.
struct Refusal {
  std::string code;  ///< SW901 wrong value, SW902 out of bounds
  std::string message;
  std::string hint;
};

struct Setting {
  SettingInfo info;
  std::function<std::optional<Refusal>(Settings&, std::string_view)> set;
  [[nodiscard]] bool is_secret() const { return info.type == "secret"; }
};

/// Every setting, in the order of the reference.
[[nodiscard]] const std::vector<Setting>& setting_table();

/// "STELLWERK_HTTP__LISTEN" for "http.listen".
[[nodiscard]] std::string environment_name(std::string_view setting);

}  // namespace stellwerk::config
