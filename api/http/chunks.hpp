#pragma once
// The chunked transfer coding (RFC 9112 section 7.1), decoded with bounds. Trailers are checked and dropped.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/checks.hpp"

namespace stellwerk::http {

/// Decodes one body. Chunk extensions are tolerated within a line of 256 bytes; trailers within 4 KiB.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(std::int64_t max_body_bytes) : max_body_bytes_{max_body_bytes} {}

  /// Takes bytes from the front of `bytes` and appends what they carry to `body`. Returns how many were taken: all, unless is_done().
  /// Errors: 400 (not the chunked coding), 413 (more than the limit).
  [[nodiscard]] tl::expected<std::size_t, Refusal> feed(std::string_view bytes, std::string& body);
  [[nodiscard]] bool is_done() const { return state_ == State::done; }

 private:
  enum class State { size_line, data, data_end, trailer_line, done };
  /// Adds a byte to the current line; true when the line is complete (without CRLF, in line_).
  [[nodiscard]] tl::expected<bool, Refusal> add_to_line(char c, std::size_t max_bytes);
  [[nodiscard]] tl::expected<void, Refusal> end_size_line(std::size_t body_bytes);
  [[nodiscard]] tl::expected<void, Refusal> end_trailer_line();

  std::int64_t max_body_bytes_;
  State state_ = State::size_line;
  std::string line_;
  std::size_t remaining_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace stellwerk::http
