#pragma once
// Loading of small workflows in tests.

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catalog.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::workflows::loading_test {

/// The shipped signatures, and an operation that charges without an undo.
inline Catalog catalog() {
  auto made = testing::shipped_catalog();
  made.operations["shop.charge"] = {.name = "shop.charge", .effect = Effect::charges};
  return made;
}

inline std::vector<config::Problem> problems_of(const std::string& text) {
  const auto loaded = load_workflow("test.yaml", text, catalog());
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
