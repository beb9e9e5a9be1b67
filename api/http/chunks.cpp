#include "api/http/chunks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "api/http/uri.hpp"

namespace stellwerk::http {
namespace {

constexpr std::size_t max_size_line = 256;
constexpr std::size_t max_trailers = 4096;

tl::unexpected<Refusal> refuse(int status, std::string why) { return tl::unexpected<Refusal>(Refusal{status, std::move(why)}); }

}  // namespace

tl::expected<std::size_t, Refusal> ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto taken = std::min(remaining_, bytes.size() - used);
      body.append(bytes.substr(used, taken));
      used += taken;
      remaining_ -= taken;
      if (remaining_ == 0) state_ = State::data_end;
      continue;
    }
    auto line = add_to_line(bytes[used++], state_ == State::data_end ? 2 : max_size_line + (state_ == State::trailer_line ? max_trailers : 0));
    if (!line) return tl::unexpected<Refusal>(line.error());
    if (!*line) continue;
    if (state_ == State::data_end) {
      if (!line_.empty()) return refuse(400, "a chunk is longer than its size");
      state_ = State::size_line;
    } else if (state_ == State::size_line) {
      if (auto ended = end_size_line(body.size()); !ended) return tl::unexpected<Refusal>(ended.error());
    } else if (auto ended = end_trailer_line(); !ended) {
      return tl::unexpected<Refusal>(ended.error());
    }
    line_.clear();
  }
  return used;
}

tl::expected<bool, Refusal> ChunkDecoder::add_to_line(char c, std::size_t max_bytes) {
  if (c == '\n') {
    if (line_.empty() || line_.back() != '\r') return refuse(400, "a line of the chunked coding ends in LF without CR");
    line_.pop_back();
    return true;
  }
  if (!line_.empty() && line_.back() == '\r') return refuse(400, "a line of the chunked coding holds a bare CR");
  line_ += c;
  if (line_.size() > max_bytes) return refuse(400, "a line of the chunked coding is too long");
  return false;
}

tl::expected<void, Refusal> ChunkDecoder::end_size_line(std::size_t body_bytes) {
  std::int64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line_.size() && hex_value(line_[digits]) >= 0; ++digits) {
    size = size * 16 + hex_value(line_[digits]);
    if (size > max_body_bytes_) return refuse(413, fmt::format("the body is larger than {} bytes", max_body_bytes_));
  }
  const auto extension = trim_blanks(std::string_view{line_}.substr(digits));
  if (digits == 0 || (!extension.empty() && !extension.starts_with(';')) || !is_field_value(extension)) return refuse(400, "a chunk size is not a hexadecimal number");
  if (size + static_cast<std::int64_t>(body_bytes) > max_body_bytes_) return refuse(413, fmt::format("the body is larger than {} bytes", max_body_bytes_));
  remaining_ = static_cast<std::size_t>(size);
  state_ = size == 0 ? State::trailer_line : State::data;
  return {};
}

tl::expected<void, Refusal> ChunkDecoder::end_trailer_line() {
  if (line_.empty()) {
    state_ = State::done;
    return {};
  }
  trailer_bytes_ += line_.size();
  const auto colon = line_.find(':');
  const bool well_formed = colon != std::string::npos && is_token(std::string_view{line_}.substr(0, colon)) && is_field_value(std::string_view{line_}.substr(colon + 1));
  if (!well_formed || trailer_bytes_ > max_trailers) return refuse(400, "the trailers of the chunked body are malformed or too long");
  return {};
}

}  // namespace stellwerk::http
