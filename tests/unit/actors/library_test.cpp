// The files beside what is published of them.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "actors/definitions.hpp"
#include "core/clock.hpp"
#include "tests/unit/actors/workflows.hpp"

using namespace stellwerk;
using namespace stellwerk::actors;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

struct Shelf {
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  std::unique_ptr<storage::Store> store = *database->open_store();
  TenantId tenant = make_id<TenantId>("ten");
  Files files = testing::test_library();

  std::string& text(const std::string& path) { return std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.first == path; })->second; }
  Library load(const Republished& again = {}) {
    auto library = load_library(*store, tenant, files, wall_now(), again);
    if (!library) BOOST_FAIL(describe(library.error()));
    return std::move(*library);
  }
  LibraryFile compared(const std::string& name) {
    auto all = compare_library(*store, tenant, files);
    const auto found = std::find_if(all->begin(), all->end(), [&](const LibraryFile& file) { return file.name == name; });
    BOOST_REQUIRE(found != all->end());
    return *found;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(library)

BOOST_FIXTURE_TEST_CASE(keeps_to_what_is_published_and_tells_of_a_newer_file, Shelf) {
  BOOST_TEST(compared("lifting").revision == 0);
  BOOST_TEST(!load().definitions->has_newer_file("lifting"));
  BOOST_TEST(!compared("lifting").differs);
  text("workflows/library/lifting.yaml") += "# newer\n";
  const auto later = load();
  BOOST_TEST(later.definitions->latest("lifting") == 1);
  BOOST_TEST(later.definitions->has_newer_file("lifting"));
  BOOST_TEST(!later.definitions->has_newer_file("waiting"));
  BOOST_TEST((compared("lifting").differs && compared("lifting").path == "workflows/library/lifting.yaml"));
}

BOOST_FIXTURE_TEST_CASE(publishes_a_newer_file_when_it_is_told_to, Shelf) {
  load();
  text("workflows/library/lifting.yaml") += "# newer\n";
  const auto later = load({{"workflow", "lifting"}});
  BOOST_TEST(later.definitions->latest("lifting") == 2);
  BOOST_TEST(later.definitions->find("lifting", 1) != nullptr);
  BOOST_TEST(!later.definitions->has_newer_file("lifting"));
  BOOST_TEST((compared("lifting").revision == 2 && !compared("lifting").differs));
}

BOOST_FIXTURE_TEST_CASE(compares_what_extends_another_with_its_base_merged_in, Shelf) {
  load();
  BOOST_TEST(!compared("based").differs);
  text("workflows/library/ground.yaml") += "# newer\n";
  BOOST_TEST(compared("ground").differs);
}

BOOST_FIXTURE_TEST_CASE(publishes_nothing_when_the_newer_file_has_problems, Shelf) {
  load();
  text("workflows/library/lifting.yaml") += "colour: red\n";
  BOOST_TEST(!load_library(*store, tenant, files, wall_now(), {{"workflow", "lifting"}}).has_value());
  BOOST_TEST(compared("lifting").revision == 1);
  BOOST_TEST(load().definitions->latest("lifting") == 1);
}

BOOST_FIXTURE_TEST_CASE(knows_files_by_the_folder_they_lie_in, Shelf) {
  std::find_if(files.begin(), files.end(), [](const auto& file) { return file.first == "workflows/library/lifting.yaml"; })->first = "/srv/mine/workflows/lifting.yaml";
  BOOST_TEST(load().definitions->latest("lifting") == 1);
  BOOST_TEST(compared("lifting").path == "/srv/mine/workflows/lifting.yaml");
}

BOOST_FIXTURE_TEST_CASE(publishes_no_file_that_declares_another_name_than_its_own, Shelf) {
  const auto rename = [&](const std::string& from, const std::string& to) { std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.first == from; })->first = to; };
  for (const auto& [folder, type, name] : {std::tuple{"workflows", "workflow", "lifting"}, {"connectors", "connector", "crane"}}) {
    BOOST_TEST_CONTEXT(type) {
      const auto right = fmt::format("{}/library/{}.yaml", folder, name), wrong = fmt::format("{}/library/other.yaml", folder);
      rename(right, wrong);
      const auto refused = load_library(*store, tenant, files, wall_now());
      BOOST_REQUIRE(!refused);
      const auto told = fmt::format("the file is called other.yaml, and the {} in it {}", type, name);
      BOOST_TEST(refused.error().message.find(told) != std::string::npos, refused.error().message);
      BOOST_TEST(compared("other").problem.find(told) != std::string::npos);
      rename(wrong, right);
    }
  }
  BOOST_TEST(load().definitions->latest("lifting") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
