// The HTTP driver against a server that misbehaves on the wire.
#include <boost/test/unit_test.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>

#include "config/secret.hpp"
#include "connectors/driver.hpp"
#include "tests/unit/connectors/raw_server.hpp"

using namespace stellwerk;
using connectors::DriverRequest;
using connectors::DriverResponse;
using test::RawAnswer;
using test::RawServer;
using Failure = DriverResponse::Failure;

namespace {

std::future<DriverResponse> begin(connectors::Driver& driver, DriverRequest request) {
  auto promise = std::make_shared<std::promise<DriverResponse>>();
  auto future = promise->get_future();
  driver.send(std::move(request), [promise](DriverResponse response) { promise->set_value(std::move(response)); });
  return future;
}

DriverResponse ask(connectors::Driver& driver, DriverRequest request) { return begin(driver, std::move(request)).get(); }

std::string ok(const std::string& body, const std::string& reason = "OK") {
  return "HTTP/1.1 200 " + reason + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A port on which nobody listens.
int closed_port() {
  int port = 0;
  { port = RawServer{[](const std::string&, int) { return RawAnswer{}; }}.port(); }
  return port;
}

/// A throw-away self-signed certificate.
struct Identity {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};

  Identity() {
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("pve.example.com"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    BOOST_REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    BOOST_REQUIRE(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
    BOOST_REQUIRE(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  }
  std::string fingerprint() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    auto hex = config::sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return hex;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_driver)

BOOST_AUTO_TEST_CASE(the_reason_phrase_comes_back_word_for_word) {
  RawServer server{[](const std::string&, int) {
    return RawAnswer{"HTTP/1.1 500 VM is locked (backup)\r\nContent-Length: 13\r\nX-Seen:  yes \r\n\r\n{\"data\":null}"};
  }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "GET", .url = server.url("/api2/json/version")});
  BOOST_TEST((response.failure == Failure::none));
  BOOST_TEST(response.status == 500);
  BOOST_TEST(response.reason == "VM is locked (backup)");
  BOOST_TEST(response.body == "{\"data\":null}");
  bool seen = false;
  for (const auto& [name, value] : response.headers) seen = seen || (name == "x-seen" && value == "yes");
  BOOST_TEST(seen);
}

BOOST_AUTO_TEST_CASE(method_headers_and_body_arrive_as_given) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  (void)ask(*driver, {.method = "POST", .url = server.url("/a/UPID%3Apve%3A1"), .headers = {{"Authorization", "PVEAPIToken=a@pve!b=c"}, {"Content-Type", "application/x-www-form-urlencoded"}}, .body = "newid=106&full=1"});
  (void)ask(*driver, {.method = "PUT", .url = server.url("/b"), .body = "x=1"});
  (void)ask(*driver, {.method = "DELETE", .url = server.url("/c?purge=1")});
  (void)ask(*driver, {.method = "POST", .url = server.url("/d")});
  const auto seen = server.requests();
  BOOST_REQUIRE(seen.size() == 4u);
  BOOST_TEST(seen[0].starts_with("POST /a/UPID%3Apve%3A1 HTTP/1.1\r\n"));
  BOOST_TEST(seen[0].find("Authorization: PVEAPIToken=a@pve!b=c\r\n") != std::string::npos);
  BOOST_TEST(seen[0].find("Expect:") == std::string::npos);
  BOOST_TEST(seen[0].ends_with("\r\n\r\nnewid=106&full=1"));
  BOOST_TEST(seen[1].starts_with("PUT /b HTTP/1.1\r\n"));
  BOOST_TEST(seen[1].ends_with("\r\n\r\nx=1"));
  BOOST_TEST(seen[2].starts_with("DELETE /c?purge=1 HTTP/1.1\r\n"));
  BOOST_TEST(seen[2].find("Content-Length") == std::string::npos);
  BOOST_TEST(seen[3].find("Content-Length: 0\r\n") != std::string::npos);
  BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_is_proven_not_sent) {
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "POST", .url = "http://127.0.0.1:" + std::to_string(closed_port()) + "/"});
  BOOST_TEST((response.failure == Failure::not_sent));
  BOOST_TEST(response.failure_code == "refused");
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_come_in_time_is_uncertain) {
  RawServer server{[](const std::string&, int) { return RawAnswer{.hang = true}; }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "POST", .url = server.url("/"), .timeout = std::chrono::milliseconds{100}});
  BOOST_TEST((response.failure == Failure::uncertain));
  BOOST_TEST(response.failure_code == "timeout");
}

