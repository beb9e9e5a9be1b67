#pragma once
// Bugs on purpose: places in the engine where a build for tests can be made wrong, one at a time, to prove that the simulation would
// notice. A release is built without STELLWERK_PLANTED_BUGS: then planted() is constant false and leaves no trace in the code.

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace stellwerk {

enum class Planted {
  lost_timer,              ///< timers of a decision that begins or ends a run are not written
  double_apply,            ///< a decision whose answer was lost is made again although it is on disk
  commit_without_fence,    ///< a batch is written although the incarnation was ended
  effect_before_commit,    ///< an attempt is carried out before its decision is on disk
  undo_of_completed_only,  ///< a step that began and has no outcome is left out of the undo list
  absent_too_early,        ///< "absent" is believed before `settle` has passed
  deferred_dropped,        ///< a deferred event is acknowledged, but not kept
  wake_lost_for_good,      ///< mailboxes are not swept
  key_changes_on_retry,    ///< each try has an idempotency key of its own
  message_not_deleted,     ///< an applied message stays in the mailbox
  attempt_not_taken_over,  ///< the attempts of a former incarnation are left to it
  conflict_not_reloaded,   ///< after a conflict the same decision is tried again on the old state
  stop_not_obeyed,         ///< an emergency stop is written, and nobody minds
  guard_not_asked,         ///< the mass-action guard counts, and lets everything go
  strangers_let_in,        ///< it does not matter whose actor a request is for
};

inline constexpr std::array<std::pair<Planted, std::string_view>, 15> planted_names{{
    {Planted::lost_timer, "lost_timer"},
    {Planted::double_apply, "double_apply"},
    {Planted::commit_without_fence, "commit_without_fence"},
    {Planted::effect_before_commit, "effect_before_commit"},
    {Planted::undo_of_completed_only, "undo_of_completed_only"},
    {Planted::absent_too_early, "absent_too_early"},
    {Planted::deferred_dropped, "deferred_dropped"},
    {Planted::wake_lost_for_good, "wake_lost_for_good"},
    {Planted::key_changes_on_retry, "key_changes_on_retry"},
    {Planted::message_not_deleted, "message_not_deleted"},
    {Planted::attempt_not_taken_over, "attempt_not_taken_over"},
    {Planted::conflict_not_reloaded, "conflict_not_reloaded"},
    {Planted::stop_not_obeyed, "stop_not_obeyed"},
    {Planted::guard_not_asked, "guard_not_asked"},
    {Planted::strangers_let_in, "strangers_let_in"},
}};

#ifdef STELLWERK_PLANTED_BUGS
inline std::optional<Planted> planted_bug;  ///< chosen by the simulation before anything runs
[[nodiscard]] inline bool planted(Planted bug) { return planted_bug == bug; }
#else
[[nodiscard]] constexpr bool planted(Planted) { return false; }
#endif

}  // namespace stellwerk
