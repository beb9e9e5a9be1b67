#pragma once
// The check of promise 4: no actor is ever silently stuck. Two halves: each live actor has a wake-up, and none is overdue. Free of CAF.
// The warden of a running node, the API and the command line all ask in this way.

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "actors/definitions.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

using Finding = storage::StuckRow;

/// What is wrong, in a sentence: "timer 'P3D' has not fired though it is due".
[[nodiscard]] std::string describe_finding(const Finding& finding);
/// What a person does about it.
[[nodiscard]] std::string advice_for(const Finding& finding);

/// When something counts as overdue.
struct Patience {
  Duration timer = std::chrono::seconds{10};
  Duration message = std::chrono::seconds{60};
  Duration attempt = std::chrono::seconds{60};  ///< past the deadline of its step
};

/// Looks at the record in rounds of bounded cost, and knows what it has found so far. One thread at a time.
///
/// A round looks at the actors that were changed and at those found before; at one page each of live actors, attempts and mailbox; and
/// at the timers that are due the longest. So what a decision leaves without a wake-up is found in the next round, and so is all
/// that is overdue while a page takes it in. What loses its wake-up without a decision (rows deleted by hand) is found within one sweep:
/// live actors / rows × the distance of rounds.
class Examination {
 public:
  explicit Examination(std::shared_ptr<const Definitions> definitions, int rows = 5'000, Patience patience = {});

  /// `idle_since`: the engine time before which nobody could look after things (start of the node, a move of the clock): what was due
  /// earlier counts as due then. Errors: those of the database; then nothing of the round is known.
  [[nodiscard]] Result<void> round(storage::Directory& records, Time now, Time idle_since, std::span<const ActorId> changed);

  /// All that stands, longest first.
  [[nodiscard]] std::vector<Finding> findings() const;
  /// Of the last round, those that were not known before.
  [[nodiscard]] const std::vector<Finding>& fresh() const { return fresh_; }
  /// Sweeps over all live actors that were finished. After the first, and with attempts and mailbox wound up, everything was seen once.
  [[nodiscard]] int sweeps() const { return actors_.ended; }
  [[nodiscard]] bool has_seen_all() const { return actors_.ended > 0 && attempts_.ended > 0 && mailbox_.ended > 0; }
  [[nodiscard]] bool is_at_sweep_end() const { return actors_.after.empty(); }

 private:
  /// A table that is looked through page by page, again and again.
  struct Reel {
    std::string after;
    int ended = 0;
    int turn = 1;  ///< findings of a turn before the last are gone when it ends
  };
  struct Known {
    Finding finding;
    Reel* reel = nullptr;  ///< null: the whole is looked at in each round
    int turn = 0;
  };
  using Key = std::tuple<std::string, std::string, std::string>;  ///< actor, what, subject

  void note(const Finding& finding, Reel* reel);
  void turn_page(Reel& reel, const storage::StuckPage& page);
  /// A deferred event lies well in a state that does not take it.
  [[nodiscard]] bool is_taken(const Finding& finding) const;

  std::shared_ptr<const Definitions> definitions_;
  std::vector<std::string> resting_;
  int rows_;
  Patience patience_;
  Reel actors_, attempts_, mailbox_;
  std::map<Key, Known> known_;
  std::vector<Finding> fresh_;
  int round_ = 0;
};

}  // namespace stellwerk::actors
