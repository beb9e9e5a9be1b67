#include "config/yaml.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <ostream>

using namespace stellwerk;
using namespace stellwerk::config;
namespace data = boost::unit_test::data;

namespace {

Yaml root_of(const std::string& text) {
  auto file = read_yaml("test.yaml", text);
  for (const auto& problem : file ? std::vector<Problem>{} : file.error()) BOOST_TEST_MESSAGE(render(problem, text));
  BOOST_REQUIRE(file);
  return file->root;
}

std::vector<Problem> problems_of(const std::string& text) {
  auto file = read_yaml("test.yaml", text);
  BOOST_REQUIRE(!file);
  return file.error();
}

struct ScalarCase {
  std::string text;
  Yaml::Kind kind;
  std::string json;
  friend std::ostream& operator<<(std::ostream& out, const ScalarCase& c) { return out << c.text; }
};

const std::vector<ScalarCase> scalars{
    {"on", Yaml::Kind::text, R"("on")"},
    {"yes", Yaml::Kind::text, R"("yes")"},
    {"True", Yaml::Kind::text, R"("True")"},
    {"FALSE", Yaml::Kind::text, R"("FALSE")"},
    {"No", Yaml::Kind::text, R"("No")"},
    {"022", Yaml::Kind::text, R"("022")"},
    {"-022", Yaml::Kind::text, R"("-022")"},
    {"10:30", Yaml::Kind::text, R"("10:30")"},
    {"1_000", Yaml::Kind::text, R"("1_000")"},
    {"0b11", Yaml::Kind::text, R"("0b11")"},
    {"2026-03-02", Yaml::Kind::text, R"("2026-03-02")"},
    {"1.2.3", Yaml::Kind::text, R"("1.2.3")"},
    {"-", Yaml::Kind::list, "[null]"},
    {"+", Yaml::Kind::text, R"("+")"},
    {"0x", Yaml::Kind::text, R"("0x")"},
    {"0x-1", Yaml::Kind::text, R"("0x-1")"},
    {"0o8", Yaml::Kind::text, R"("0o8")"},
    {"true", Yaml::Kind::boolean, "true"},
    {"false", Yaml::Kind::boolean, "false"},
    {"tRUE", Yaml::Kind::text, R"("tRUE")"},
    {"0", Yaml::Kind::integer, "0"},
    {"-7", Yaml::Kind::integer, "-7"},
    {"+7", Yaml::Kind::integer, "7"},
    {"0x1F", Yaml::Kind::integer, "31"},
    {"0o17", Yaml::Kind::integer, "15"},
    {"9223372036854775807", Yaml::Kind::integer, "9223372036854775807"},
    {"-9223372036854775808", Yaml::Kind::integer, "-9223372036854775808"},
    {"1.5", Yaml::Kind::real, "1.5E0"},
    {"+0.5", Yaml::Kind::real, "5E-1"},
    {".5", Yaml::Kind::real, "5E-1"},
    {"1e3", Yaml::Kind::real, "1E3"},
    {"01.5", Yaml::Kind::text, R"("01.5")"},
    {".inf", Yaml::Kind::real, R"(".inf")"},
    {"~", Yaml::Kind::null, "null"},
    {"null", Yaml::Kind::null, "null"},
    {"", Yaml::Kind::null, "null"},
    {"'null'", Yaml::Kind::text, R"("null")"},
    {"\"12\"", Yaml::Kind::text, R"("12")"},
    {"''", Yaml::Kind::text, R"("")"},
    {"| \n  12\n", Yaml::Kind::text, R"("12\n")"},
};

struct RefusedCase {
  std::string name;
  std::string text;
  std::string code;
  Place place;
  friend std::ostream& operator<<(std::ostream& out, const RefusedCase& c) { return out << c.name; }
};

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string alias_bomb() {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + repeat(", " + last, 9) + "]\n";
  }
  return text;
}

std::string deep_blocks(int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  return text;
}

