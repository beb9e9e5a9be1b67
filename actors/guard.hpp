#pragma once
// The mass-action guard: how many actors of a kind timers may send the same destructive way within minutes, before a person is asked.
// It counts what the engine decides to do by itself; what people order is theirs. docs/operations.md tells what it promises.

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "storage/store.hpp"

namespace stellwerk::actors {

struct GuardBounds {
  int percent = 2;                          ///< of the live actors of the tenant and kind …
  int floor = 20;                           ///< … but at least so many may go within `window`
  Duration window = std::chrono::minutes{10};
  Duration downtime = std::chrono::hours{6};  ///< after more, the first of each tenant and kind asks
  Duration release = std::chrono::hours{1};   ///< how long a release holds good
  Duration pause = std::chrono::hours{24};    ///< after `keep` without a time, until it is asked again
};

/// A timer that is about to do what the guard counts.
struct GuardWish {
  TenantId tenant;
  std::string kind;
  storage::TimerRow timer;
};

/// One object of a node, in memory; any thread may call it, nothing blocks. It is rebuilt at start from what was written with the
/// decisions that it let go and from the questions it asked. Whoever writes holds and answers (the sentry) tells it afterwards.
class Guard {
 public:
  explicit Guard(GuardBounds bounds = {}) : bounds_{bounds} {}

  /// At start, before anything fires. Notices a restore (value "guard_since_restore" is set) and a long downtime (value "guard_alive").
  /// Errors: those of the store.
  [[nodiscard]] Result<void> load(storage::Store& store, const Clock& clock);
  /// In a running node, when what was written is uncertain: the questions as they stand in the store. What was counted stays: it is known
  /// here, and what is about to be written is in no store yet. Errors: those of the store.
  [[nodiscard]] Result<void> read_questions(storage::Store& store, Time now);

  /// The row to be written with the decision, when it may be carried out; nothing: hold it. Asked again for the same timer it gives
  /// the same row. `now`: engine time.
  [[nodiscard]] std::optional<storage::GuardEntry> admit(const GuardWish& wish, Time now, Duration monotonic);
  /// The decision was not written, or was another one after all: its place is free.
  void give_back(const GuardWish& wish);

  // --- for the sentry
  using Line = std::pair<TenantId, std::string>;  ///< tenant and kind
  /// How many live actors there are: holds good for one window, then the floor is the bound until it is told again.
  void tell_live(const Line& line, std::int64_t live, Time now);
  [[nodiscard]] bool knows_live(const Line& line, Time now) const;
  /// What a wish of this line is held for now: the question that stands, or a new one, which put() has to tell when it is written.
  /// Nothing: it may go.
  [[nodiscard]] std::optional<storage::GuardQuestion> question_for(const Line& line, Time now);
  /// As it is written.
  void put(const storage::GuardQuestion& question);
  /// Questions that were kept and are to be asked again by now.
  [[nodiscard]] std::vector<storage::GuardQuestion> to_be_asked_again(Time now) const;
  /// It runs. A pause of the process longer than `downtime` counts as a downtime.
  void beat(Time now, Duration monotonic);
  /// What has to be known at the next start, once after it has changed: the value "guard_caution".
  [[nodiscard]] std::optional<std::string> caution_to_write();
  [[nodiscard]] const GuardBounds& bounds() const { return bounds_; }
  /// Rows of decisions before this moment are needed no more.
  [[nodiscard]] Time needed_since(Time now) const { return now - bounds_.window - bounds_.release; }

 private:
  using Key = std::pair<ActorId, std::string>;  ///< actor; timer and due time
  struct Counted {
    Time at{};
    Key key;
  };
  struct State {
    std::map<Key, storage::GuardEntry> passed;  ///< within the window
    std::deque<Counted> order;
    std::int64_t counted = 0;                   ///< of `passed`, those that no release let pass
    std::optional<storage::GuardQuestion> question;  ///< not released
    std::optional<storage::GuardQuestion> release;   ///< released last
    std::int64_t released = 0;                  ///< how many it has let pass
    std::optional<std::pair<std::int64_t, Time>> live;  ///< how many, told when
    Time last_asked{};
  };
  /// After a restore or a downtime the first of each line asks.
  struct Caution {
    std::string why;
    Time since{};
  };

  static Key key_of(const storage::TimerRow& timer);
  void notice_pause(Time now, Duration monotonic);
  void forget_old(State& state, Time now) const;
  [[nodiscard]] std::int64_t bound_of(const State& state, Time now) const;
  [[nodiscard]] bool is_released(const State& state, Time now) const;
  /// Why a wish asks that neither a question nor a release concerns; empty: it may go.
  [[nodiscard]] std::string reason(const State& state, Time now) const;
  void count(State& state, const Key& key, const storage::GuardEntry& entry);
  void put_locked(const storage::GuardQuestion& question);

  const GuardBounds bounds_;
  mutable std::mutex mutex_;
  std::map<Line, State> lines_;
  std::optional<Caution> caution_;
  bool caution_is_new_ = false;
  std::optional<Duration> last_beat_;
};

}  // namespace stellwerk::actors
