#include "api/http/message.hpp"

#include <algorithm>
#include <exception>
#include <optional>

#include <pistache/http.h>

#include <fmt/format.h>

#include "api/http/uri.hpp"
#include "core/id.hpp"

namespace stellwerk::http {
namespace {

std::optional<Method> convert(Pistache::Http::Method method) {
  switch (method) {
    case Pistache::Http::Method::Get: return Method::get;
    case Pistache::Http::Method::Head: return Method::head;
    case Pistache::Http::Method::Post: return Method::post;
    case Pistache::Http::Method::Put: return Method::put;
    case Pistache::Http::Method::Patch: return Method::patch;
    case Pistache::Http::Method::Delete: return Method::delete_;
    case Pistache::Http::Method::Options: return Method::options;
    default: return std::nullopt;  // a method that the checks have refused before
  }
}

tl::unexpected<Refusal> refuse(std::string why) { return tl::unexpected<Refusal>(Refusal{400, std::move(why)}); }

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

const std::string* Request::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

const std::string* Request::query_value(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(), [&](const auto& item) { return item.first == name; });
  return found == query.end() ? nullptr : &found->second;
}

const std::string& Request::param(std::string_view name) const {
  const auto found = params.find(name);
  STELLWERK_ASSERT(found != params.end(), "a handler asked for a parameter that its route does not have");
  return found->second;
}

struct MessageParser::Impl {
  Pistache::Http::RequestParser parser;

  /// Only the request line goes to Pistache: its typed headers throw on values that are none of the transport's business, and
  /// its framing is weaker than ours. Both must agree on method and path.
  std::optional<Method> read_line(std::string_view method, std::string_view path) {
    const auto line = fmt::format("{} {} HTTP/1.1\r\n\r\n", method, path);
    std::optional<Method> result;
    try {
      parser.reset();
      if (parser.feed(line.data(), line.size()) && parser.parse() == Pistache::Http::Private::State::Done && parser.request.resource() == path) result = convert(parser.request.method());
    } catch (const std::exception&) {  // HttpError: it does not accept the line, which is an answer
      result.reset();
    }
    return result;
  }
};

MessageParser::MessageParser(std::int64_t max_head_bytes) : impl_{new Impl{Pistache::Http::RequestParser{static_cast<std::size_t>(max_head_bytes) + 64}}} {}
MessageParser::~MessageParser() = default;

tl::expected<Request, Refusal> MessageParser::parse(WholeRequest&& whole, std::string_view peer) {
  const auto path = path_of(whole.head.target);
  const auto method = impl_->read_line(whole.head.method, path);
  if (!method) return refuse("the request line cannot be read");
  auto decoded_path = percent_decode(path);
  if (!decoded_path) return refuse("the path cannot be decoded: a broken escape, %00, or no UTF-8");
  auto query = parse_query(whole.head.target);
  if (!query) return refuse("the query cannot be decoded: a broken escape, %00, or no UTF-8");
  Request request;
  request.method = *method;
  request.path = std::move(*decoded_path);
  request.query = std::move(*query);
  request.target = std::move(whole.head.target);
  request.headers = std::move(whole.head.headers);
  request.body = std::move(whole.body);
  request.peer = peer;
  if (const auto* parent = request.header("traceparent")) request.trace_id = trace_of(*parent);
  if (request.trace_id.empty()) request.trace_id = make_trace_id();
  return request;
}

std::string trace_of(std::string_view traceparent) {
  // "00-" trace id of 32 "-" parent id of 16 "-" flags of 2
  if (traceparent.size() != 55 || !traceparent.starts_with("00-") || traceparent[35] != '-' || traceparent[52] != '-') return {};
  const auto trace = traceparent.substr(3, 32), parent = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
  if (!is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(flags) || is_zero(trace) || is_zero(parent)) return {};
  return std::string{trace};
}

std::string make_trace_id() {
  std::string text;
  for (const auto byte : make_uuid().bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

}  // namespace stellwerk::http
