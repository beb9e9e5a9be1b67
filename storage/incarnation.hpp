#pragma once
// What every Store says about incarnations, in the same words.

#include <string>

#include "core/error.hpp"

namespace stellwerk::storage {

/// Of a session that may not write because it bears no incarnation.
[[nodiscard]] Error no_incarnation();
/// Of a session whose incarnation was ended. Code cancelled, reason "fenced".
[[nodiscard]] Error incarnation_ended(const std::string& incarnation);
/// Of a node that comes while another one lives. Code conflict, reason "held".
[[nodiscard]] Error database_held(const std::string& host, const std::string& incarnation);

}  // namespace stellwerk::storage
