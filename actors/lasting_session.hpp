#pragma once
// The database session of an actor that goes on for as long as the node does. Free of CAF.

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "storage/store.hpp"

namespace stellwerk::actors {

struct Deps;

/// A session that is opened anew after a call that threw: what such a call left behind is unknown, and giving the session up rolls it
/// back. One thread at a time.
class LastingSession {
 public:
  LastingSession(const Deps& deps, std::unique_ptr<storage::Store> store);

  /// What `call` returns of the session. Errors: its own; internal with the reason "threw" (what came of it is unknown; the next call has
  /// a fresh session); unavailable when no session can be opened in place of one that broke.
  template <class Call>
  auto run(Call call) -> std::invoke_result_t<Call, storage::Store&> {
    try {
      STELLWERK_CHECK(ensure());
      return call(*store_);
    } catch (const std::exception& error) {
      return fail(broke(error));
    }
  }
  /// The same of one member function: `session.call(&storage::Store::load, id)`.
  template <class Returned, class... Parameters, class... Arguments>
  Returned call(Returned (storage::Store::*member)(Parameters...), Arguments&&... arguments) {
    return run([&](storage::Store& store) { return (store.*member)(std::forward<Arguments>(arguments)...); });
  }

 private:
  [[nodiscard]] Result<void> ensure();
  [[nodiscard]] Error broke(const std::exception& error);

  std::function<Result<std::unique_ptr<storage::Store>>()> open_;
  std::string incarnation_;
  std::unique_ptr<storage::Store> store_;  ///< none: the last call threw, and no other session could be had yet
};

}  // namespace stellwerk::actors
