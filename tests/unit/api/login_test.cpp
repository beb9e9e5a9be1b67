#include <boost/test/unit_test.hpp>

#include <set>

#include "api/login_limit.hpp"
#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;
using namespace std::chrono_literals;
using api::LoginBounds;
using api::LoginLimit;

struct Door {
  Desk desk;

  void add(const std::string& email, const std::string& role, bool disabled = false) {
    must(desk.records().add_account({.id = make_id<UserId>("usr"), .tenant = desk.tenant, .email = email, .role = role, .name = "Somebody", .password_hash = config::hash_password("right"),
                                     .customer = role == "customer" || role == "reseller" ? desk.customer : "", .disabled = disabled, .created_at = wall_now()}));
  }
  Told log_in(const std::string& path, const std::string& email, const std::string& password, const std::string& peer = "192.0.2.1") {
    return desk.ask(http::Method::post, path, {.body = dump_json(JsonObject{{"email", email}, {"password", password}}), .peer = peer});
  }
};

const LoginLimit::Moment start{};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(login, Door)

BOOST_AUTO_TEST_CASE(gives_a_token_that_opens_the_routes_of_its_role) {
  add("customer@example.com", "customer");
  add("staff@example.com", "staff");
  const auto customer = log_in("/api/login", "Customer@Example.COM", "right");
  BOOST_REQUIRE_MESSAGE(customer.status == 200, customer.text);
  BOOST_TEST(text_of(customer.json.at("user"), "role") == "customer");
  BOOST_TEST(customer.text.find("argon2") == std::string::npos);
  BOOST_TEST(customer.header("Cache-Control") == "no-store");
  BOOST_TEST(parse_time(text_of(customer.json, "expires_at")).has_value());
  const auto token = text_of(customer.json, "token");
  BOOST_TEST(desk.ask(http::Method::get, "/api/client/services", {.token = token}).status == 200);
  BOOST_TEST(desk.ask(http::Method::get, "/api/admin/services", {.token = token}).status == 403);
  const auto claims = must(api::check_token(desk.key, token, wall_now()));
  BOOST_TEST(claims.customer == desk.customer);
  BOOST_TEST(must(desk.records().find_session(claims.session)).has_value());
  const auto staff = log_in("/api/admin/login", "staff@example.com", "right");
  BOOST_TEST(desk.ask(http::Method::get, "/api/admin/services", {.token = text_of(staff.json, "token")}).status == 200);
}

BOOST_AUTO_TEST_CASE(answers_the_same_whatever_is_wrong) {
  add("customer@example.com", "customer");
  add("staff@example.com", "staff");
  add("gone@example.com", "customer", true);
  std::set<std::string> answers;
  for (const auto& told : {log_in("/api/login", "customer@example.com", "wrong"), log_in("/api/login", "nobody@example.com", "right"), log_in("/api/login", "gone@example.com", "right"),
                           log_in("/api/login", "staff@example.com", "right"), log_in("/api/admin/login", "customer@example.com", "right"), log_in("/api/admin/login", "nobody@example.com", "x")}) {
    BOOST_TEST(told.status == 401);
    BOOST_TEST(told.header("WWW-Authenticate") == "Bearer");
    answers.insert(told.text);
  }
  BOOST_TEST(answers.size() == 1u);
}

BOOST_AUTO_TEST_CASE(is_refused_after_ten_failures_of_an_e_mail_even_with_the_right_password_and_whether_it_exists_or_not) {
  add("customer@example.com", "customer");
  for (const std::string email : {"customer@example.com", "nobody@example.com"}) {
    for (int i = 0; i < 10; ++i) BOOST_TEST(log_in(i % 2 == 0 ? "/api/login" : "/api/admin/login", email, "wrong").status == 401);
    const int queries = desk.client.queries;
    const auto told = log_in("/api/login", email, "right", "192.0.2.2");
    BOOST_TEST(told.status == 429);
    BOOST_TEST(told.type() == "/problems/too_many_logins");
    const auto seconds = std::stoi(told.header("Retry-After"));
    BOOST_TEST((seconds > 800 && seconds <= 900));
    BOOST_TEST(desk.client.queries == queries, "no password was hashed");
  }
  add("other@example.com", "customer");
  BOOST_TEST(log_in("/api/login", "other@example.com", "right").status == 200);
}

BOOST_AUTO_TEST_CASE(charges_nobody_when_the_database_is_away) {
  add("customer@example.com", "customer");
  desk.client.overloaded = true;
  for (int i = 0; i < 20; ++i) BOOST_TEST(log_in("/api/login", "customer@example.com", "right").status == 503);
  desk.client.overloaded = false;
  BOOST_TEST(log_in("/api/login", "customer@example.com", "right").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(login_limit)

BOOST_AUTO_TEST_CASE(takes_ten_and_then_tells_how_long_until_the_next) {
  LoginLimit limit;
  for (int i = 0; i < 10; ++i) BOOST_TEST(!limit.begin("a@example.com", "192.0.2.1", start + i * 1s).has_value());
  BOOST_TEST((limit.begin("a@example.com", "192.0.2.1", start + 10s) == 890s));
  BOOST_TEST((limit.begin("a@example.com", "192.0.2.9", start + 899s + 500ms) == 1s));
  BOOST_TEST(!limit.begin("a@example.com", "192.0.2.1", start + 900s).has_value());
}

BOOST_AUTO_TEST_CASE(counts_attempts_that_are_under_way) {
  LoginLimit limit{{.per_email = 2}};
  BOOST_TEST(!limit.begin("a", "p", start).has_value());
  BOOST_TEST(!limit.begin("a", "p", start).has_value());
  BOOST_TEST(limit.begin("a", "p", start).has_value());
  limit.undecided("a", "p");
  BOOST_TEST(!limit.begin("a", "p", start).has_value());
}

BOOST_AUTO_TEST_CASE(starts_anew_for_the_e_mail_after_a_success_and_does_not_charge_the_peer) {
  LoginLimit limit{{.per_email = 3, .per_peer = 3}};
  for (int i = 0; i < 50; ++i) {
    BOOST_TEST(!limit.begin("a", "p", start).has_value());
    limit.succeeded("a", "p");
  }
  BOOST_TEST(limit.size() == 0u);
}

BOOST_AUTO_TEST_CASE(holds_a_peer_that_tries_many_e_mails) {
  LoginLimit limit;
  for (int i = 0; i < 100; ++i) BOOST_TEST(!limit.begin(std::to_string(i), "192.0.2.1", start).has_value());
  BOOST_TEST((limit.begin("next", "192.0.2.1", start) == 900s));
  BOOST_TEST(!limit.begin("next", "192.0.2.2", start).has_value());
}

BOOST_AUTO_TEST_CASE(forgets_the_oldest_rather_than_growing) {
  LoginLimit limit{{.keys = 10}};
  for (int i = 0; i < 1'000; ++i) (void)limit.begin(std::to_string(i), "192.0.2." + std::to_string(i), start + i * 1ms);
  BOOST_TEST(limit.size() <= 10u);
  (void)limit.begin("late", "192.0.2.1", start + 1h);
  BOOST_TEST(limit.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
