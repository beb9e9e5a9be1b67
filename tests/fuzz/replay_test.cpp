// Every file that a fuzzer began with or found goes through the same functions in every build, and so do the bad and the shipped workflows.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

#include "tests/fuzz/entries.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path source = STELLWERK_SOURCE_DIR;

std::size_t replay(const fs::path& folder, const std::function<void(std::string_view)>& entry) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator{folder}) {
    if (file.is_regular_file()) files.push_back(file.path());
  }
  std::ranges::sort(files);
  for (const auto& path : files) {
    BOOST_TEST_CONTEXT(path.string()) {
      std::ifstream file{path, std::ios::binary};
      std::stringstream text;
      text << file.rdbuf();
      BOOST_REQUIRE(file);
      entry(text.str());
    }
  }
  return files.size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz_replay)

BOOST_AUTO_TEST_CASE(the_loader_takes_whatever_the_fuzzer_found) {
  BOOST_TEST(replay(source / "tests/fuzz/corpus/loader", stellwerk::fuzz::read_workflow) > 0U);
  BOOST_TEST(replay(source / "tests/golden/workflow_problems", stellwerk::fuzz::read_workflow) > 0U);
  BOOST_TEST(replay(source / "workflows/library", stellwerk::fuzz::read_workflow) > 0U);
}

BOOST_AUTO_TEST_CASE(expressions_take_whatever_the_fuzzer_found) {
  BOOST_TEST(replay(source / "tests/fuzz/corpus/cel", stellwerk::fuzz::read_expression) > 0U);
  BOOST_TEST(replay(source / "tests/golden/workflow_problems", stellwerk::fuzz::read_expression) > 0U);
}

BOOST_AUTO_TEST_CASE(templates_take_whatever_the_fuzzer_found) {
  BOOST_TEST(replay(source / "tests/fuzz/corpus/template", stellwerk::fuzz::read_template) > 0U);
  BOOST_TEST(replay(source / "tests/golden/workflow_problems", stellwerk::fuzz::read_template) > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
