#pragma once
// Loading of small workflows in tests.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/catalog.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::workflows::loading_test {

/// Bad files and what is said of them, and the bases that some of them extend.
inline const std::filesystem::path golden = std::filesystem::path{STELLWERK_SOURCE_DIR} / "tests/golden/workflow_problems";

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::filesystem::path> bad_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{golden}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline std::optional<SourceFile> find_base(std::string_view workflow) {
  const auto path = golden / "bases" / (std::string{workflow} + ".yaml");
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  return SourceFile{path.filename().string(), read_text(path)};
}

/// The shipped signatures, an operation that charges without an undo, and plans.
inline Catalog catalog() {
  auto made = testing::shipped_catalog();
  made.operations["shop.charge"] = {.name = "shop.charge", .effect = Effect::charges};
  made.kinds["plan"] = {.fields = {testing::field("cores", TypeSpec::Base::integer), testing::field("pool", TypeSpec::Base::string)}};
  return made;
}

inline std::vector<config::Problem> problems_of(const std::string& text) {
  const auto loaded = load_workflow("test.yaml", text, catalog(), find_base);
  return loaded ? std::vector<config::Problem>{} : loaded.error();
}

inline std::string rendered(const std::vector<config::Problem>& problems, const std::string& text) {
  std::string all;
  for (const auto& problem : problems) all += config::render(problem, text);
  return all;
}

/// A workflow that must load.
inline std::shared_ptr<const Definition> load(const std::string& text) {
  auto loaded = load_workflow("test.yaml", text, catalog());
  if (!loaded) BOOST_ERROR(rendered(loaded.error(), text));
  BOOST_REQUIRE(loaded);
  return *loaded;
}

}  // namespace stellwerk::workflows::loading_test
