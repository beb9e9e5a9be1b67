#include "api/http/connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "api/http/exchange.hpp"
#include "api/http/problem.hpp"
#include "api/http/response.hpp"
#include "core/match.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::http {
namespace {

/// Larger bodies are sent from where they lie instead of being appended to their head.
constexpr std::size_t small_body = 16 * 1024;

}  // namespace

Connection::Connection(const Surroundings& around, int fd, std::string peer, Tick now)
    : around_{around}, fd_{fd}, peer_{std::move(peer)}, reader_{HeadLimits{around.settings.max_head_bytes, around.settings.max_body_bytes}}, phase_since_{now}, last_progress_{now} {}

Connection::~Connection() { abandon(); }

void Connection::receive(std::string_view bytes, Tick now) {
  if (no_more_) return;  // what follows the last request is dropped
  reader_.append(bytes);
  advance(now);
}

void Connection::end_of_input() {
  input_ended_ = no_more_ = true;
  abandon();
}

void Connection::apply(Command&& command, Tick now) {
  auto* slot = find_slot(command.sequence);
  if (slot == nullptr) return;
  std::visit(match{
                 [&](SendAnswer& send) { answer(*slot, std::move(send.response), now); },
                 [&](OpenStream& opening) { open_stream(*slot, std::move(opening), now); },
                 [&](StreamBytes& chunk) { add_bytes(*slot, std::move(chunk.bytes)); },
                 [&](EndStream&) { end_stream(*slot); },
                 [&](Abort&) { dropped_ = true; },
             },
             command.action);
  pump(now);
  advance(now);
}

void Connection::drain() {
  draining_ = no_more_ = true;
  for (auto& slot : slots_) {
    if (!slot.stream || slot.complete) continue;
    slot.stream->open = false;
    end_stream(slot);
  }
  if (!slots_.empty()) slots_.back().keep_alive = false;
  if (slots_.empty() && output_.empty() && !lingering_since_) dropped_ = true;
  pump(Tick::clock::now());
}

void Connection::linger(Tick now) { lingering_since_ = now; }

Connection::Fate Connection::fate() const {
  if (dropped_) return Fate::drop;
  if (lingering_since_) return input_ended_ ? Fate::drop : Fate::live;
  if (!no_more_ || !slots_.empty() || !output_.empty()) return Fate::live;
  return input_ended_ ? Fate::drop : Fate::finish;
}

bool Connection::wants_read() const { return !input_ended_ && (no_more_ || may_take_request()); }

void Connection::advance(Tick now) {
  bool waiting = true;
  while (waiting && may_take_request()) {
    auto item = reader_.next();
    std::visit(match{
                   [&](RequestReader::NeedMore&) { waiting = false; },
                   [&](RequestReader::WantsContinue&) { continue_due_ = true; },
                   [&](WholeRequest& whole) { dispatch(std::move(whole), now); },
                   [&](Refusal& refusal) { refuse(refusal, now); },
               },
               item);
  }
  if (continue_due_ && slots_.empty() && !no_more_) {  // never before the answers of earlier requests
    output_.push({"HTTP/1.1 100 Continue\r\n\r\n"});
    continue_due_ = false;
  }
  if (const auto phase = reader_.phase(); phase != phase_) {
    phase_ = phase;
    phase_since_ = now;
  }
}

void Connection::dispatch(WholeRequest&& whole, Tick now) {
  continue_due_ = false;
  had_request_ = true;
  phase_ = RequestReader::Phase::between;
  phase_since_ = now;
  const bool keep_alive = whole.head.keep_alive, http11 = whole.head.http11;
  auto request = around_.parser.parse(std::move(whole), peer_);
  if (!request) return refuse(request.error(), now);
  if (!keep_alive) no_more_ = true;
  auto exchange = std::make_shared<Exchange>();
  slots_.push_back(Slot{.exchange = exchange, .method = request->method, .trace_id = request->trace_id, .http11 = http11, .keep_alive = keep_alive, .since = now});
  const auto sequence = first_sequence_ + slots_.size() - 1;
  const auto reply = make_connection_reply(around_.outlet, weak_from_this(), sequence, std::move(exchange), request->trace_id);
  try {
    around_.router.dispatch(std::move(*request), reply);
  } catch (const std::exception& thrown) {
    reply.problem(Error{ErrorCode::internal, fmt::format("a handler threw: {}", thrown.what())});
  } catch (...) {
    reply.problem(Error{ErrorCode::internal, "a handler threw something that is no std::exception"});
  }
}

void Connection::refuse(const Refusal& refusal, Tick now) {
  no_more_ = true;
  const auto trace_id = make_trace_id();
  slots_.push_back(Slot{.exchange = std::make_shared<Exchange>(), .method = {}, .trace_id = trace_id, .keep_alive = false, .since = now});
  slots_.back().exchange->answered = true;
  answer(slots_.back(), protocol_problem(refusal.status, refusal.why, trace_id), now);
  pump(now);
}

