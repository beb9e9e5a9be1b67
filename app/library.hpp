#pragma once
// The workflow and connector files that a server knows: those shipped, and those of the folders in library.dirs.

#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"

namespace CLI {
class App;
}

namespace stellwerk::app {

/// Errors: invalid_argument, when a folder of library.dirs is not there, or holds neither workflows/ nor connectors/ and so would say nothing.
[[nodiscard]] Result<void> check_library_dirs(const config::Settings& settings);

/// Path and text of each file; one of the same name in a folder of library.dirs takes the place of one shipped, and of one in a folder
/// before. Errors: as check_library_dirs(), and a file that cannot be read.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> library_files(const config::Settings& settings);

/// `list` and `publish` of `stellwerk workflow` or `stellwerk connector`; `type` is "workflow" or "connector".
void add_library_commands(CLI::App& group, const std::string& type, int& exit_status);

}  // namespace stellwerk::app
