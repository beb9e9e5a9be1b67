#pragma once
// One client, without its socket: requests come out of its bytes, answers go back in the order of the requests. Lives in one
// io thread; other threads reach it through an Outlet only.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/message.hpp"
#include "api/http/outlet.hpp"
#include "api/http/output.hpp"
#include "api/http/reader.hpp"
#include "api/http/traffic.hpp"
#include "config/settings.hpp"

namespace stellwerk::http {

using Tick = std::chrono::steady_clock::time_point;

/// What all connections of one io thread share.
struct Surroundings {
  const config::HttpSettings& settings;
  const Router& router;
  MessageParser& parser;
  Traffic& traffic;
  std::shared_ptr<Outlet> outlet;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t max_waiting = 64;                       ///< requests answered in turn; more are not read
  static constexpr std::size_t max_unsent = 1024 * 1024;               ///< above it no further request is read
  static constexpr std::chrono::seconds write_stall_timeout{30};       ///< without a byte taken by the client
  static constexpr std::chrono::seconds linger_timeout{2};             ///< for the client to read the last answer and leave

  enum class Fate {
    live,
    finish,  ///< all is said: close our side, then linger() for the client's
    drop,    ///< close at once
  };

  Connection(const Surroundings& around, int fd, std::string peer, Tick now);
  ~Connection();

  void receive(std::string_view bytes, Tick now);
  /// There is room for output again: requests that were received but not taken are taken now.
  void resume(Tick now) { advance(now); }
  /// The client has closed its side: it has left, but what is ready is still sent.
  void end_of_input();
  void apply(Command&& command, Tick now);
  void check_deadlines(Tick now);
  /// Answers under way are finished, streams ended, nothing new is read.
  void drain();
  /// Our side is closed: nothing is sent any more, what comes is dropped.
  void linger(Tick now);

  [[nodiscard]] Fate fate() const;
  [[nodiscard]] bool wants_read() const;
  [[nodiscard]] Output& output() { return output_; }
  /// The socket failed.
  void give_up() { dropped_ = true; }
  void note_progress(Tick now) { last_progress_ = now; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  struct Slot {
    std::shared_ptr<Exchange> exchange;
    std::optional<Method> method;
    std::string trace_id;
    bool http11 = true;
    bool keep_alive = true;
    bool started = false;   ///< an answer or the head of a stream is in `pieces`
    bool complete = false;  ///< nothing more will come
    Tick since;
    std::deque<Piece> pieces;
    std::shared_ptr<LiveStream> stream;
  };

  void advance(Tick now);
  void dispatch(WholeRequest&& whole, Tick now);
  void refuse(const Refusal& refusal, Tick now);
  void answer(Slot& slot, Response response, Tick now);
  void open_stream(Slot& slot, OpenStream&& opening, Tick now);
  void add_bytes(Slot& slot, std::string bytes);
  void end_stream(Slot& slot);
  void pump(Tick now);
  void abandon();
  [[nodiscard]] Slot* find_slot(std::uint64_t sequence);
  [[nodiscard]] bool may_take_request() const { return !no_more_ && slots_.size() < max_waiting && output_.size() < max_unsent; }

  Surroundings around_;
  int fd_;
  std::string peer_;
  RequestReader reader_;
  std::deque<Slot> slots_;              ///< requests without a finished answer, oldest first
  std::uint64_t first_sequence_ = 0;    ///< of slots_.front()
  Output output_;
  bool had_request_ = false;
  bool no_more_ = false;                ///< no further request is read
  bool draining_ = false;
  bool dropped_ = false;
  bool input_ended_ = false;
  bool continue_due_ = false;
  std::optional<Tick> lingering_since_;
  RequestReader::Phase phase_ = RequestReader::Phase::between;
  Tick phase_since_;
  Tick last_progress_;
};

}  // namespace stellwerk::http
