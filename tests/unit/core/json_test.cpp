#include "core/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace stellwerk;

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(takes_strict_json_only) {
  for (const std::string text : {"", "{", "{}}", "[1,]", "{\"a\":1,}", "'a'", "// c\n1", "nul", "01", "1 2", "\"\xff\"", "NaN"}) {
    const auto json = parse_json(text);
    BOOST_REQUIRE_MESSAGE(!json, text);
    BOOST_TEST((json.error().code == ErrorCode::malformed));
  }
  for (const std::string text : {"null", " {\"a\": [1, 2.5, \"x\"]}\n\t ", "-0", "\"\\u20ac\""}) BOOST_TEST(parse_json(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(bounds_depth_and_size) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  BOOST_TEST(parse_json(nested(64)).has_value());
  BOOST_TEST(!parse_json(nested(65)).has_value());
  BOOST_TEST(!parse_json(std::string(1'000'000, '[')).has_value());
  BOOST_TEST(parse_json("\"12345678\"", 10).has_value());
  BOOST_TEST(!parse_json("\"123456789\"", 10).has_value());
}

BOOST_AUTO_TEST_CASE(says_where_it_fails) {
  BOOST_TEST(parse_json("{\"a\": x}").error().message.find("byte 6") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(reads_members_with_fallbacks) {
  const auto value = parse_json(R"({"t":"x","i":5,"u":18446744073709551615,"b":true,"n":null})").value();
  BOOST_TEST(text_of(value, "t") == "x");
  BOOST_TEST(text_of(value, "i", "-") == "-");
  BOOST_TEST(int_of(value, "i") == 5);
  BOOST_TEST(int_of(value, "u", -1) == -1);
  BOOST_TEST(bool_of(value, "b"));
  BOOST_TEST(bool_of(value, "absent", true));
  BOOST_TEST(find_member(value, "n") != nullptr);
  BOOST_TEST(find_member(value, "absent") == nullptr);
  BOOST_TEST(find_member(Json(1), "t") == nullptr);
}

BOOST_AUTO_TEST_CASE(writes_compact_text) { BOOST_TEST(dump_json(parse_json(R"( { "a" : [ 1 , true ] } )").value()) == R"({"a":[1,true]})"); }

BOOST_AUTO_TEST_CASE(tells_to_the_byte_whether_the_text_has_at_most_so_many) {
  for (const auto* text : {"null", "true", "-9223372036854775808", "1.7976931348623157E308", R"("plain")", R"("\u0001\u0002\"\\")", "[]", "{}", R"([1,"a",[true,null]])", R"({"a":{"\u0007":[1.5]},"b":""})"}) {
    const auto json = parse_json(text).value();
    const auto bytes = dump_json(json).size();
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(dumps_within(json, bytes));
      BOOST_TEST(dumps_within(json, bytes * 100));
      BOOST_TEST(!dumps_within(json, bytes - 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(escapes_pointer_tokens) { BOOST_TEST(json_pointer("/a", "b/c~d") == "/a/b~1c~0d"); }

BOOST_AUTO_TEST_SUITE_END()
