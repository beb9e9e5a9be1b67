#include "api/http/reader.hpp"

#include <algorithm>

namespace stellwerk::http {

void RequestReader::append(std::string_view bytes) {
  if (refused_) return;
  input_.append(bytes);
}

RequestReader::Phase RequestReader::phase() const {
  if (refused_) return Phase::refused;
  if (head_) return Phase::body;
  return rest().empty() ? Phase::between : Phase::head;
}

RequestReader::Item RequestReader::next() {
  if (refused_) return NeedMore{};
  return head_ ? read_body() : read_head();
}

RequestReader::Item RequestReader::refuse(Refusal refusal) {
  refused_ = true;
  input_ = {};
  body_ = {};
  used_ = 0;
  head_.reset();
  chunks_.reset();
  return refusal;
}

void RequestReader::use(std::size_t bytes) {
  used_ += bytes;
  if (used_ == input_.size()) {
    if (input_.capacity() > 16 * 1024) input_ = {};  // thousands of idle connections keep no large buffers
    input_.clear();
    used_ = 0;
  } else if (used_ > 64 * 1024) {
    input_.erase(0, used_);
    used_ = 0;
  }
}

RequestReader::Item RequestReader::read_head() {
  // RFC 9112 section 2.2: one empty line before a request is ignored; some clients send it after a body
  if (after_request_ && rest().starts_with("\r\n")) {
    after_request_ = false;
    use(2);
  }
  if (after_request_ && rest() == "\r") return NeedMore{};
  const auto end = find_head_end(rest(), scanned_, limits_.max_head_bytes);
  if (!end) return refuse(end.error());
  if (!*end) return NeedMore{};
  auto head = check_head(rest().substr(0, **end), limits_);
  if (!head) return refuse(std::move(head).error());
  use(**end);
  scanned_ = 0;
  continue_reported_ = false;
  body_.clear();
  head_ = std::move(*head);
  if (head_->framing == Framing::chunked) chunks_.emplace(limits_.max_body_bytes);
  return read_body();
}

RequestReader::Item RequestReader::read_body() {
  bool complete = head_->framing == Framing::none;
  if (head_->framing == Framing::length) {
    const auto missing = static_cast<std::size_t>(head_->content_length) - body_.size();
    const auto taken = rest().substr(0, std::min(missing, rest().size()));
    body_.append(taken);
    use(taken.size());
    complete = taken.size() == missing;
  } else if (head_->framing == Framing::chunked) {
    const auto taken = chunks_->feed(rest(), body_);
    if (!taken) return refuse(taken.error());
    use(*taken);
    complete = chunks_->is_done();
  }
  if (!complete) {
    if (!head_->expects_continue || continue_reported_ || !body_.empty()) return NeedMore{};
    continue_reported_ = true;
    return WantsContinue{};
  }
  WholeRequest whole{std::move(*head_), std::move(body_)};
  head_.reset();
  chunks_.reset();
  body_ = {};
  after_request_ = true;
  return whole;
}

}  // namespace stellwerk::http
