#pragma once
// After a change of a setting (or of the tenant's calendar) every live actor it reaches is reckoned again. The work is written down
// before the change, and how far it has come after each page of actors: what a crash leaves undone goes on at the next start.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/client.hpp"

namespace stellwerk::actors {

/// One piece of work at a time, page by page. Any thread may call it; it never blocks but for the database of the session it is given.
/// Lives as long as whoever may call back.
class Refresher {
 public:
  /// How it works on the engine.
  struct Ways {
    std::function<bool(std::function<void(Views&)>)> ask;  ///< runs on a reader session; false: too many wait
    /// Lets the actor reckon again, not before `delay`; the callback is called once, in whatever thread.
    std::function<void(const ActorId&, Duration delay, std::function<void(const Result<Answer>&)>)> refresh;
    std::function<bool()> stopping;
  };
  Refresher(TenantId tenant, Ways ways) : tenant_{std::move(tenant)}, ways_{std::move(ways)} {}

  /// Writes down that the actors which `value` reaches are to be reckoned again, in each of `workflows`. begin() lets it happen: call it
  /// when the change is written, or drop() when it could not be. Returns the number to name it by.
  [[nodiscard]] Result<std::uint64_t> write_down(Views& views, const storage::SettingValue& value, const std::vector<std::string>& workflows);
  void begin(std::uint64_t change);
  [[nodiscard]] Result<void> drop(Views& views, std::uint64_t change);
  /// At start: takes up what was left. Errors: internal, when what is written down cannot be read.
  [[nodiscard]] Result<void> resume(Views& views);

 private:
  struct Job {
    storage::SettingValue reach;  ///< workflow, level, owner
    ActorId after;                ///< who was reckoned last
    std::uint64_t change = 0;
    bool ready = false;
  };
  struct Page;

  [[nodiscard]] Result<void> keep(Views& views);  ///< the caller holds the mutex
  void go_on();
  void next_page(Views& views);
  void refresh(const std::shared_ptr<Page>& page, const ActorId& actor, Duration delay);
  void page_done(const Page& page);

  TenantId tenant_;
  Ways ways_;
  std::mutex mutex_;
  std::vector<Job> jobs_;
  std::uint64_t last_change_ = 0;
  bool active_ = false;
};

}  // namespace stellwerk::actors
