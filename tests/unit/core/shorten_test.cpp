#include "core/shorten.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace stellwerk {

BOOST_AUTO_TEST_SUITE(shortening)

BOOST_AUTO_TEST_CASE(leaves_a_text_at_the_bound_alone) { BOOST_TEST(shorten(std::string(100, 'x'), 100) == std::string(100, 'x')); }

BOOST_AUTO_TEST_CASE(one_byte_above_says_how_much_is_left_out) {
  const auto text = shorten(std::string(101, 'x'), 100);
  BOOST_TEST(text == std::string(76, 'x') + "… (25 bytes left out)");
  BOOST_TEST(text.size() <= 100U);
}

BOOST_AUTO_TEST_CASE(never_cuts_a_character_in_half) {
  std::string text;
  while (text.size() < 400) text += "ä€😀";
  for (std::size_t bound = 40; bound < 200; ++bound) {
    const auto cut = shorten(text, bound);
    BOOST_TEST(cut.size() <= bound);
    const auto kept = cut.find("… (");
    BOOST_REQUIRE(kept != std::string::npos);
    BOOST_TEST(text.starts_with(cut.substr(0, kept)));
    BOOST_TEST((kept == text.size() || (static_cast<unsigned char>(text[kept]) & 0xC0) != 0x80));
    BOOST_TEST(cut.substr(kept) == "… (" + std::to_string(text.size() - kept) + " bytes left out)");
  }
}

BOOST_AUTO_TEST_CASE(of_a_text_that_was_shortened_before_tells_what_is_missing_in_all) {
  const std::string whole(1'000, 'x');
  BOOST_TEST(shorten(shorten(whole, 500), 100) == shorten(whole, 100));
  BOOST_TEST(shorten(shorten(whole, 100), 100) == shorten(whole, 100));
}

BOOST_AUTO_TEST_CASE(with_no_room_leaves_the_mark) { BOOST_TEST(shorten(std::string(50, 'x'), 5) == "… (50 bytes left out)"); }

BOOST_AUTO_TEST_CASE(is_not_led_astray_by_what_only_looks_like_a_mark) {
  for (const std::string end : {"… (x bytes left out)", "… ( bytes left out)", "… (99999999999999999999 bytes left out)", " bytes left out)"}) {
    const auto text = std::string(100, 'x') + end;
    BOOST_TEST(shorten(text, 90).ends_with("… (" + std::to_string(text.size() - shorten(text, 90).find("… (")) + " bytes left out)"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk
