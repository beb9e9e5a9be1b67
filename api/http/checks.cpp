#include "api/http/checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace stellwerk::http {
namespace {

constexpr std::size_t max_fields = 200;
constexpr std::array<std::string_view, 7> known_methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_token_char(char c) { return is_digit(c) || is_alpha(c) || (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos); }

tl::unexpected<Refusal> refuse(int status, std::string why) { return tl::unexpected<Refusal>(Refusal{status, std::move(why)}); }

/// "METHOD target HTTP/1.x", single spaces, no byte that is not visible ASCII in the target.
tl::expected<void, Refusal> check_request_line(std::string_view line, Head& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400, "the request line is not 'METHOD target HTTP/1.1'");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method)) return refuse(400, "the method is not a token");
  const bool version_shaped = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!version_shaped) return refuse(400, "the request line does not end in HTTP/1.1");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  if (std::find(known_methods.begin(), known_methods.end(), method) == known_methods.end()) return refuse(501, "the method is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; })) return refuse(400, "the target holds a byte that must be percent-encoded");
  if (target == "*" ? method != "OPTIONS" : !target.starts_with('/')) return refuse(400, "the target is not a path that begins with '/'");
  head.method = method;
  head.target = target;
  head.http11 = version == "HTTP/1.1";
  return {};
}

tl::expected<void, Refusal> check_field(std::string_view line, Head& head) {
  if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a header is folded over two lines");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return refuse(400, "a header line has no colon");
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return refuse(400, "a header name is not a token");
  const auto value = trim_blanks(line.substr(colon + 1));
  if (!is_field_value(value)) return refuse(400, fmt::format("the header {} holds a control character", name));
  if (head.headers.size() >= max_fields) return refuse(431, fmt::format("more than {} headers", max_fields));
  head.headers.emplace_back(to_lower(name), value);
  return {};
}

/// Digits only; anything above the limit, however long, is "too large" rather than an overflow.
tl::expected<void, Refusal> check_length(std::string_view value, std::int64_t max_body, Head& head) {
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit)) return refuse(400, "Content-Length is not a number");
  std::int64_t length = 0;
  for (const char c : value) {
    length = length * 10 + (c - '0');
    if (length > max_body) return refuse(413, fmt::format("the body is larger than {} bytes", max_body));
  }
  head.framing = Framing::length;
  head.content_length = length;
  return {};
}

tl::expected<void, Refusal> check_framing(Head& head, const HeadLimits& limits) {
  const std::string* length = nullptr;
  const std::string* coding = nullptr;
  for (const auto& [name, value] : head.headers) {
    if (name == "content-length") {
      if (length != nullptr) return refuse(400, "Content-Length is given twice");
      length = &value;
    } else if (name == "transfer-encoding") {
      if (coding != nullptr) return refuse(400, "Transfer-Encoding is given twice");
      coding = &value;
    }
  }
  if (coding != nullptr) {
    if (length != nullptr) return refuse(400, "Content-Length and Transfer-Encoding are both given");
    if (!head.http11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (to_lower(*coding) != "chunked") return refuse(501, "the only Transfer-Encoding understood is chunked");
    head.framing = Framing::chunked;
    return {};
  }
  if (length != nullptr) return check_length(*length, limits.max_body_bytes, head);
  return {};
}

tl::expected<void, Refusal> check_hosts(const Head& head) {
  int hosts = 0;
  for (const auto& [name, value] : head.headers) {
    if (name != "host") continue;
    if (++hosts > 1) return refuse(400, "Host is given twice");
    if (!is_host(value)) return refuse(400, "Host is not a name with an optional port");
  }
  if (hosts == 0 && head.http11) return refuse(400, "Host is missing");
  return {};
}

tl::expected<void, Refusal> check_connection(Head& head) {
  head.keep_alive = head.http11;
  bool close = false;
  for (const auto& [name, value] : head.headers) {
    if (name == "connection") {
      std::string_view rest = value;
      while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto option = to_lower(trim_blanks(rest.substr(0, comma)));
        close = close || option == "close";
        if (option == "keep-alive") head.keep_alive = true;
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      }
    } else if (name == "expect" && head.http11) {
      if (to_lower(value) != "100-continue") return refuse(417, "the only expectation understood is 100-continue");
      head.expects_continue = true;
    }
  }
  if (close) head.keep_alive = false;
  return {};
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool is_host(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const auto address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(), [](char c) { return is_hex(c) || c == ':' || c == '.'; })) return false;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, end);
    if (name.empty()) return false;
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; })) return false;
  }
  const auto port = text.substr(end);
  return port.empty() || (port.size() <= 6 && port.front() == ':' && std::all_of(port.begin() + 1, port.end(), is_digit));
}

tl::expected<std::optional<std::size_t>, Refusal> find_head_end(std::string_view bytes, std::size_t& scanned, std::int64_t max_bytes) {
  if (bytes.empty()) return std::optional<std::size_t>{};
  if (!is_token_char(bytes.front())) return refuse(400, "the request does not begin with a method");
  while (true) {
    const auto newline = bytes.find('\n', scanned);
    if (newline == std::string_view::npos) break;
    if (newline == 0 || bytes[newline - 1] != '\r') return refuse(400, "a line ends in LF without CR");
    scanned = newline + 1;
    if (static_cast<std::int64_t>(scanned) > max_bytes) break;
    if (newline >= 3 && bytes.substr(newline - 3, 4) == "\r\n\r\n") return std::optional<std::size_t>{scanned};
  }
  if (static_cast<std::int64_t>(bytes.size()) > max_bytes) return refuse(431, fmt::format("the request head is longer than {} bytes", max_bytes));
  return std::optional<std::size_t>{};
}

tl::expected<Head, Refusal> check_head(std::string_view bytes, const HeadLimits& limits) {
  if (static_cast<std::int64_t>(bytes.size()) > limits.max_head_bytes) return refuse(431, fmt::format("the request head is longer than {} bytes", limits.max_head_bytes));
  if (!bytes.ends_with("\r\n\r\n")) return refuse(400, "the request head does not end in an empty line");
  bytes.remove_suffix(2);
  Head head;
  bool first = true;
  while (!bytes.empty()) {
    const auto end = bytes.find("\r\n");
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.empty()) return refuse(400, "an empty line inside the request head");
    if (line.find_first_of("\r\n") != std::string_view::npos) return refuse(400, "a line of the request head holds a bare CR or LF");
    if (auto checked = first ? check_request_line(line, head) : check_field(line, head); !checked) return tl::unexpected<Refusal>(checked.error());
    first = false;
  }
  if (first) return refuse(400, "there is no request line");
  if (auto checked = check_hosts(head); !checked) return tl::unexpected<Refusal>(checked.error());
  if (auto checked = check_framing(head, limits); !checked) return tl::unexpected<Refusal>(checked.error());
  if (auto checked = check_connection(head); !checked) return tl::unexpected<Refusal>(checked.error());
  return head;
}

}  // namespace stellwerk::http