void Connection::answer(Slot& slot, Response response, Tick now) {
  if (slot.started) return;
  if (!is_sendable(response)) {
    monitoring::log_error("a handler's answer has a status or header that cannot be sent", {{"trace", slot.trace_id}});
    response = problem_response(Error{ErrorCode::internal, "unsendable answer"}, slot.trace_id);
  }
  around_.traffic.record(slot.method, response.status, std::chrono::duration_cast<Duration>(now - slot.since));
  if (draining_ && &slot == &slots_.back()) slot.keep_alive = false;
  auto head = render_head(response, {.keep_alive = slot.keep_alive});
  const bool with_body = slot.method != Method::head && !is_bodiless(response.status) && !response.body.empty();
  if (with_body && response.body.size() <= small_body) head += response.body;
  slot.pieces.push_back({std::move(head)});
  if (with_body && response.body.size() > small_body) slot.pieces.push_back({std::move(response.body)});
  slot.started = slot.complete = true;
}

void Connection::open_stream(Slot& slot, OpenStream&& opening, Tick now) {
  if (slot.started) return;
  if (!is_sendable(opening.head) || is_bodiless(opening.head.status)) {
    opening.stream->open = false;
    return answer(slot, Response{.status = 0}, now);
  }
  if (!slot.http11 || draining_) slot.keep_alive = false;
  around_.traffic.record(slot.method, opening.head.status, std::chrono::duration_cast<Duration>(now - slot.since));
  slot.pieces.push_back({render_head(opening.head, {.keep_alive = slot.keep_alive, .chunked = slot.http11, .until_close = !slot.http11})});
  slot.started = true;
  slot.stream = std::move(opening.stream);
  if (slot.method == Method::head) {
    slot.stream->open = false;
    slot.complete = true;
  } else if (draining_) {
    slot.stream->open = false;
    end_stream(slot);
  }
}

void Connection::add_bytes(Slot& slot, std::string bytes) {
  if (!slot.stream || slot.complete) return;
  const auto counted = bytes.size();
  slot.pieces.push_back({slot.http11 ? fmt::format("{:x}\r\n{}\r\n", counted, bytes) : std::move(bytes), slot.stream, counted});
}

void Connection::end_stream(Slot& slot) {
  if (!slot.stream || slot.complete) return;
  if (slot.http11) slot.pieces.push_back({"0\r\n\r\n"});
  slot.complete = true;
}

/// Moves what may be sent now from the oldest requests to the output: an answer waits for those before it.
void Connection::pump(Tick now) {
  while (!slots_.empty() && slots_.front().started) {
    auto& slot = slots_.front();
    if (output_.empty() && !slot.pieces.empty()) last_progress_ = now;  // the client's time to take it begins
    for (auto& piece : slot.pieces) output_.push(std::move(piece));
    slot.pieces.clear();
    if (!slot.complete) return;
    const bool last = !slot.keep_alive;
    slots_.pop_front();
    ++first_sequence_;
    if (phase_ == RequestReader::Phase::between) phase_since_ = now;
    if (last) {
      no_more_ = true;
      abandon();
      return;
    }
  }
}

void Connection::abandon() {
  for (auto& slot : slots_) {
    slot.exchange->abandoned = true;
    slot.exchange->answered = true;
    if (slot.stream) slot.stream->open = false;
  }
  first_sequence_ += slots_.size();
  slots_.clear();
}

Connection::Slot* Connection::find_slot(std::uint64_t sequence) {
  if (sequence < first_sequence_ || sequence - first_sequence_ >= slots_.size()) return nullptr;
  return &slots_[static_cast<std::size_t>(sequence - first_sequence_)];
}

void Connection::check_deadlines(Tick now) {
  if (lingering_since_) {
    const auto limit = draining_ ? std::chrono::milliseconds{200} : std::chrono::milliseconds{linger_timeout};
    if (now - *lingering_since_ > limit) dropped_ = true;
    return;
  }
  if (!output_.empty() && now - last_progress_ > write_stall_timeout) {
    dropped_ = true;
    return;
  }
  for (auto& slot : slots_) {
    if (slot.started || now - slot.since <= around_.settings.answer_timeout || slot.exchange->answered.exchange(true)) continue;
    monitoring::log_warning("a request was not answered in time", {{"trace", slot.trace_id}});
    const Error late{ErrorCode::unavailable, "no answer in time; the outcome is unknown: repeat the request with the same Idempotency-Key", "outcome_unknown"};
    answer(slot, problem_response(late, slot.trace_id), now);
  }
  pump(now);
  advance(now);
  if (!may_take_request()) {  // what the client sends waits for us: its time does not run
    phase_since_ = now;
    return;
  }
  const auto spent = now - phase_since_, idle = now - std::max(phase_since_, last_progress_);
  const auto& settings = around_.settings;
  if (phase_ == RequestReader::Phase::head && spent > settings.header_timeout) return refuse({408, "the request head did not arrive in time"}, now);
  if (phase_ == RequestReader::Phase::body && spent > settings.body_timeout) return refuse({408, "the request body did not arrive in time"}, now);
  if (phase_ != RequestReader::Phase::between || !slots_.empty() || !output_.empty()) return;
  if (idle > (had_request_ ? settings.idle_timeout : std::min(settings.header_timeout, settings.idle_timeout))) dropped_ = true;
}

}  // namespace stellwerk::http
