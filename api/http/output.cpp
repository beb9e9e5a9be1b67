#include "api/http/output.hpp"

#include <algorithm>
#include <utility>

namespace stellwerk::http {

Output::~Output() {
  while (!pieces_.empty()) pop();
}

void Output::push(Piece piece) {
  size_ += piece.bytes.size();
  pieces_.push_back(std::move(piece));
}

std::size_t Output::gather(iovec* slices, std::size_t max) {
  std::size_t count = 0;
  for (auto piece = pieces_.begin(); piece != pieces_.end() && count < max; ++piece, ++count) {
    const std::size_t skip = count == 0 ? offset_ : 0;
    slices[count] = {piece->bytes.data() + skip, piece->bytes.size() - skip};
  }
  return count;
}

void Output::consume(std::size_t bytes) {
  size_ -= bytes;
  while (!pieces_.empty()) {
    const auto left = pieces_.front().bytes.size() - offset_;
    if (bytes < left) break;
    bytes -= left;
    pop();
  }
  offset_ += bytes;
}

void Output::pop() {
  auto& piece = pieces_.front();
  if (piece.stream) piece.stream->pending.fetch_sub(piece.counted);
  pieces_.pop_front();
  offset_ = 0;
}

}  // namespace stellwerk::http
