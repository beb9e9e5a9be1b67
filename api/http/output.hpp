#pragma once
// Bytes on their way to one client. Pieces are moved in and sent where they lie; nothing is copied again.

#include <sys/uio.h>

#include <deque>
#include <memory>
#include <string>

#include "api/http/outlet.hpp"

namespace stellwerk::http {

struct Piece {
  std::string bytes;
  std::shared_ptr<LiveStream> stream = {};  ///< told when the piece is gone
  std::size_t counted = 0;                  ///< bytes of stream->pending that it stands for
};

class Output {
 public:
  Output() = default;
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void push(Piece piece);
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The first bytes as at most `max` slices; returns how many.
  std::size_t gather(iovec* slices, std::size_t max);
  /// The first `bytes` have been sent.
  void consume(std::size_t bytes);

 private:
  void pop();

  std::deque<Piece> pieces_;
  std::size_t offset_ = 0;  ///< within the first piece
  std::size_t size_ = 0;
};

}  // namespace stellwerk::http
