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

/// A base's problems show the base's line.
std::string messages_of(const std::vector<config::Problem>& problems, const std::string& file, const std::string& text) {
  std::string all;
  for (const auto& problem : problems) all += config::render(problem, problem.file == file ? text : read_text(golden / "bases" / problem.file));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checks)

BOOST_AUTO_TEST_CASE(tells_of_bad_files_what_their_golden_files_say) {
  for (const auto& path : bad_files()) {
    const auto text = read_text(path);
    const auto loaded = load_workflow(path.filename().string(), text, catalog(), find_base);
    BOOST_TEST_CONTEXT(path.filename().string()) {
      BOOST_TEST(!loaded);
      if (loaded) continue;
      const auto messages = messages_of(loaded.error(), path.filename().string(), text);
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
  // a file with 200 problems is in tests/fuzz/hostile_test.cpp; what takes two files to see, in checks_across_test.cpp
  const std::set<std::string> elsewhere{"SW071", "SW073"};
  for (const auto& [code, title] : problem_codes()) {
    if (code < "SW900" && !elsewhere.contains(code)) BOOST_TEST(shown.contains(code), code << " (" << title << ") is never shown");
  }
}

BOOST_AUTO_TEST_CASE(at_least_a_hundred_bad_files_are_kept) { BOOST_TEST(bad_files().size() >= 100U); }

BOOST_AUTO_TEST_CASE(no_golden_file_is_left_behind) {
  for (const auto& entry : std::filesystem::directory_iterator{golden}) {
    if (entry.path().extension() == ".txt") BOOST_TEST(std::filesystem::exists(std::filesystem::path{entry.path()}.replace_extension(".yaml")), entry.path().string());
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

BOOST_AUTO_TEST_CASE(a_timer_needs_no_require_when_nobody_else_decides) {
  // staff set the day themselves, and see what they do; billing is no actor whose row could be read again
  const std::string head = "language: 1\nworkflow: small\nkind: service\nattributes: { vmid: { type: int, required: true }, day: { type: date, edit: [staff] } }\n";
  const std::string tail = R"(
schedule: { over: { at: self.day, to: killing } }
initial: idle
states:
  idle: { status: active, on: { put: { set: { day: "${event.day}" } } } }
  killing: { status: active, steps: [ { destroy: { call: proxmox.destroy_vm, on_server: "'srv_1'", with: { vmid: "${self.vmid}" } } } ], done: { to: gone }, failed: incident }
  gone: { status: terminated, final: true }
)";
  const auto with = [&](const std::string& source) { return head + "events: { put: { " + source + ", with: { day: { type: date } } } }" + tail; };
  load(with("allow: [staff]"));
  load(with("from: [billing]"));
  BOOST_TEST(problems_of(with("from: [invoice]")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_schedule_is_what_a_waiting_state_may_wait_for) {
  load("language: 1\nworkflow: small\nkind: service\nattributes: { day: { type: date, edit: [staff] } }\n"
       "schedule: { over: { at: self.day, to: gone } }\ninitial: idle\nstates: { idle: { status: active }, gone: { status: terminated, final: true } }\n");
}

BOOST_AUTO_TEST_CASE(what_is_done_in_place_leads_on_and_may_end_where_it_began) {
  load(R"(
language: 1
workflow: small
kind: service
events: { go: { allow: [staff] } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on: { go: { steps: [ { out: { leave: { to: gone }, when: self.id == 'x' } } ], done: { when: self.id == 'y', to: other } } }
  other: { status: active, rest: true }
  gone: { status: terminated, final: true }
)");
}

BOOST_AUTO_TEST_CASE(a_shipped_file_that_lost_a_line_or_a_word_is_read_without_harm) {
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("workflows/library/") || file.path.ends_with(".test.yaml")) continue;
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
