#include "core/masking.hpp"

#include <boost/test/unit_test.hpp>

using namespace stellwerk;

namespace {

Masker knows(std::initializer_list<std::string_view> secrets) {
  Masker masker;
  for (const auto secret : secrets) masker.add(secret);
  return masker;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masking)

BOOST_AUTO_TEST_CASE(finds_a_value_in_every_form_in_which_it_travels) {
  const auto masker = knows({"Pa ss/\"wörd\"&1"});
  // as it is; in JSON; percent-encoded by two libraries and by a form
  for (const std::string_view told : {"Pa ss/\"wörd\"&1", R"(Pa ss/\"wörd\"&1)", R"(Pa ss\/\"wörd\"&1)", "Pa%20ss%2F%22w%C3%B6rd%22%261", "Pa%20ss%2f%22w%c3%b6rd%22%261",
                                      "Pa+ss%2F%22w%C3%B6rd%22%261"})
    BOOST_TEST(masker.mask("before " + std::string{told} + " behind") == "before *** behind");
}

BOOST_AUTO_TEST_CASE(finds_a_value_within_what_was_encoded_as_a_whole) {
  const auto masker = knows({"correct-horse"});
  // "root:correct-horse", "x:correct-horse!" and "user7:correct-horse" in base64: the secret begins at each of the three places
  for (const std::string_view told : {"cm9vdDpjb3JyZWN0LWhvcnNl", "eDpjb3JyZWN0LWhvcnNlIQ==", "dXNlcjc6Y29ycmVjdC1ob3JzZQ=="}) {
    const auto shown = masker.mask("Basic " + std::string{told});
    BOOST_TEST(shown.find("***") != std::string::npos, shown);
    BOOST_TEST(masker.finds(told));
  }
  BOOST_TEST(!masker.finds("cm9vdDpzb21ldGhpbmctZWxzZQ=="));
}

BOOST_AUTO_TEST_CASE(replaces_a_short_value_only_where_it_stands_alone) {
  const auto masker = knows({"ab1"});
  BOOST_TEST(masker.mask("ab1") == "***");
  BOOST_TEST(masker.mask("the pin ab1, cab1n and ab12") == "the pin ***, cab1n and ab12");
}

BOOST_AUTO_TEST_CASE(goes_through_a_document_with_its_names) {
  const auto masker = knows({"hunter22"});
  const Json shown = masker.mask_json(Json(JsonObject{{"a", JsonArray{"x hunter22", 7, nullptr}}, {"hunter22", JsonObject{{"b", "hunter22"}}}}));
  BOOST_TEST(shown == Json(JsonObject{{"a", JsonArray{"x ***", 7, nullptr}}, {"***", JsonObject{{"b", "***"}}}}));
}

BOOST_AUTO_TEST_CASE(leaves_everything_as_it_is_when_it_knows_nothing) {
  Masker masker;
  masker.add("");
  masker.add_all(Json{nullptr});
  BOOST_TEST(masker.empty());
  BOOST_TEST(masker.mask("anything") == "anything");
}

BOOST_AUTO_TEST_CASE(learns_every_text_of_a_list) {
  Masker masker;
  masker.add_all(Json(JsonArray{"first-one", JsonArray{"second-one"}}));
  BOOST_TEST(masker.mask("first-one and second-one") == "*** and ***");
}

BOOST_AUTO_TEST_SUITE_END()