BOOST_AUTO_TEST_CASE(an_answer_cut_short_is_uncertain) {
  RawServer server{[](const std::string&, int) { return RawAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":", true}; }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "POST", .url = server.url("/")});
  BOOST_TEST((response.failure == Failure::uncertain));
  BOOST_TEST(response.failure_code == "truncated");
}

BOOST_AUTO_TEST_CASE(an_answer_over_the_bound_is_cut_and_uncertain) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok(std::string((4 << 20) + 1, 'x'))}; }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "GET", .url = server.url("/")});
  BOOST_TEST((response.failure == Failure::uncertain));
  BOOST_TEST(response.failure_code == "truncated");
  BOOST_TEST(response.body.empty());
}

BOOST_AUTO_TEST_CASE(a_server_of_http_1_0_that_ends_its_answer_by_closing_is_read) {
  RawServer server{[](const std::string&, int) { return RawAnswer{"HTTP/1.0 200 Fine by me\r\n\r\n{\"a\":1}", true}; }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "GET", .url = server.url("/")});
  BOOST_TEST((response.failure == Failure::none));
  BOOST_TEST(response.reason == "Fine by me");
  BOOST_TEST(response.body == "{\"a\":1}");
}

BOOST_AUTO_TEST_CASE(a_redirect_is_an_answer_and_not_followed) {
  RawServer server{[](const std::string&, int) { return RawAnswer{"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"}; }};
  const auto driver = connectors::make_http_driver();
  BOOST_TEST(ask(*driver, {.method = "GET", .url = server.url("/")}).status == 302);
  BOOST_TEST(server.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_is_kept_for_the_next_request) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  for (int i = 0; i < 5; ++i) BOOST_TEST(ask(*driver, {.method = "GET", .url = server.url("/")}).status == 200);
  BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_change_is_not_sent_twice_when_a_kept_connection_closes_without_an_answer) {
  RawServer server{[](const std::string&, int n) { return n == 2 ? RawAnswer{.close = true} : RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  BOOST_TEST(ask(*driver, {.method = "GET", .url = server.url("/")}).status == 200);
  const auto response = ask(*driver, {.method = "POST", .url = server.url("/clone")});
  BOOST_TEST((response.failure == Failure::uncertain));
  const auto seen = server.requests();
  BOOST_TEST(std::count_if(seen.begin(), seen.end(), [](const auto& request) { return request.starts_with("POST"); }) == 1);
}

BOOST_AUTO_TEST_CASE(many_requests_run_at_once_and_each_gets_its_own_answer) {
  RawServer server{[](const std::string& request, int) { return RawAnswer{ok(request.substr(5, request.find(' ', 5) - 5))}; }};
  const auto driver = connectors::make_http_driver();
  std::vector<std::future<DriverResponse>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(begin(*driver, {.method = "GET", .url = server.url("/" + std::to_string(i))}));
  for (int i = 0; i < 50; ++i) BOOST_TEST(answers[static_cast<std::size_t>(i)].get().body == std::to_string(i));
}

BOOST_AUTO_TEST_CASE(stopping_ends_what_is_under_way_as_uncertain_and_refuses_what_comes_later) {
  RawServer server{[](const std::string&, int) { return RawAnswer{.hang = true}; }};
  const auto driver = connectors::make_http_driver();
  auto under_way = begin(*driver, {.method = "POST", .url = server.url("/")});
  server.wait_for(1);
  driver->stop();
  const auto response = under_way.get();
  BOOST_TEST((response.failure == Failure::uncertain));
  BOOST_TEST(response.failure_code == "stopped");
  BOOST_TEST((ask(*driver, {.method = "POST", .url = server.url("/")}).failure == Failure::not_sent));
}

BOOST_AUTO_TEST_CASE(a_callback_may_stop_the_driver) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  std::promise<void> stopped;
  driver->send({.method = "GET", .url = server.url("/")}, [&](const DriverResponse&) {
    driver->stop();
    stopped.set_value();
  });
  stopped.get_future().get();
  driver->stop();
  BOOST_TEST((ask(*driver, {.method = "GET", .url = server.url("/")}).failure == Failure::not_sent));
}

BOOST_AUTO_TEST_CASE(a_node_whose_lease_is_over_seeks_no_connection) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  const auto response = ask(*driver, {.method = "POST", .url = server.url("/"), .may_leave = [] { return false; }});
  BOOST_TEST((response.failure == Failure::not_sent && response.was_withheld()));
  BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_lease_that_ends_while_the_connection_is_made_keeps_the_request_back) {
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }};
  const auto driver = connectors::make_http_driver();
  auto asked = std::make_shared<int>(0);
  const auto response = ask(*driver, {.method = "POST", .url = server.url("/first"), .may_leave = [asked] { return ++*asked == 1; }});
  BOOST_TEST((response.failure == Failure::not_sent && response.was_withheld()), response.failure_text);
  BOOST_TEST(*asked == 2);
  // on a kept connection just so
  BOOST_TEST(ask(*driver, {.method = "GET", .url = server.url("/second")}).status == 200);
  *asked = 0;
  BOOST_TEST(ask(*driver, {.method = "POST", .url = server.url("/third"), .may_leave = [asked] { return ++*asked == 1; }}).was_withheld());
  *asked = -5;
  BOOST_TEST(ask(*driver, {.method = "POST", .url = server.url("/fourth"), .may_leave = [asked] { return ++*asked < 1; }}).status == 200);
  const auto requests = server.requests();
  BOOST_REQUIRE(requests.size() == 2);
  BOOST_TEST((requests[0].starts_with("GET /second") && requests[1].starts_with("POST /fourth")));
}

