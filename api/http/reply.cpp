#include "api/http/reply.hpp"

#include <atomic>
#include <utility>

#include "monitoring/log.hpp"

namespace stellwerk::http {
namespace {

struct CallbackReply final : Reply::State {
  std::function<void(Response)> take;
  std::atomic<bool> answered{false};

  ~CallbackReply() override {
    if (answered.exchange(true)) return;
    take(problem_response(Error{ErrorCode::internal, "the request was not answered"}, trace_id));
  }
  void answer(Response&& response) override {
    if (!answered.exchange(true)) take(std::move(response));
  }
  std::shared_ptr<Stream::State> open(Response&& head) override {
    answer(std::move(head));
    return nullptr;
  }
  void abort() override { answer(Response{.status = 0}); }
  bool is_abandoned() const override { return false; }
};

}  // namespace

Reply make_reply(std::function<void(Response)> take, std::string trace_id) {
  auto state = std::make_shared<CallbackReply>();
  state->take = std::move(take);
  state->trace_id = std::move(trace_id);
  return Reply{std::move(state)};
}

Reply::Reply() = default;
Reply::Reply(std::shared_ptr<State> state) : state_{std::move(state)} {}

void Reply::send(Response response) const {
  if (state_) state_->answer(std::move(response));
}

void Reply::problem(const Error& error) const {
  if (!state_) return;
  // the document of an internal error says nothing about it, so the log has to
  if (error.code == ErrorCode::internal) monitoring::log_error("request failed", error, {{"trace", state_->trace_id}});
  state_->answer(problem_response(error, state_->trace_id));
}

void Reply::abort() const {
  if (state_) state_->abort();
}

Stream Reply::stream(Response head) const { return state_ ? Stream{state_->open(std::move(head))} : Stream{}; }

bool Reply::abandoned() const { return !state_ || state_->is_abandoned(); }

Stream::Stream() = default;
Stream::Stream(std::shared_ptr<State> state) : state_{std::move(state)} {}

bool Stream::write(std::string_view bytes) { return state_ && state_->write(bytes); }

void Stream::close() {
  if (state_) state_->close();
}

bool Stream::is_open() const { return state_ && state_->is_open(); }

}  // namespace stellwerk::http
