#pragma once
// What the simulator was asked, for tests that count calls. Kept in memory, the last 10,000.

#include <cstdint>
#include <deque>
#include <string>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "sandbox/parameters.hpp"

namespace stellwerk::sandbox {

struct CallRecord {
  std::uint64_t number = 0;
  Time at{};
  std::string method, path, operation;
  Fields fields;         ///< of query and body; secrets are starred
  std::string token_id;  ///< who asked; never the secret
  std::string idempotency_key;
  int status = 0;     ///< 0: no answer was given
  std::string fault;  ///< the rule that struck
};

class CallLog {
 public:
  void add(CallRecord record);
  void clear() { records_.clear(); }
  /// Those with a number above `since`, oldest first.
  [[nodiscard]] JsonArray render(std::uint64_t since) const;
  [[nodiscard]] std::uint64_t last() const { return made_; }

 private:
  std::deque<CallRecord> records_;
  std::uint64_t made_ = 0;
};

}  // namespace stellwerk::sandbox
