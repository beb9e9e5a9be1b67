#pragma once
// From a connection's bytes to whole requests, one after the other. Knows no socket and no time.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/http/checks.hpp"
#include "api/http/chunks.hpp"

namespace stellwerk::http {

/// A head that passed the checks, and exactly its body, decoded.
struct WholeRequest {
  Head head;
  std::string body;
};

class RequestReader {
 public:
  struct NeedMore {};
  /// The client waits for "100 Continue" before it sends the body that comes next. Reported once per request.
  struct WantsContinue {};
  using Item = std::variant<NeedMore, WantsContinue, WholeRequest, Refusal>;
  enum class Phase { between, head, body, refused };

  explicit RequestReader(HeadLimits limits) : limits_{limits} {}

  /// Adds received bytes. After a refusal they are dropped: what follows a refused request is never read as one.
  void append(std::string_view bytes);
  /// The next thing that the bytes so far amount to. Call again until NeedMore or Refusal.
  [[nodiscard]] Item next();
  [[nodiscard]] Phase phase() const;
  /// Bytes held that are not yet part of a returned request.
  [[nodiscard]] std::size_t held_bytes() const { return input_.size() - used_ + body_.size(); }

 private:
  Item refuse(Refusal refusal);
  Item read_head();
  Item read_body();
  [[nodiscard]] std::string_view rest() const { return std::string_view{input_}.substr(used_); }
  void use(std::size_t bytes);

  HeadLimits limits_;
  std::string input_;
  std::size_t used_ = 0;     ///< of input_
  std::size_t scanned_ = 0;  ///< of rest(), by find_head_end
  bool after_request_ = false;
  bool refused_ = false;
  std::optional<Head> head_;  ///< set while its body is read
  bool continue_reported_ = false;
  std::optional<ChunkDecoder> chunks_;
  std::string body_;
};

}  // namespace stellwerk::http