const std::vector<RefusedCase> refused{
    {"syntax", "a: [1, 2\nb: 3\n", "SW001", {2, 2}},
    {"unclosed quote", "a: \"text\n", "SW001", {1, 4}},
    {"unclosed single quote", "a: 'it''s\n\n", "SW001", {1, 4}},
    {"text behind a quote", "a: 'it's'\n", "SW001", {1, 8}},
    {"text behind the value", "{a: 1} {b: 2}\n", "SW001", {1, 8}},
    {"value behind a key's text", "a: b: c\n", "SW001", {1, 5}},
    {"unclosed bracket", "a: [1, 2\n", "SW001", {2, 1}},
    {"tab as indentation", "a:\n\tb: 1\n", "SW001", {2, 3}},
    {"list as key", "? [a]\n: b\n", "SW001", {1, 3}},
    {"map as key", "{a: 1}: b\n", "SW001", {1, 1}},
    {"missing key", ": b\n", "SW001", {1, 1}},
    {"missing value in a list", "a: [1,, 2]\n", "SW001", {1, 7}},
    {"missing indentation", "a:\n  b: 1\n c: 2\n", "SW001", {3, 2}},
    {"too large", std::string(10'000'000, 'x'), "SW002", {1, 1}},
    {"100,000 brackets", std::string(100'000, '['), "SW002", {1, 33}},
    {"100,000 braces", std::string(100'000, '{'), "SW002", {1, 64}},
    {"100,000 balanced brackets", std::string(100'000, '[') + std::string(100'000, ']'), "SW002", {1, 65}},
    {"100,000 dashes", repeat("- ", 100'000), "SW002", {1, 129}},
    {"100,000 complex keys", repeat("? ", 100'000), "SW002", {1, 129}},
    {"65 levels of blocks", deep_blocks(66), "SW002", {65, 65}},
    {"NUL", std::string("a: b\0c\n", 7), "SW003", {1, 5}},
    {"NUL by escape", "a: \"x\\0\"\n", "SW003", {1, 4}},
    {"end-of-stream character of the parser", "a: 1\n\x04hidden: 2\n", "SW003", {2, 1}},
    {"broken UTF-8", "a: ü\nb: \xC3\x28\n", "SW003", {2, 4}},
    {"overlong UTF-8", "a: \xC0\xAF\n", "SW003", {1, 4}},
    {"surrogate", "a: \xED\xA0\x80\n", "SW003", {1, 4}},
    {"UTF-16", std::string("\xFF\xFE" "a\0:\0", 6), "SW003", {1, 1}},
    {"anchor", "a: &x 1\n", "SW004", {1, 4}},
    {"anchor of a null", "a: &x\n", "SW004", {1, 4}},
    {"alias bomb", alias_bomb(), "SW004", {1, 5}},
    {"self reference", "&x [*x]\n", "SW004", {1, 1}},
    {"unknown alias", "a: *nobody\n", "SW004", {1, 4}},
    {"tag", "a: !!str 1\n", "SW004", {1, 4}},
    {"tag of a null", "a: !!str null\n", "SW004", {1, 4}},
    {"own tag", "a: !secret x\n", "SW004", {1, 4}},
    {"non-specific tag", "a: ! x\n", "SW004", {1, 4}},
    {"tag of a list", "a: !!set [1]\n", "SW004", {1, 4}},
    {"duplicate key", "a: 1\nb: 2\na: 3\n", "SW005", {3, 1}},
    {"duplicate key in other quotes", "{a: 1, 'a': 2}\n", "SW005", {1, 8}},
    {"two documents", "a: 1\n---\nb: 2\n", "SW006", {2, 1}},
    {"integer of 65 bits", "a: 9223372036854775808\n", "SW007", {1, 4}},
    {"hexadecimal of 65 bits", "a: 0x10000000000000000\n", "SW007", {1, 4}},
    {"real beyond a double", "a: 1e999\n", "SW007", {1, 4}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml)

BOOST_DATA_TEST_CASE(reads_scalars_by_the_core_schema, data::make(scalars), scalar) {
  const auto root = root_of(scalar.text.empty() ? "" : scalar.text + "\n");
  BOOST_TEST((root.kind == scalar.kind));
  BOOST_TEST(dump_json(root.to_json()) == scalar.json);
}

BOOST_AUTO_TEST_CASE(keeps_what_was_written_beside_the_value) {
  const auto root = root_of("{ a: 0x1F, b: 'on' }");
  BOOST_TEST(root.find("a")->text == "0x1F");
  BOOST_TEST(!root.find("a")->quoted);
  BOOST_TEST(root.find("b")->quoted);
}

BOOST_AUTO_TEST_CASE(knows_the_place_of_every_value_in_characters) {
  const auto root = root_of("übung: 1\nlist:\n  - ä: [ö, x]\n    b: 2\n");
  BOOST_REQUIRE_EQUAL(root.entries.size(), 2U);
  BOOST_TEST((root.entries[0].key_place == Place{1, 1}));
  BOOST_TEST((root.entries[0].value.place == Place{1, 8}));
  const auto& map = root.find("list")->items.at(0);
  BOOST_TEST((map.place == Place{3, 5}));
  BOOST_TEST((map.entries[0].value.items[1].place == Place{3, 12}));
  BOOST_TEST((map.entries[1].key_place == Place{4, 5}));
}

BOOST_AUTO_TEST_CASE(places_a_missing_value_at_its_key) {
  const auto root = root_of("a:\n  b:\nnull: 3\n");
  BOOST_TEST((root.find("a")->find("b")->place == Place{2, 3}));
  BOOST_TEST(root.find("null")->integer == 3);
}

BOOST_AUTO_TEST_CASE(keeps_the_order_of_keys_and_reads_numbers_as_keys) {
  const auto root = root_of("z: 1\n404: 2\non: 3\n");
  BOOST_REQUIRE_EQUAL(root.entries.size(), 3U);
  BOOST_TEST(root.entries[0].key == "z");
  BOOST_TEST(root.entries[1].key == "404");
  BOOST_TEST(root.entries[2].key == "on");
}

BOOST_AUTO_TEST_CASE(accepts_a_byte_order_mark_and_windows_line_ends) {
  const auto root = root_of("\xEF\xBB\xBF" "a: 1\r\nb: [x,\r\n  y]\r\n");
  BOOST_TEST((root.entries[0].key_place == Place{1, 1}));
  BOOST_TEST((root.find("b")->items[1].place == Place{3, 3}));
  BOOST_TEST(root.find("b")->items[1].text == "y");
}

BOOST_AUTO_TEST_CASE(accepts_lists_with_a_comma_at_the_end_and_empty_ones) {
  BOOST_TEST(dump_json(root_of("a: []\nb: [1, 2, ]\nc: [null, ~]\nd:\n  -\n  - x\n").to_json()) == R"({"a":[],"b":[1,2],"c":[null,null],"d":[null,"x"]})");
}

BOOST_AUTO_TEST_CASE(accepts_64_levels) {
  BOOST_TEST(root_of(std::string(64, '[') + std::string(64, ']')).is_list());
}

BOOST_AUTO_TEST_CASE(reads_a_long_line_in_linear_time) {
  const auto root = root_of("[" + repeat("ä,", 80'000) + " end]");
  BOOST_TEST(root.items.size() == 80'001U);
  BOOST_TEST((root.items.back().place == Place{1, 160'003}));
}

BOOST_DATA_TEST_CASE(refuses_hostile_files_with_place_and_code, data::make(refused), file) {
  const auto began = std::chrono::steady_clock::now();
  const auto problems = problems_of(file.text);
  BOOST_TEST(problems.at(0).code == file.code);
  BOOST_TEST(problems.at(0).place.line == file.place.line);
  BOOST_TEST(problems.at(0).place.column == file.place.column);
  BOOST_TEST(problems.at(0).file == "test.yaml");
  // generous: what it guards against takes minutes or all memory
  BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds{20}));
}

BOOST_AUTO_TEST_CASE(reports_every_problem_in_order) {
  const auto problems = problems_of("a: &x 1\nb: *x\nb: !!int 99999999999999999999\n");
  std::vector<std::string> codes;
  for (const auto& problem : problems) codes.push_back(problem.code);
  const std::vector<std::string> expected{"SW004", "SW004", "SW005", "SW004"};
  BOOST_TEST(codes == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bounds_the_number_of_problems) {
  BOOST_TEST(problems_of("[" + repeat("&a x, ", 10'000) + "]").size() <= 100U);
}

BOOST_AUTO_TEST_CASE(shows_the_line_with_a_caret_and_the_hint) {
  const std::string text = "übung: 1\n\tkey: välue\n";
  const Problem problem{"SW012", "a.yaml", {2, 7}, "something is wrong", "write it so"};
  BOOST_TEST(render(problem, text) ==
             "a.yaml:2:7: error SW012: something is wrong\n"
             "  2 |  key: välue\n"
             "    |       ^\n"
             "  hint: write it so\n");
}

BOOST_AUTO_TEST_CASE(clips_a_very_long_line_around_the_caret) {
  const auto text = render({"SW001", "a.yaml", {1, 5'000}, "wrong", ""}, std::string(4'999, 'x') + "!" + std::string(5'000, 'y'));
  BOOST_TEST(text.size() < 400U);
  const auto shown = text.find("x!y");
  BOOST_REQUIRE(shown != std::string::npos);
  const auto line = text.rfind('\n', shown) + 1;
  const auto caret = text.find('^');
  const auto caret_line = text.rfind('\n', caret) + 1;
  // the ellipsis takes three bytes and one column
  BOOST_TEST(caret - caret_line == shown + 1 - line - 2);
}

BOOST_AUTO_TEST_CASE(shows_no_control_characters_to_the_terminal) {
  const auto text = render({"SW003", "a.yaml", {1, 2}, "wrong", ""}, "a\x1b[2J\xC2\x9B\xFF");
  BOOST_TEST(text.find('\x1b') == std::string::npos);
  BOOST_TEST(text.find('\xFF') == std::string::npos);
  BOOST_TEST(text.find("\xC2\x9B") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(leaves_out_the_line_when_there_is_no_place) {
  BOOST_TEST(render({"SW900", "STELLWERK_X", {0, 0}, "no such setting", ""}, "a: 1") == "STELLWERK_X: error SW900: no such setting\n");
  BOOST_TEST(render({"SW901", "a.yaml", {1, 0}, "wrong", ""}, "password: hunter2") == "a.yaml:1: error SW901: wrong\n");
}

BOOST_AUTO_TEST_CASE(guesses_the_word_that_was_meant) {
  const std::vector<std::string> words{"suspend", "resume", "terminate", "on"};
  BOOST_TEST(closest("supsend", words) == "suspend");
  BOOST_TEST(closest("resum", words) == "resume");
  BOOST_TEST(closest("terminated", words) == "terminate");
  BOOST_TEST(closest("no", words) == "on");
  BOOST_TEST(closest("delete", words).empty());
  BOOST_TEST(closest("", words).empty());
}

BOOST_AUTO_TEST_SUITE_END()
