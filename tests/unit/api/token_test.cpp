#include <boost/test/unit_test.hpp>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;
using api::check_token;
using api::Claims;
using api::make_token;

const Time now = from_micros(1'772'452'800'000'000);

Claims good_claims() {
  return {.user = "usr_1", .tenant = "ten_1", .role = "customer", .session = "ses_1", .customer = "cus_1", .issued_at = now, .expires_at = now + api::token_life};
}

std::vector<std::string> parts_of(const std::string& token) {
  const auto first = token.find('.'), second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

/// A token with any header and claims, properly signed with our key.
std::string sign_anything(const config::SigningKey& key, const Json& header, const Json& claims) {
  const auto text = config::base64url(dump_json(header)) + "." + config::base64url(dump_json(claims));
  return text + "." + config::base64url(config::sign(key, text));
}

struct Keys {
  ScratchFolder folder{"token"};
  config::SigningKey key = must(config::load_or_create_signing_key(folder.file("one")));
  config::SigningKey other = must(config::load_or_create_signing_key(folder.file("two")));
  JsonObject header{{"alg", "EdDSA"}, {"kid", key.kid}, {"typ", "JWT"}};
  JsonObject claims{{"sub", "usr_1"}, {"tenant", "ten_1"}, {"role", "staff"}, {"sid", "ses_1"}, {"iat", 1'772'452'800}, {"exp", 1'772'453'700}};

  void refused(const std::string& token, const std::string& reason = "token") {
    const auto checked = check_token(key, token, now);
    BOOST_REQUIRE_MESSAGE(!checked, "taken: " << token);
    BOOST_TEST(to_string(checked.error().code) == "unauthenticated");
    BOOST_TEST(checked.error().reason == reason);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(token, Keys)

BOOST_AUTO_TEST_CASE(gives_back_the_claims_it_was_made_of) {
  const auto checked = check_token(key, make_token(key, good_claims()), now);
  BOOST_REQUIRE(checked);
  BOOST_TEST(checked->user == "usr_1");
  BOOST_TEST(checked->tenant == "ten_1");
  BOOST_TEST(checked->role == "customer");
  BOOST_TEST(checked->session == "ses_1");
  BOOST_TEST(checked->customer == "cus_1");
  BOOST_TEST((checked->expires_at == now + api::token_life));
  BOOST_TEST(check_token(key, sign_anything(key, header, claims), now).has_value());
}

BOOST_AUTO_TEST_CASE(is_refused_at_its_last_second_and_says_that_it_has_expired) {
  const auto made = make_token(key, good_claims());
  BOOST_TEST(check_token(key, made, now + api::token_life - std::chrono::seconds{1}).has_value());
  const auto late = check_token(key, made, now + api::token_life);
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().reason == "token_expired");
}

BOOST_AUTO_TEST_CASE(is_refused_when_any_byte_of_it_was_changed) {
  const auto made = make_token(key, good_claims());
  for (std::size_t i = 0; i < made.size(); ++i) {
    auto changed = made;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    BOOST_TEST(!check_token(key, changed, now).has_value(), "byte " << i);
  }
}

BOOST_AUTO_TEST_CASE(is_refused_with_another_role_in_its_payload) {
  const auto parts = parts_of(make_token(key, good_claims()));
  auto payload = must(config::from_base64url(parts[1]));
  payload.replace(payload.find("customer"), 8, "admin");
  refused(parts[0] + "." + config::base64url(payload) + "." + parts[2]);
}

BOOST_AUTO_TEST_CASE(is_refused_when_another_key_signed_it) {
  refused(make_token(other, good_claims()));
  // also when it claims to be ours
  const auto text = config::base64url(dump_json(header)) + "." + config::base64url(dump_json(claims));
  refused(text + "." + config::base64url(config::sign(other, text)));
}

BOOST_AUTO_TEST_CASE(is_refused_under_every_algorithm_but_ours) {
  for (const char* alg : {"none", "None", "HS256", "HS512", "RS256", "ES256", "eddsa", ""}) refused(sign_anything(key, JsonObject{{"alg", alg}, {"kid", key.kid}}, claims));
  const auto unsigned_text = config::base64url(dump_json(JsonObject{{"alg", "none"}})) + "." + config::base64url(dump_json(claims)) + ".";
  refused(unsigned_text);
  refused(unsigned_text.substr(0, unsigned_text.size() - 1));
  // HS256 over our public key: whoever mixes up the kinds of keys would take it
  const std::string public_key{reinterpret_cast<const char*>(key.public_key.data()), key.public_key.size()};
  const auto text = config::base64url(dump_json(JsonObject{{"alg", "HS256"}, {"kid", key.kid}})) + "." + config::base64url(dump_json(claims));
  refused(text + "." + config::base64url(must(config::from_base64url(config::base64url(config::sha256_hex(public_key + text))))));
}

BOOST_AUTO_TEST_CASE(is_refused_when_parts_are_missing_broken_or_too_many) {
  const auto made = make_token(key, good_claims());
  const auto parts = parts_of(made);
  for (const auto& token : {std::string{}, std::string{"."}, std::string{".."}, std::string{"..."}, parts[0], parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", "." + parts[1] + "." + parts[2],
                            parts[0] + ".." + parts[2], made + ".", made + "." + parts[2], made + "=", " " + made, made + " ", std::string{"%%%.%%%.%%%"}})
    refused(token);
}

BOOST_AUTO_TEST_CASE(is_refused_when_it_is_huge) {
  refused(std::string(5'000, 'a') + "." + std::string(5'000, 'b') + "." + std::string(86, 'c'));
  refused(std::string(1'000'000, '.'));
}

BOOST_AUTO_TEST_CASE(is_refused_when_claims_are_missing_or_of_another_type) {
  for (const char* name : {"sub", "tenant", "role"}) {
    auto less = claims;
    less.erase(name);
    refused(sign_anything(key, header, less));
    less[name] = 1;
    refused(sign_anything(key, header, less));
  }
  auto root = claims;
  root["role"] = "system";
  refused(sign_anything(key, header, root));
  auto endless = claims;
  endless.erase("exp");
  refused(sign_anything(key, header, endless), "token_expired");
  refused(sign_anything(key, header, JsonArray{}));
  refused(sign_anything(key, header, "usr_1"));
}

BOOST_AUTO_TEST_CASE(reads_the_scheme_in_any_case_and_takes_no_other) {
  const auto made = make_token(key, good_claims());
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const auto header_text = scheme + made;
    const auto caller = api::authenticate(key, &header_text, now);
    BOOST_REQUIRE(caller);
    BOOST_TEST(caller->user == "usr_1");
    BOOST_TEST(caller->customer == "cus_1");
  }
  for (const auto& text : {std::string{}, std::string{"Bearer"}, std::string{"Bearer "}, made, "Basic " + made, "Bearer  " + made, "Bearer" + made}) BOOST_TEST(!api::authenticate(key, &text, now).has_value(), text);
  const auto none = api::authenticate(key, nullptr, now);
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().reason == "token_missing");
}

BOOST_AUTO_TEST_SUITE_END()
