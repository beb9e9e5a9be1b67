// Bad files and what is said of them: tests/golden/workflow_problems/<name>.yaml and .txt; STELLWERK_UPDATE_GOLDEN=1 rewrites the texts.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/embedded.hpp"
#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

const std::filesystem::path golden = std::filesystem::path{STELLWERK_SOURCE_DIR} / "tests/golden/workflow_problems";

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> bad_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{golden}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checks)

BOOST_AUTO_TEST_CASE(tells_of_bad_files_what_their_golden_files_say) {
  for (const auto& path : bad_files()) {
    const auto text = read_text(path);
    const auto loaded = load_workflow(path.filename().string(), text, catalog());
    BOOST_TEST_CONTEXT(path.filename().string()) {
      BOOST_TEST(!loaded);
      if (loaded) continue;
      const auto messages = rendered(loaded.error(), text);
      const auto expected = std::filesystem::path{path}.replace_extension(".txt");
      if (std::getenv("STELLWERK_UPDATE_GOLDEN")) std::ofstream{expected, std::ios::binary} << messages;
      BOOST_TEST(messages == read_text(expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(twelve_mistakes_give_twelve_messages_in_the_order_of_the_file) {
  const auto text = read_text(golden / "twelve_mistakes.yaml");
  const auto problems = problems_of(text);
  const std::vector<std::pair<std::string, int>> expected{
      {"SW022", 8}, {"SW034", 12}, {"SW010", 20}, {"SW040", 22}, {"SW030", 23}, {"SW060", 29}, {"SW061", 30}, {"SW064", 30}, {"SW013", 31}, {"SW035", 35}, {"SW041", 38}, {"SW032", 39},
  };
  std::vector<std::pair<std::string, int>> found;
  for (const auto& problem : problems) found.emplace_back(problem.code, problem.place.line);
  BOOST_TEST((found == expected), rendered(problems, text));
}

BOOST_AUTO_TEST_CASE(every_code_of_the_loader_is_shown_by_a_golden_file) {
  std::set<std::string> shown;
  for (const auto& path : bad_files()) {
    for (const auto& problem : problems_of(read_text(path))) shown.insert(problem.code);
  }
  for (const auto& [code, title] : problem_codes()) {
    if (code >= "SW010" && code < "SW900") BOOST_TEST(shown.contains(code), code << " (" << title << ") is never shown");
  }
}

BOOST_AUTO_TEST_CASE(every_problem_can_be_explained) {
  for (const auto& path : bad_files()) {
    for (const auto& problem : problems_of(read_text(path))) BOOST_TEST(!explain(problem.code).empty(), problem.code);
  }
  BOOST_TEST(explain("SW999").empty());
  for (const auto& [code, title] : problem_codes()) {
    BOOST_TEST(!title.empty());
    BOOST_TEST(explain(code).size() > 40);
  }
}

BOOST_AUTO_TEST_CASE(a_shipped_file_that_lost_a_line_or_a_word_is_read_without_harm) {
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("workflows/library/")) continue;
    const std::string text{file.text};
    BOOST_TEST_CONTEXT(file.path) {
      for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        auto shorter = text;
        shorter.erase(begin, end - begin);
        for (const auto& problem : problems_of(shorter)) BOOST_REQUIRE(!explain(problem.code).empty());
        auto doubled = text;
        doubled.insert(begin, text.substr(begin, end - begin));
        for (const auto& problem : problems_of(doubled)) BOOST_REQUIRE(!explain(problem.code).empty());
        auto cut = text;
        cut.erase(begin + (end - begin) / 2, 3);
        for (const auto& problem : problems_of(cut)) BOOST_REQUIRE(!explain(problem.code).empty());
        begin = end;
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
