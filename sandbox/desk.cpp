#include "sandbox/desk.hpp"

#include <algorithm>

namespace stellwerk::sandbox {

Desk::Desk(Handle handle, Keep keep)
    : handle_{std::move(handle)}, keep_{std::move(keep)}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

Desk::~Desk() { close(); }

void Desk::take(http::Request request, http::Reply reply) {
  {
    const std::lock_guard lock{mutex_};
    inbox_.push_back({std::move(request), std::move(reply)});
  }
  changed_.notify_one();
}

void Desk::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  changed_.notify_one();
}

void Desk::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<Pending> batch;
    bool closed = false;
    {
      std::unique_lock lock{mutex_};
      const auto woken = [&] { return !inbox_.empty() || (closed_ && !later_.empty()); };
      if (later_.empty()) changed_.wait(lock, stop, woken);
      else changed_.wait_until(lock, stop, later_.begin()->first, woken);
      batch.swap(inbox_);
      closed = closed_;
    }
    answer(std::move(batch));
    if (closed) {
      for (const auto& [moment, late] : later_) late.reply.abort();
      later_.clear();
    }
    deliver_due();
  }
}

void Desk::answer(std::vector<Pending> batch) {
  if (batch.empty()) return;
  std::vector<Answer> answers;
  answers.reserve(batch.size());
  for (const auto& pending : batch) answers.push_back(handle_(pending.request));
  if (auto kept = keep_(); !kept) {
    for (const auto& pending : batch) pending.reply.problem(kept.error());
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) deliver(batch[i].reply, std::move(answers[i]));
}

void Desk::deliver(const http::Reply& reply, Answer answer) {
  if (answer.frees_held) {
    std::erase_if(later_, [](const auto& entry) {
      if (entry.second.response) return false;
      entry.second.reply.abort();
      return true;
    });
  }
  const auto due = std::chrono::steady_clock::now() + answer.delay;
  switch (answer.delivery) {
    case Answer::Delivery::close: return reply.abort();
    case Answer::Delivery::hold: later_.emplace(due, Later{reply, std::nullopt}); return;
    case Answer::Delivery::send: break;
  }
  if (answer.delay > Duration::zero()) later_.emplace(due, Later{reply, std::move(answer.response)});
  else reply.send(std::move(answer.response));
}

void Desk::deliver_due() {
  const auto now = std::chrono::steady_clock::now();
  while (!later_.empty() && later_.begin()->first <= now) {
    auto late = std::move(later_.extract(later_.begin()).mapped());
    if (late.response) late.reply.send(std::move(*late.response));
    else late.reply.abort();
  }
  // clients that have hung up need nothing any more
  std::erase_if(later_, [](const auto& entry) { return entry.second.reply.abandoned(); });
}

}  // namespace stellwerk::sandbox
