#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "api/http/checks.hpp"
#include "api/http/message.hpp"
#include "api/http/reader.hpp"
#include "api/http/uri.hpp"

using namespace stellwerk::http;
using namespace std::string_literals;

namespace {

constexpr HeadLimits limits{.max_head_bytes = 1000, .max_body_bytes = 100};

/// The statuses of what the bytes amount to: 200 for a whole request, 100 for a wanted continue, else the refusal's.
std::vector<int> read_all(std::string_view bytes, std::size_t step, std::string* body = nullptr) {
  RequestReader reader{limits};
  std::vector<int> statuses;
  while (!bytes.empty()) {
    reader.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (bool more = true; more;) {
      const auto item = reader.next();
      if (const auto* whole = std::get_if<WholeRequest>(&item)) {
        statuses.push_back(200);
        if (body != nullptr) *body += whole->body;
      } else if (const auto* refusal = std::get_if<Refusal>(&item)) {
        statuses.push_back(refusal->status);
      } else if (std::holds_alternative<RequestReader::WantsContinue>(item)) {
        statuses.push_back(100);
      } else {
        more = false;
      }
    }
  }
  return statuses;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checks)

BOOST_AUTO_TEST_CASE(reads_a_head_as_it_is) {
  const auto head = check_head("POST /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nX-Thing:  two words \t\r\nx-thing:\r\nContent-Length: 007\r\n\r\n", limits);
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->method, "POST");
  BOOST_CHECK_EQUAL(head->target, "/a?b=c");
  BOOST_CHECK(head->keep_alive && head->http11 && !head->expects_continue);
  BOOST_CHECK(head->framing == Framing::length);
  BOOST_CHECK_EQUAL(head->content_length, 7);
  BOOST_CHECK(head->headers.at(1) == std::pair("x-thing"s, "two words"s));
  BOOST_CHECK(head->headers.at(2) == std::pair("x-thing"s, ""s));
}

BOOST_AUTO_TEST_CASE(takes_hosts_by_their_form) {
  for (const char* good : {"a", "example.com", "example.com:", "example.com:65535", "127.0.0.1", "[::1]", "[fe80::1]:80", "under_score"}) BOOST_CHECK_MESSAGE(is_host(good), good);
  for (const char* bad : {"", ":80", "a b", "a/b", "a@b", "a,b", "[", "[]", "[zz]", "[::1]x", "a:80x", "a:999999", "http://a"}) BOOST_CHECK_MESSAGE(!is_host(bad), bad);
}

BOOST_AUTO_TEST_CASE(reads_the_same_whatever_the_packets) {
  const std::string bytes = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
                            "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA ;x=y\r\n0123456789\r\n00\r\nT: v\r\n\r\n"
                            "POST /d HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\nGET /e HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    std::string body;
    BOOST_CHECK(read_all(bytes, step, &body) == std::vector<int>({200, 200, 200, 413}));
    BOOST_CHECK_EQUAL(body, "helloabc0123456789");
  }
}

BOOST_AUTO_TEST_CASE(bounds_the_sum_of_all_chunks) {
  std::string bytes = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) bytes += "a\r\n0123456789\r\n";
  BOOST_CHECK(read_all(bytes, 7) == std::vector<int>{413});
}

BOOST_AUTO_TEST_CASE(asks_to_continue_once_and_only_without_a_body) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  BOOST_CHECK(read_all(head + "hi", head.size()) == std::vector<int>({100, 200}));
  BOOST_CHECK(read_all(head + "hi", 1) == std::vector<int>({100, 200}));
  BOOST_CHECK(read_all(head + "hi", 1000) == std::vector<int>{200});
}

BOOST_AUTO_TEST_CASE(refuses_early_what_can_never_become_a_head) {
  BOOST_CHECK(read_all("GET /a HTTP/1.1\n", 1000) == std::vector<int>{400});
  BOOST_CHECK(read_all("\r\n", 1000) == std::vector<int>{400});
  BOOST_CHECK(read_all(std::string(1001, 'a'), 10) == std::vector<int>{431});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(uri)

BOOST_AUTO_TEST_CASE(decodes_only_what_is_whole_and_text) {
  BOOST_CHECK_EQUAL(percent_decode("a%20%C3%A4+b").value(), "a \xc3\xa4+b");
  BOOST_CHECK_EQUAL(percent_decode("a+b", true).value(), "a b");
  for (const char* bad : {"%", "%1", "%zz", "%00", "%ff", "%c0%af", "%ed%a0%80", "%f4%90%80%80", "%e2%82"}) BOOST_CHECK_MESSAGE(!percent_decode(bad), bad);
  BOOST_CHECK(is_utf8("\xf0\x9f\x9a\x82 \xe2\x82\xac"));
}

BOOST_AUTO_TEST_CASE(splits_paths_without_losing_empty_segments) {
  BOOST_CHECK(split_path("/").empty());
  BOOST_CHECK(split_path("/a//b/") == std::vector<std::string_view>({"a", "", "b", ""}));
}

BOOST_AUTO_TEST_CASE(takes_the_trace_of_a_valid_traceparent_only) {
  BOOST_CHECK_EQUAL(trace_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "0af7651916cd43dd8448eb211c80319c");
  for (const char* bad : {"", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c"}) {
    BOOST_CHECK_MESSAGE(trace_of(bad).empty(), bad);
  }
  BOOST_CHECK_EQUAL(make_trace_id().size(), 32U);
}

BOOST_AUTO_TEST_SUITE_END()
