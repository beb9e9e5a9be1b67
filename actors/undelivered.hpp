#pragma once
// Messages that nobody will ever take go back to whom they came from. A duty of the mailbox sweep.

#include <cstdint>
#include <utility>
#include <vector>

#include "monitoring/log.hpp"
#include "storage/store.hpp"

namespace stellwerk::actors {

class ReturnsUndelivered {
 public:
  /// Looks through the next page of the mailbox, and from the start again behind the last. Returns the senders whose messages came back:
  /// they have to look into their mailbox. An error is logged; the next look is as good.
  [[nodiscard]] std::vector<ActorId> look(storage::Store& store) {
    auto page = store.return_undelivered(after_, rows);
    if (!page) {
      monitoring::log_error("messages without a receiver cannot be looked for", page.error());
      return {};
    }
    after_ = page->seen;
    return std::move(page->returned);
  }

 private:
  static constexpr int rows = 5'000;
  std::int64_t after_ = 0;
};

}  // namespace stellwerk::actors
