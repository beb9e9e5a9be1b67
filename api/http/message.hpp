#pragma once
// From a whole, checked request to the Request that handlers see. Pistache's parser reads the request line a second time.

#include <memory>
#include <string>
#include <string_view>

#include "api/http/reader.hpp"
#include "api/http/server.hpp"

namespace stellwerk::http {

/// One per io thread; not shared between threads.
class MessageParser {
 public:
  explicit MessageParser(std::int64_t max_head_bytes);
  ~MessageParser();
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  /// Errors: 400 (escapes, NUL or UTF-8 of path or query; a request line that Pistache reads differently).
  [[nodiscard]] tl::expected<Request, Refusal> parse(WholeRequest&& whole, std::string_view peer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The trace id of a `traceparent` value (W3C Trace Context, version 00), or empty.
[[nodiscard]] std::string trace_of(std::string_view traceparent);
/// 32 random-looking hex digits.
[[nodiscard]] std::string make_trace_id();

}  // namespace stellwerk::http