BOOST_AUTO_TEST_CASE(a_self_signed_server_is_believed_only_with_its_fingerprint) {
  const Identity identity;
  RawServer server{[](const std::string&, int) { return RawAnswer{ok("{}")}; }, identity.context.get()};
  const auto driver = connectors::make_http_driver();
  const auto unpinned = ask(*driver, {.method = "POST", .url = server.url("/")});
  BOOST_TEST((unpinned.failure == Failure::not_sent));
  BOOST_TEST(unpinned.failure_code == "tls");
  const auto pinned = ask(*driver, {.method = "POST", .url = server.url("/"), .pin = identity.fingerprint()});
  BOOST_TEST((pinned.failure == Failure::none), pinned.failure_text);
  BOOST_TEST(pinned.status == 200);
  const auto before = server.requests().size();
  // the connection just used is still open: another pin must not ride on it
  const auto wrong = ask(*driver, {.method = "POST", .url = server.url("/"), .pin = std::string(64, 'a')});
  BOOST_TEST((wrong.failure == Failure::not_sent), wrong.failure_text);
  BOOST_TEST(wrong.failure_code == "tls");
  BOOST_TEST(server.requests().size() == before);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_is_refused_when_it_is_none_or_the_address_is_not_https) {
  const auto driver = connectors::make_http_driver();
  for (const auto& [url, pin] : {std::pair{"https://127.0.0.1:1/", "AB:CD"}, std::pair{"http://127.0.0.1:1/", "aa"}}) {
    const auto response = ask(*driver, {.method = "GET", .url = url, .pin = pin});
    BOOST_TEST((response.failure == Failure::not_sent));
    BOOST_TEST(response.failure_code == "request");
  }
}

BOOST_AUTO_TEST_SUITE_END()
