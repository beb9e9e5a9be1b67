#include "app/library.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string_view>

#include "core/embedded.hpp"
#include "core/text_file.hpp"

namespace stellwerk::app {
namespace {

constexpr const char* kinds[]{"workflows", "connectors"};

std::vector<std::filesystem::path> folders_of(std::string_view dirs) {
  std::vector<std::filesystem::path> folders;
  while (!dirs.empty()) {
    const auto colon = dirs.find(':');
    folders.emplace_back(dirs.substr(0, colon));
    if (colon == std::string_view::npos) break;
    dirs.remove_prefix(colon + 1);
  }
  return folders;
}

/// What was probably meant, for a folder that holds none of the two.
std::string hint_for(const std::filesystem::path& folder) {
  std::error_code none;
  const auto name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  for (const char* kind : kinds)
    if (name == kind) return fmt::format("; name the folder that {} lies in", kind);
  for (const auto& entry : std::filesystem::directory_iterator{folder, none})
    if (entry.path().extension() == ".yaml") return fmt::format("; files such as {} go into one of these", entry.path().filename().string());
  return {};
}

}  // namespace

Result<void> check_library_dirs(const config::Settings& settings) {
  for (const auto& folder : folders_of(settings.library_dirs)) {
    std::error_code none;
    if (!std::filesystem::is_directory(folder, none)) return fail(ErrorCode::invalid_argument, fmt::format("setting library.dirs: there is no folder {}", folder.string()));
    bool holds_any = false;
    for (const char* kind : kinds) holds_any = holds_any || std::filesystem::is_directory(folder / kind, none);
    if (!holds_any)
      return fail(ErrorCode::invalid_argument, fmt::format("setting library.dirs: the folder {} holds neither workflows/ nor connectors/, so nothing would be read from it{}", folder.string(), hint_for(folder)));
  }
  return {};
}

Result<std::vector<std::pair<std::string, std::string>>> library_files(const config::Settings& settings) {
  STELLWERK_CHECK(check_library_dirs(settings));
  std::map<std::string, std::pair<std::string, std::string>> files;  // by "workflows/ticket.yaml"
  const auto put = [&](std::string_view kind, std::string name, std::string path, std::string text) { files[fmt::format("{}/{}", kind, name)] = {std::move(path), std::move(text)}; };
  for (const auto& file : embedded_files()) {
    const std::string_view path{file.path};
    if (path.ends_with(".yaml")) put(path.substr(0, path.find('/')), std::string{path.substr(path.rfind('/') + 1)}, std::string{path}, std::string{file.text});
  }
  for (const auto& folder : folders_of(settings.library_dirs)) {
    for (const char* kind : kinds) {
      std::error_code none;
      for (const auto& entry : std::filesystem::directory_iterator{folder / kind, none}) {
        if (entry.path().extension() != ".yaml") continue;
        STELLWERK_TRY(auto text, read_text_file(entry.path().string()));
        put(kind, entry.path().filename().string(), entry.path().string(), std::move(text));
      }
    }
  }
  std::vector<std::pair<std::string, std::string>> all;
  for (auto& [name, file] : files) all.push_back(std::move(file));
  return all;
}

}  // namespace stellwerk::app
