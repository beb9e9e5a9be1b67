#pragma once
// The only writer of actors: a plain object without thread or wait. Internal to this folder; committer_actor.cpp lets it write for all.

#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "actors/lasting_session.hpp"
#include "actors/protocol.hpp"

namespace stellwerk::actors {

/// One session, and one try for each call: whoever calls decides when to try again. The process is told to end when its incarnation was
/// ended by another.
class Committer {
 public:
  Committer(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);

  /// One result per decision, in order. Errors: unavailable (a part may be on disk; repeating the same batch is safe), cancelled (the
  /// fence is gone, on_fatal was told), internal with the reason "threw" (what came of it is unknown as well; the session is a fresh one
  /// by the next call), others: the database refuses the batch.
  [[nodiscard]] Result<std::vector<storage::CommitResult>> commit(std::span<const storage::Commit> batch);
  /// One result per request, in order. An action whose result is on disk answers with it when it is asked again. Errors: as commit().
  [[nodiscard]] Result<std::vector<storage::ActionResult>> run_actions(std::span<const storage::ActionRequest> requests);

  /// Whether this decision is the last one on disk of its actor. Errors: unavailable, cancelled, internal.
  [[nodiscard]] Result<bool> is_written(const storage::Commit& commit);

 private:
  template <class Call>
  auto try_once(Call call) -> std::invoke_result_t<Call, storage::Store&>;

  std::shared_ptr<const Deps> deps_;
  LastingSession session_;
  bool away_ = false;                      ///< the last call found no database
};

}  // namespace stellwerk::actors
