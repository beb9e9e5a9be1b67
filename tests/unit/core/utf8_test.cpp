#include "core/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

using namespace stellwerk;

BOOST_AUTO_TEST_SUITE(utf8)

BOOST_AUTO_TEST_CASE(takes_every_well_formed_character_and_no_other) {
  const std::pair<std::string, std::size_t> cases[] = {
      {"a", 1}, {"\xC2\x80", 2}, {"\xDF\xBF", 2}, {"\xE0\xA0\x80", 3}, {"\xED\x9F\xBF", 3}, {"\xEF\xBF\xBF", 3}, {"\xF0\x90\x80\x80", 4}, {"\xF4\x8F\xBF\xBF", 4},
      {"", 0}, {"\x80", 0}, {"\xC0\x80", 0}, {"\xC1\xBF", 0}, {"\xC3", 0}, {"\xE0\x9F\xBF", 0}, {"\xED\xA0\x80", 0}, {"\xE2\x82", 0}, {"\xF0\x8F\xBF\xBF", 0},
      {"\xF4\x90\x80\x80", 0}, {"\xF5\x80\x80\x80", 0}, {"\xF0\x9F\x98", 0}, {"\xFF", 0},
  };
  for (const auto& [text, length] : cases) BOOST_TEST(utf8_length(text, 0) == length);
}

BOOST_AUTO_TEST_CASE(finds_the_first_bad_character) {
  BOOST_TEST(!find_bad_character("ä\t\r\n€").has_value());
  BOOST_TEST(find_bad_character("ä\x7F").value() == 2U);
  BOOST_TEST(find_bad_character(std::string_view{"a\0", 2}).value() == 1U);
  BOOST_TEST(find_bad_character("€\xE2\x82").value() == 3U);
}

BOOST_AUTO_TEST_CASE(counts_and_prints_character_by_character) {
  for (const std::string text : {"ä€x", "\x1b[0m", "\xFF\xFE", "\xC2\x9B"}) BOOST_TEST(count_characters(printable(text)) == count_characters(text));
  BOOST_TEST(printable("a\x1b\xC2\x9B\xFF€") == "a  ?€");
}

BOOST_AUTO_TEST_SUITE_END()
