// Bytes over real sockets: what an honest client, a broken one and an attacker send.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "tests/unit/http/raw_client.hpp"

using namespace stellwerk::http::testing;
using namespace std::string_literals;

namespace {

struct Exchange {
  std::string name;
  std::string input;
  std::vector<int> statuses;  ///< of the answers, in order; empty: closed without one
  bool closes = true;
  friend std::ostream& operator<<(std::ostream& out, const Exchange& exchange) { return out << exchange.name; }
};

std::string with_header(const std::string& line) { return "GET /ok HTTP/1.1\r\nHost: test\r\n" + line + "\r\n\r\n"; }
std::string chunked(const std::string& body) { return "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body; }
std::string length(const std::string& value) { return "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + value + "\r\n\r\nhello"; }

const std::vector<Exchange> exchanges{
    {"plain request without Connection keeps the connection", get("/ok"), {200}, false},
    {"Connection: close", get("/ok", "Connection: close\r\n"), {200}, true},
    {"Connection: a list with close", get("/ok", "Connection: foo, Close\r\n"), {200}, true},
    {"HTTP/1.0", "GET /ok HTTP/1.0\r\n\r\n", {200}, true},
    {"HTTP/1.0 with keep-alive", "GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {200}, false},
    {"three requests in one packet", get("/ok") + get("/items/7") + get("/ok"), {200, 200, 200}, false},
    {"a request behind Connection: close is not read", get("/ok", "Connection: close\r\n") + get("/smuggled"), {200}, true},
    {"an empty line between requests", post("/echo", "a") + "\r\n" + get("/ok"), {200, 200}, false},
    {"missing version", "GET /ok\r\n\r\n", {400}},
    {"HTTP/2.0", "GET /ok HTTP/2.0\r\nHost: test\r\n\r\n", {505}},
    {"HTTP/1.2", "GET /ok HTTP/1.2\r\nHost: test\r\n\r\n", {505}},
    {"nonsense version", "GET /ok FTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"two spaces", "GET  /ok HTTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"absolute-form", "GET http://test/ok HTTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"target without slash", "GET ok HTTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"asterisk for GET", "GET * HTTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", {204}, false},
    {"unknown method", "BREW /ok HTTP/1.1\r\nHost: test\r\n\r\n", {501}},
    {"TRACE", "TRACE /ok HTTP/1.1\r\nHost: test\r\n\r\n", {501}},
    {"lower-case method", "get /ok HTTP/1.1\r\nHost: test\r\n\r\n", {501}},
    {"method that is no token", "G(T /ok HTTP/1.1\r\nHost: test\r\n\r\n", {400}},
    {"TLS hello", "\x16\x03\x01\x02\x00"s, {400}},
    {"LF-only lines", "GET /ok HTTP/1.1\nHost: test\n\n", {400}},
    {"bare CR", "GET /ok HTTP/1.1\r\nHost: test\r\nX: a\rb\r\n\r\n", {400}},
    {"header without colon", with_header("nonsense"), {400}},
    {"space before the colon", with_header("X-A : b"), {400}},
    {"empty header name", with_header(": b"), {400}},
    {"obs-fold", with_header("X-A: b\r\n c"), {400}},
    {"NUL in a value", with_header("X-A: a\0b"s), {400}},
    {"control character in a value", with_header("X-A: a\x01"), {400}},
    {"no Host", "GET /ok HTTP/1.1\r\n\r\n", {400}},
    {"two Hosts", with_header("Host: other"), {400}},
    {"bad Host", "GET /ok HTTP/1.1\r\nHost: te st/\r\n\r\n", {400}},
    {"IPv6 Host with port", "GET /ok HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", {200}, false},
    {"bad Cookie, Cache-Control, Accept, Content-Type and Date are only text",
     get("/ok", "Cookie: ;;=;\r\nCache-Control: max-age=x,,\r\nAccept: /;q\r\nContent-Type: \r\nDate: never\r\nAuthorization: \r\nUser-Agent:\r\n"), {200}, false},
    {"Content-Length: -1", length("-1"), {400}},
    {"Content-Length: +5", length("+5"), {400}},
    {"Content-Length: abc", length("abc"), {400}},
    {"Content-Length: 5, 5", length("5, 5"), {400}},
    {"Content-Length: 0x5", length("0x5"), {400}},
    {"Content-Length empty", length(""), {400}},
    {"Content-Length overflow", length("99999999999999999999999999"), {413}},
    {"Content-Length 8 GB", length("8589934592"), {413}},
    {"Content-Length twice", length("5\r\nContent-Length: 5"), {400}},
    {"Content-Length with Transfer-Encoding", length("5\r\nTransfer-Encoding: chunked"), {400}},
    {"Transfer-Encoding: gzip, chunked", "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", {501}},
    {"Transfer-Encoding twice", "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", {400}},
    {"Transfer-Encoding in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
    {"chunked body", chunked("5\r\nhello\r\n0\r\n\r\n"), {200}, false},
    {"chunk extension", chunked("5;name=value\r\nhello\r\n0\r\n\r\n"), {200}, false},
    {"chunk extension without end", chunked("5;" + std::string(1000, 'x')), {400}},
    {"chunk trailers", chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), {200}, false},
    {"chunk size of no digits", chunked("xyz\r\nhello\r\n0\r\n\r\n"), {400}},
    {"negative chunk size", chunked("-5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"huge chunk size", chunked("ffffffffffffffffffff\r\nhello"), {413}},
    {"chunk longer than its size", chunked("3\r\nhello\r\n0\r\n\r\n"), {400}},
    {"chunk lines with LF only", chunked("5\nhello\n0\n\n"), {400}},
    {"smuggling after 413", length("1000000") + get("/smuggled") + get("/smuggled"), {413}},
    {"smuggling behind a chunk error", chunked("zz\r\n") + get("/smuggled"), {400}},
    {"Expect of something else", post("/echo", "a", "Expect: tea\r\n"), {417}},
    {"Expect: 100-continue with the body at once", post("/echo", "a", "Expect: 100-continue\r\n"), {200}, false},
    {"Expect: 100-continue for a body too large", "POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n", {413}},
    {"broken escape in the path", get("/items/%zz"), {400}},
    {"cut escape in the path", get("/items/%4"), {400}},
    {"%00 in the path", get("/items/a%00b"), {400}},
    {"no UTF-8 in the path", get("/items/%ff%fe"), {400}},
    {"broken escape in the query", get("/query?a=%"), {400}},
    {"raw byte above ASCII in the target", get("/items/\xc3\xa4"), {400}},
    {"30,000 slashes", get(std::string(30'000, '/')), {404}, false},
    {"head above the limit", get("/ok", "X-Long: " + std::string(70'000, 'x') + "\r\n"), {431}},
    {"endless request line", "GET /" + std::string(70'000, 'x'), {431}},
    {"too many headers", get("/ok", [] { std::string all; for (int i = 0; i < 300; ++i) all += "X: y\r\n"; return all; }()), {431}},
    {"unknown path", get("/nowhere"), {404}, false},
    {"other method", post("/ok", ""), {405}, false},
    {"OPTIONS of a path", "OPTIONS /ok HTTP/1.1\r\nHost: test\r\n\r\n", {204}, false},
    {"a handler that throws", get("/throws"), {500}, false},
    {"a handler that forgets", get("/forgets"), {500}, false},
    {"a handler that aborts", get("/aborts"), {}, true},
    {"a handler that would split the answer", get("/splits"), {500}, false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(raw_socket)

BOOST_DATA_TEST_CASE(answers_and_closes_as_it_should, boost::unit_test::data::make(exchanges), exchange) {
  static TestServer server;
  RawClient client{server.port()};
  client.send(exchange.input);
  for (const int status : exchange.statuses) {
    const auto answer = client.read();
    BOOST_REQUIRE(answer);
    BOOST_CHECK_EQUAL(answer->status, status);
    BOOST_CHECK(answer->body.find("secret") == std::string::npos);
    BOOST_CHECK(answer->headers.contains("date") && answer->headers.contains("connection"));
    BOOST_CHECK(!answer->headers.contains("x-injected"));
  }
  if (exchange.closes) {
    BOOST_CHECK(client.is_closed_by_server());
  } else {
    BOOST_REQUIRE(client.send(get("/ok")));
    const auto next = client.read();
    BOOST_CHECK(next && next->status == 200 && next->body == "ok");
  }
  BOOST_CHECK_EQUAL(server.smuggled(), 0);
  BOOST_CHECK(server.is_well());
}

BOOST_AUTO_TEST_CASE(keeps_an_encoded_slash_within_its_segment) {
  TestServer server;
  RawClient client{server.port()};
  client.send(get("/items/a%2Fb%20%C3%A4+c") + get("/query?a=1&a=2&b=x+y%26z&c"));
  BOOST_CHECK_EQUAL(client.read()->body, "a/b \xc3\xa4+c");
  BOOST_CHECK_EQUAL(client.read()->body, "a=1;a=2;b=x y&z;c=;");
}

BOOST_AUTO_TEST_CASE(keeps_every_value_of_a_repeated_header) {
  TestServer server;
  RawClient client{server.port()};
  client.send(get("/headers/x-a", "X-A: 1\r\nx-a:2\r\nX-B: 3\r\n"));
  BOOST_CHECK_EQUAL(client.read()->body, "1;2;");
}

BOOST_AUTO_TEST_CASE(answers_head_without_a_body_but_with_its_length) {
  TestServer server;
  RawClient client{server.port()};
  client.send("HEAD /ok HTTP/1.1\r\nHost: test\r\n\r\n" + get("/ok"));
  const auto head = client.read(true);
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->headers.at("content-length"), "2");
  BOOST_CHECK_EQUAL(head->headers.at("x-content-type-options"), "nosniff");
  BOOST_CHECK_EQUAL(client.read()->body, "ok");
}

BOOST_AUTO_TEST_CASE(reads_on_when_the_last_crlf_of_a_chunked_body_comes_in_another_packet) {
  TestServer server;
  RawClient client{server.port()};
  const std::string whole = chunked("5\r\nhello\r\n0\r\n\r\n") + get("/ok");
  for (std::size_t cut = whole.size() - 60; cut < whole.size(); cut += 7) {
    client.send(std::string_view{whole}.substr(0, cut));
    BOOST_CHECK(!client.is_readable(1) || cut > whole.size() - get("/ok").size() - 1);
    client.send(std::string_view{whole}.substr(cut));
    BOOST_CHECK_EQUAL(client.read()->body, "hello");
    BOOST_CHECK_EQUAL(client.read()->body, "ok");
  }
}

BOOST_AUTO_TEST_CASE(says_100_continue_when_it_takes_the_body) {
  TestServer server;
  RawClient client{server.port()};
  client.send("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  BOOST_CHECK_EQUAL(client.read()->status, 100);
  client.send("hello");
  BOOST_CHECK_EQUAL(client.read()->body, "hello");
}

BOOST_AUTO_TEST_CASE(answers_pipelined_requests_in_order_whatever_the_order_of_their_answers) {
  TestServer server;
  RawClient client{server.port()};
  client.send(get("/hold") + get("/hold") + get("/ok"));
  std::vector<stellwerk::http::Reply> replies;
  while (replies.size() < 2) {
    if (auto reply = server.take_held()) replies.push_back(std::move(*reply));
    BOOST_REQUIRE(!client.is_readable(1));
  }
  replies[1].send({.body = "second"});
  BOOST_CHECK(!client.is_readable(50));
  replies[0].send({.body = "first"});
  replies[0].send({.body = "again"});
  BOOST_CHECK_EQUAL(client.read()->body, "first");
  BOOST_CHECK_EQUAL(client.read()->body, "second");
  BOOST_CHECK_EQUAL(client.read()->body, "ok");
}

BOOST_AUTO_TEST_CASE(answers_five_hundred_pipelined_requests_while_holding_at_most_64) {
  TestServer server;
  RawClient client{server.port()};
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/items/" + std::to_string(i));
  client.send(get("/hold") + all);
  std::optional<stellwerk::http::Reply> held;
  while (!(held = server.take_held())) BOOST_REQUIRE(!client.is_readable(1));
  held->send({.body = "held"});
  BOOST_CHECK_EQUAL(client.read()->body, "held");
  for (int i = 0; i < 500; ++i) {
    const auto answer = client.read();
    BOOST_REQUIRE(answer);
    BOOST_CHECK_EQUAL(answer->body, std::to_string(i));
  }
}

BOOST_AUTO_TEST_CASE(takes_the_next_request_as_soon_as_a_large_answer_has_left) {
  TestServer server;
  RawClient client{server.port()};
  std::string all;
  for (int i = 0; i < 40; ++i) all += get("/big?n=3000000");
  client.send(all + get("/ok"));
  for (int i = 0; i < 40; ++i) {
    const auto answer = client.read();
    BOOST_REQUIRE(answer);
    BOOST_CHECK_EQUAL(answer->body.size(), 3'000'000U);
  }
  BOOST_CHECK_EQUAL(client.read()->body, "ok");
}

BOOST_AUTO_TEST_CASE(sends_a_chunked_answer_and_takes_the_next_request) {
  TestServer server;
  RawClient client{server.port()};
  client.send(get("/counts") + get("/ok"));
  BOOST_CHECK_EQUAL(client.read()->body, "0123456789");
  BOOST_CHECK_EQUAL(client.read()->body, "ok");
  RawClient old{server.port()};
  old.send("GET /counts HTTP/1.0\r\n\r\n");
  BOOST_CHECK(old.read_until("\r\n\r\n0123456789"));
  BOOST_CHECK(old.is_closed_by_server());
}

BOOST_AUTO_TEST_CASE(refuses_newcomers_above_the_connection_cap) {
  auto settings = TestServer::small_settings();
  settings.max_connections = 2;
  TestServer server{settings};
  RawClient first{server.port()}, second{server.port()};
  for (auto* client : {&first, &second}) {
    client->send(get("/ok"));
    BOOST_REQUIRE(client->read());
  }
  RawClient third{server.port()};
  const auto refused = third.read();
  BOOST_CHECK(refused && refused->status == 503);
  first.close();
  bool well = false;
  for (int i = 0; i < 100 && !well; ++i) well = server.is_well();
  BOOST_CHECK(well);
}

BOOST_AUTO_TEST_SUITE_END()
