#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

#include "api/http/problem.hpp"
#include "api/http/reply.hpp"
#include "api/http/response.hpp"

using namespace stellwerk;
using namespace stellwerk::http;

namespace {

Json body_of(const Response& response) { return parse_json(response.body).value(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(problem)

BOOST_AUTO_TEST_CASE(gives_every_error_code_its_status) {
  using enum ErrorCode;
  const std::pair<ErrorCode, int> table[] = {{invalid_argument, 422}, {malformed, 400}, {unauthenticated, 401}, {permission_denied, 403}, {not_found, 404}, {conflict, 409}, {gone, 410},
                                             {precondition_failed, 412}, {resource_exhausted, 429}, {unavailable, 503}, {deadline_exceeded, 504}, {cancelled, 503}, {internal, 500}};
  for (const auto& [code, status] : table) {
    const auto response = problem_response(Error{code, "text"}, "t");
    BOOST_CHECK_EQUAL(response.status, status);
    BOOST_CHECK_EQUAL(text_of(body_of(response), "type"), "/problems/" + std::string{to_string(code)});
    const bool retries = status == 429 || status == 503;
    const bool has_retry = std::any_of(response.headers.begin(), response.headers.end(), [](const auto& field) { return field.first == "Retry-After" && field.second == "1"; });
    BOOST_CHECK_EQUAL(retries, has_retry);
  }
}

BOOST_AUTO_TEST_CASE(says_after_how_many_seconds_to_try_again) {
  const auto response = problem_response(Error{.code = ErrorCode::unavailable, .message = "busy", .reason = "server_busy", .retry_after = std::chrono::seconds{20}}, "t");
  BOOST_CHECK_EQUAL(response.headers.at(1).first, "Retry-After");
  BOOST_CHECK_EQUAL(response.headers.at(1).second, "20");
}

BOOST_AUTO_TEST_CASE(names_reason_fields_and_trace) {
  const Error error{.code = ErrorCode::invalid_argument, .message = "the ticket has no subject", .reason = "subject_missing", .fields = {{"/subject", "is required"}}};
  const auto response = problem_response(error, "0123");
  const auto document = body_of(response);
  BOOST_CHECK_EQUAL(response.headers.at(0).second, "application/problem+json");
  BOOST_CHECK_EQUAL(text_of(document, "type"), "/problems/subject_missing");
  BOOST_CHECK_EQUAL(text_of(document, "title"), "Unprocessable Content");
  BOOST_CHECK_EQUAL(text_of(document, "detail"), "the ticket has no subject");
  BOOST_CHECK_EQUAL(text_of(document, "trace_id"), "0123");
  BOOST_CHECK_EQUAL(dump_json(*find_member(document, "errors")), R"([{"pointer":"/subject","message":"is required"}])");
}

BOOST_AUTO_TEST_CASE(does_not_tell_the_client_what_went_wrong_inside) {
  const auto response = problem_response(Error{ErrorCode::internal, "password of the database is hunter2"}, "t");
  BOOST_CHECK(response.body.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_problems_of_http_by_their_title) {
  BOOST_CHECK_EQUAL(text_of(body_of(protocol_problem(405, "x", "t")), "type"), "/problems/method_not_allowed");
  BOOST_CHECK_EQUAL(text_of(body_of(protocol_problem(413, "x", "t")), "type"), "/problems/content_too_large");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(keeps_framing_headers_to_the_server) {
  const Response response{.status = 200, .headers = {{"content-length", "99"}, {"Connection", "upgrade"}, {"Transfer-Encoding", "gzip"}, {"X-A", "b"}}, .body = "four"};
  const auto head = render_head(response, {});
  BOOST_CHECK(head.starts_with("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 4\r\nConnection: keep-alive\r\nDate: "));
  BOOST_CHECK(head.ends_with("\r\nX-Content-Type-Options: nosniff\r\n\r\n"));
  BOOST_CHECK(head.find("99") == std::string::npos && head.find("upgrade") == std::string::npos && head.find("gzip") == std::string::npos);
  BOOST_CHECK(render_head(Response{.status = 204}, {.keep_alive = false}).find("Content-Length") == std::string::npos);
  BOOST_CHECK(render_head(Response{}, {.chunked = true}).find("Transfer-Encoding: chunked\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(cannot_be_split_by_a_header) {
  BOOST_CHECK(is_sendable(Response{.headers = {{"X-A", "b c"}}}));
  BOOST_CHECK(!is_sendable(Response{.headers = {{"X-A", "b\r\nX-B: c"}}}));
  BOOST_CHECK(!is_sendable(Response{.headers = {{"X A", "b"}}}));
  BOOST_CHECK(!is_sendable(Response{.headers = {{"", "b"}}}));
  BOOST_CHECK(!is_sendable(Response{.status = 99}));
  BOOST_CHECK(!is_sendable(Response{.reason = "a\nb"}));
}

BOOST_AUTO_TEST_CASE(take_effect_once) {
  int answers = 0, status = 0;
  const auto count = [&](const Response& response) {
    ++answers;
    status = response.status;
  };
  {
    const auto reply = make_reply(count);
    const auto copy = reply;
    copy.send(Response{.status = 201});
    reply.send(Response{.status = 202});
    reply.problem(Error{ErrorCode::conflict, "x"});
  }
  BOOST_CHECK_EQUAL(answers, 1);
  BOOST_CHECK_EQUAL(status, 201);
  { const auto forgotten = make_reply(count); }
  BOOST_CHECK_EQUAL(answers, 2);
  BOOST_CHECK_EQUAL(status, 500);
  const Reply none;
  none.send(Response{});
  BOOST_CHECK(none.abandoned());
}

BOOST_AUTO_TEST_SUITE_END()
