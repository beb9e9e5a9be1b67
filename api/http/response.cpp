#include "api/http/response.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "api/http/checks.hpp"

namespace stellwerk::http {
namespace {

bool is_ours(std::string_view lower_name) {
  return lower_name == "content-length" || lower_name == "transfer-encoding" || lower_name == "connection" || lower_name == "date" || lower_name == "x-content-type-options";
}

}  // namespace

std::string_view to_string(Method method) {
  using enum Method;
  switch (method) {
    case get: return "GET";
    case head: return "HEAD";
    case post: return "POST";
    case put: return "PUT";
    case patch: return "PATCH";
    case delete_: return "DELETE";
    case options: return "OPTIONS";
  }
  return "GET";
}

std::string_view standard_reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

bool is_bodiless(int status) { return status == 204 || status == 304; }

bool is_sendable(const Response& response) {
  if (response.status < 200 || response.status > 599 || !is_field_value(response.reason)) return false;
  return std::all_of(response.headers.begin(), response.headers.end(), [](const auto& field) { return is_token(field.first) && is_field_value(field.second); });
}

std::string render_head(const Response& response, const HeadOptions& options) {
  std::string head;
  head.reserve(256);
  const auto reason = response.reason.empty() ? standard_reason(response.status) : std::string_view{response.reason};
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status, reason);
  for (const auto& [name, value] : response.headers) {
    if (is_ours(to_lower(name))) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (options.chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!options.until_close && !is_bodiless(response.status)) {
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", response.body.size());
  }
  head.append("Connection: ").append(options.keep_alive ? "keep-alive" : "close");
  head.append("\r\nDate: ").append(http_date());
  head += "\r\nX-Content-Type-Options: nosniff\r\n\r\n";
  return head;
}

const std::string& http_date() {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::time_t second = 0;
  thread_local std::string text;
  const auto now = std::time(nullptr);
  if (now != second || text.empty()) {
    second = now;
    std::tm tm{};
    gmtime_r(&now, &tm);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  }
  return text;
}

}  // namespace stellwerk::http
