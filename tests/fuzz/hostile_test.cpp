// Files made to hurt: refused within bounds of memory and of work. Work is counted in requests for memory, which do not depend on the machine.
#include <malloc.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "core/utf8.hpp"
#include "tests/support/catalog.hpp"
#include "workflows/definition.hpp"

namespace {

struct Meter {
  std::size_t requests = 0, live = 0, peak = 0;
  void taken(void* memory) {
    ++requests;
    live += malloc_usable_size(memory);
    peak = std::max(peak, live);
  }
};
thread_local Meter meter;

}  // namespace

// not inlined: the compiler would pair malloc with the delete of others and warn
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = std::malloc(size == 0 ? 1 : size)) {
    meter.taken(memory);
    return memory;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory) meter.taken(memory);
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  meter.live -= std::min(meter.live, malloc_usable_size(memory));
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace stellwerk::workflows {
namespace {

constexpr std::size_t most_bytes = 256 * 1024;  ///< of a file that is read at all
constexpr std::size_t most_told = 200;

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  made.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

std::string numbered(std::size_t count, const std::function<std::string(std::size_t)>& line) {
  std::string made;
  for (std::size_t i = 0; i < count; ++i) made += line(i);
  return made;
}

struct Cost {
  std::vector<config::Problem> problems;
  bool loaded = false;
  std::size_t requests = 0, peak = 0;
};

Cost cost_of(const std::string& text) {
  static const auto catalog = testing::shipped_catalog();
  const auto before = meter;
  meter.peak = meter.live;
  auto loaded = load_workflow("hostile.yaml", text, catalog);
  Cost cost{.problems = {}, .loaded = loaded.has_value(), .requests = meter.requests - before.requests, .peak = meter.peak - before.live};
  if (!loaded) cost.problems = std::move(loaded).error();
  return cost;
}

/// Refused, the first problem being `code`. Per byte that is read at most so many requests for memory and bytes of it.
void check_refused(std::string_view what, const std::string& text, std::string_view code) {
  BOOST_TEST_CONTEXT(what) {
    const auto cost = cost_of(text);
    const auto read = std::min(text.size(), most_bytes);
    BOOST_REQUIRE(!cost.loaded);
    BOOST_TEST(cost.problems.front().code == code, cost.problems.front().code << " " << cost.problems.front().message);
    BOOST_TEST(cost.requests <= 20'000 + 60 * read, cost.requests << " requests for " << read << " bytes");
    BOOST_TEST(cost.peak <= 4 * text.size() + (1U << 20U) + 256 * read, cost.peak << " bytes of memory for " << text.size());
    BOOST_TEST(cost.problems.size() <= most_told + 1);
    for (const auto& problem : cost.problems) {
      const auto shown = config::render(problem, text.substr(0, most_bytes));
      BOOST_TEST(shown.size() <= 4'096U, problem.message.substr(0, 200));
      BOOST_TEST(!find_bad_character(shown), "what is told is clean text");
    }
    BOOST_TEST_MESSAGE(what << ": " << text.size() << " bytes, " << cost.requests << " requests, peak " << cost.peak << ", " << cost.problems.size() << " problems");
  }
}

const std::string header = "language: 1\nworkflow: hostile\nkind: thing\n";
const std::string ending = "initial: a\nstates: { a: { status: a, rest: true } }\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile)

BOOST_AUTO_TEST_CASE(what_multiplies_is_refused_where_it_is_written) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c) {
    const auto before = std::string{static_cast<char>(c - 1)};
    bomb += std::string{c} + ": &" + c + " [" + repeated("*" + before + ", ", 8) + "*" + before + "]\n";
  }
  check_refused("alias bomb", bomb, "SW004");
  check_refused("self-reference", "a: &a [ *a ]\n", "SW004");
  check_refused("self-reference of a map", "&a { b: *a }\n", "SW004");
  check_refused("merge key", "a: &a { x: 1 }\nb: { <<: *a }\n", "SW004");
  check_refused("aliases", "a: [" + repeated("*x,", 80'000) + "]\n", "SW004");
  check_refused("anchors", "a: [" + repeated("&x 1,", 50'000) + "]\n", "SW004");
  check_refused("tags", "a: [" + repeated("!!str 1,", 30'000) + "]\n", "SW004");
}

BOOST_AUTO_TEST_CASE(depth_is_refused_at_64_levels) {
  check_refused("100,000 brackets", std::string(100'000, '['), "SW002");
  check_refused("250,000 brackets", std::string(250'000, '['), "SW002");
  check_refused("100,000 pairs of brackets", std::string(100'000, '[') + std::string(100'000, ']'), "SW002");
  check_refused("flow maps", repeated("{a: ", 60'000), "SW002");
  check_refused("closed flow maps", repeated("{a: ", 50'000) + repeated("}", 50'000), "SW002");
  check_refused("block lists", repeated("- ", 100'000) + "x\n", "SW002");
  std::string blocks;
  for (std::size_t depth = 0; depth < 65; ++depth) blocks += std::string(depth, ' ') + "a:\n";
  check_refused("65 levels", blocks + std::string(65, ' ') + "b: 1\n", "SW002");
  check_refused("closing brackets", std::string(200'000, ']'), "SW001");
  check_refused("question marks", repeated("? ", 100'000), "SW002");
}

BOOST_AUTO_TEST_CASE(size_is_refused_before_anything_is_read) {
  check_refused("10 MB of text", header + "title: " + std::string(10U << 20U, 'x') + "\n", "SW002");
  check_refused("10 MB of brackets", std::string(10U << 20U, '['), "SW002");
  check_refused("a million keys", numbered(1'000'000, [](std::size_t i) { return "k" + std::to_string(i) + ": 1\n"; }), "SW002");
  check_refused("10 MB of line feeds", std::string(10U << 20U, '\n'), "SW002");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_refused) {
  check_refused("NUL", header + std::string("title: a\0b\n", 11), "SW003");
  check_refused("NUL in quotes", header + "title: \"a\\0b\"\n", "SW003");
  check_refused("only NUL", std::string(1'000, '\0'), "SW003");
  check_refused("overlong slash", header + "title: \xC0\xAF\n", "SW003");
  check_refused("surrogate", header + "title: \xED\xA0\x80\n", "SW003");
  check_refused("cut off", header + "title: \xE2\x82", "SW003");
  check_refused("stray continuation", "\x80\x80\x80", "SW003");
  check_refused("beyond Unicode", header + "title: \xF4\x90\x80\x80\n", "SW003");
  check_refused("UTF-16", std::string("\xFF\xFEl\0a\0n\0", 8), "SW003");
  check_refused("escape sequence", header + "title: \x1B[31mred\n", "SW003");
  check_refused("nothing", "", "SW013");
}

BOOST_AUTO_TEST_CASE(the_longest_values_of_a_file_are_told_in_a_few_words) {
  const std::size_t room = 250'000;
  check_refused("scalar", header + "initial: " + std::string(room, 'x') + "\nstates: { a: { status: a, rest: true } }\n", "SW030");
  check_refused("key", header + std::string(1'000, 'k') + ": 1\n" + ending, "SW010");
  check_refused("name", header + "kind_: 1\nattributes: { " + std::string(1'000, 'n') + ": { type: int } }\n" + ending, "SW010");
  check_refused("language", "language: " + std::string(room, '9') + "x\nworkflow: x\nkind: y\n" + ending, "SW016");
  check_refused("number", header + "x: " + std::string(room, '9') + "\n", "SW007");
  check_refused("type", header + "attributes: { a: { type: " + std::string(room, 't') + " } }\n" + ending, "SW020");
  check_refused("status", "language: 1\nworkflow: x\nkind: service\ninitial: a\nstates: { a: { rest: true, status: " + std::string(room, 's') + " } }\n", "SW035");
  check_refused("expression", header + "initial: a\nevents: { e: { allow: [staff] } }\nstates: { a: { status: a, rest: true, on: { e: { when: \"" + std::string(room, '(') + "\" } } } }\n", "SW040");
  check_refused("template", header + "initial: a\nevents: { e: { allow: [staff] } }\nstates: { a: { status: a, rest: true, on: { e: { notify: { template: x, with: { a: \"" + repeated("${", 100'000) + "\" } } } } } }\n", "SW040");
  check_refused("holes", header + "initial: a\nevents: { e: { allow: [staff] } }\nstates: { a: { status: a, rest: true, on: { e: { notify: { template: x, with: { a: \"" + repeated("${x}", 50'000) + "\" } } } } } }\n", "SW040");
  check_refused("title by language", header + "title: { " + std::string(1'000, 'e') + ": x }\n" + ending, "SW010");
  check_refused("format", header + "attributes: { a: { type: string, format: " + std::string(room, 'f') + " } }\n" + ending, "SW020");
  check_refused("pattern", header + "attributes: { a: { type: string, pattern: \"" + repeated("(a", 15'000) + "\" } }\n" + ending, "SW023");
  check_refused("duration", header + "attributes: { a: { type: duration, min: P" + std::string(room, '9') + "D } }\n" + ending, "SW013");
  check_refused("role", header + "events: { e: { allow: [" + std::string(room, 'r') + "] } }\n" + ending, "SW034");
  check_refused("operation", header + "initial: a\nstates: { a: { status: a, steps: [ { s: { call: " + std::string(room, 'o') + ", on_server: \"'srv_1'\" } } ], done: { to: a }, failed: incident } }\n", "SW060");
}

BOOST_AUTO_TEST_CASE(many_mistakes_are_told_up_to_a_number_and_then_counted) {
  const auto conditions = header + "events: { e: { allow: [staff] } }\ninitial: a\nstates:\n  a:\n    status: a\n    rest: true\n    on:\n      e:\n" + repeated("        - { when: \"1 +\" }\n", 5'000);
  check_refused("5,000 conditions", conditions, "SW040");
  const auto cost = cost_of(conditions);
  BOOST_REQUIRE(cost.problems.size() == most_told + 1);
  BOOST_TEST(cost.problems.back().message.find("4800") != std::string::npos, cost.problems.back().message);
  check_refused("unknown keys", header + numbered(20'000, [](std::size_t i) { return "k" + std::to_string(i) + ": 1\n"; }), "SW012");
  check_refused("duplicate keys", header + "attributes: {" + repeated("a: {}, ", 30'000) + "}\n", "SW005");
}

BOOST_AUTO_TEST_CASE(more_of_anything_than_people_read_is_refused_unread) {
  check_refused("attributes", header + "attributes:\n" + numbered(5'000, [](std::size_t i) { return "  a" + std::to_string(i) + ": { type: nothing }\n"; }) + ending, "SW017");
  check_refused("states", header + "initial: s0\nstates:\n" + numbered(8'000, [](std::size_t i) { return "  s" + std::to_string(i) + ": { status: a }\n"; }), "SW017");
  check_refused("steps", header + "initial: a\nstates:\n  a:\n    status: a\n    steps:\n" + numbered(8'000, [](std::size_t i) { return "    - s" + std::to_string(i) + ": {}\n"; }) + "    done: { to: a }\n    failed: incident\n", "SW017");
  check_refused("events", header + "events:\n" + numbered(10'000, [](std::size_t i) { return "  e" + std::to_string(i) + ": {}\n"; }) + ending, "SW017");
}

BOOST_AUTO_TEST_CASE(a_mistake_in_a_very_long_line_is_shown_with_a_part_of_the_line) {
  const auto text = header + "initial: a\nstates: { a: { status: a, rest: true, title: " + std::string(100'000, 'x') + ", colour: x } }\n";
  const auto cost = cost_of(text);
  BOOST_REQUIRE(cost.problems.size() == 1U);
  BOOST_TEST(cost.problems[0].place.column > 100'000);
  const auto shown = config::render(cost.problems[0], text);
  BOOST_TEST(shown.size() < 500U, shown);
  BOOST_TEST(shown.find("colour: x") != std::string::npos, shown);
  const auto lines = shown.substr(shown.find('\n') + 1);
  const auto source_line = lines.substr(0, lines.find('\n'));
  const auto caret_line = lines.substr(lines.find('\n') + 1);
  const auto under = source_line.find("colour");
  // the mark of what was left out is one character of three bytes
  BOOST_TEST(caret_line.find('^') == under - 2, shown);
}

BOOST_AUTO_TEST_CASE(line_ends_of_windows_and_a_byte_order_mark_change_nothing) {
  const auto plain = header + ending;
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : plain) windows += c == '\n' ? std::string{"\r\n"} : std::string{c};
  BOOST_TEST(cost_of(plain).loaded);
  BOOST_TEST(cost_of(windows).loaded);
  std::string wrong = windows;
  wrong.replace(wrong.find("rest"), 4, "rast");
  const auto cost = cost_of(wrong);
  BOOST_REQUIRE(!cost.problems.empty());
  BOOST_TEST(cost.problems.front().place.line == 5);
  BOOST_TEST(cost.problems.front().place.column == 27);
  BOOST_TEST(config::render(cost.problems.front(), wrong).find('\r') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_largest_files_that_are_read_cost_in_proportion_to_their_size) {
  const auto grow = [](std::size_t count) {
    return cost_of(header + "events: { e: { allow: [staff] } }\ninitial: a\nstates:\n  a:\n    status: a\n    rest: true\n    on:\n      e:\n" + repeated("        - { when: self.id == 'x', to: a }\n", count));
  };
  const auto small = grow(600), large = grow(4'800);
  BOOST_TEST(small.loaded);
  BOOST_TEST(large.loaded);
  BOOST_TEST(large.requests <= 10 * small.requests, large.requests << " against " << small.requests);
  BOOST_TEST(large.peak <= 10 * small.peak, large.peak << " against " << small.peak);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
