#include "actors/refresher.hpp"

#include <algorithm>

#include "monitoring/log.hpp"
#include "storage/setting_level.hpp"

namespace stellwerk::actors {
namespace {

constexpr const char* written_down = "settings_refresh";
constexpr int page_size = 100;
constexpr auto again_after = std::chrono::seconds{1};

}  // namespace

/// Actors that are being reckoned again, and how many of them have not answered.
struct Refresher::Page {
  storage::SettingValue reach;
  std::vector<ActorId> actors;
  std::atomic<std::size_t> left{0};
};

Result<void> Refresher::keep(Views& views) {
  JsonArray jobs;
  for (const auto& job : jobs_)
    jobs.push_back(JsonObject{{"workflow", job.reach.workflow}, {"level", storage::to_string(job.reach.level)}, {"owner", job.reach.owner}, {"after", job.after.str()}});
  return views.put_value(written_down, dump_json(jobs));
}

Result<std::uint64_t> Refresher::write_down(Views& views, const storage::SettingValue& value, const std::vector<std::string>& workflows) {
  const std::lock_guard lock{mutex_};
  const auto change = ++last_change_;
  for (const auto& workflow : workflows) jobs_.push_back({.reach = {.level = value.level, .owner = value.owner, .workflow = workflow}, .after = {}, .change = change});
  if (auto kept = keep(views); !kept) {
    std::erase_if(jobs_, [&](const Job& job) { return job.change == change; });
    return fail(std::move(kept).error());
  }
  return change;
}

void Refresher::begin(std::uint64_t change) {
  {
    const std::lock_guard lock{mutex_};
    for (auto& job : jobs_)
      if (job.change == change) job.ready = true;
  }
  go_on();
}

Result<void> Refresher::drop(Views& views, std::uint64_t change) {
  const std::lock_guard lock{mutex_};
  std::erase_if(jobs_, [&](const Job& job) { return job.change == change; });
  return keep(views);
}

Result<void> Refresher::resume(Views& views) {
  STELLWERK_TRY(const auto text, views.get_value(written_down));
  if (!text) return {};
  auto left = parse_json(*text, std::size_t{64} << 20);
  if (!left || !left->is_array()) return fail(ErrorCode::internal, "what is left to do after a change of settings cannot be read");
  {
    const std::lock_guard lock{mutex_};
    for (const auto& job : left->get_array()) {
      const auto level = storage::parse_level(text_of(job, "level"));
      if (!level) return fail(ErrorCode::internal, "what is left to do after a change of settings names an unknown level");
      jobs_.push_back({.reach = {.level = *level, .owner = text_of(job, "owner"), .workflow = text_of(job, "workflow")}, .after = ActorId{text_of(job, "after")}, .change = 0, .ready = true});
    }
  }
  go_on();
  return {};
}

void Refresher::go_on() {
  {
    const std::lock_guard lock{mutex_};
    if (active_ || ways_.stopping() || std::none_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.ready; })) return;
    active_ = true;
  }
  if (ways_.ask([this](Views& views) { next_page(views); })) return;
  // The readers are overloaded or at their end. The next change, or the next start, takes it up.
  monitoring::log(monitoring::Level::warning, "actors cannot be reckoned again after a change of settings now; it is done with the next change or start", {});
  const std::lock_guard lock{mutex_};
  active_ = false;
}

void Refresher::next_page(Views& views) {
  auto page = std::make_shared<Page>();
  {
    const std::lock_guard lock{mutex_};
    const auto give_up = [&](const Error& error) {
      monitoring::log_error("actors could not be reckoned again after a change of settings; it is done with the next change or start", error);
      active_ = false;
    };
    for (;;) {
      const auto job = std::find_if(jobs_.begin(), jobs_.end(), [](const Job& j) { return j.ready; });
      if (job == jobs_.end()) {
        active_ = false;
        if (auto kept = keep(views); !kept) give_up(kept.error());
        return;
      }
      auto actors = views.actors_reached(tenant_, job->reach, job->after, page_size);
      if (!actors) return give_up(actors.error());
      if (actors->empty()) {
        jobs_.erase(job);
        continue;
      }
      if (auto kept = keep(views); !kept) return give_up(kept.error());
      page->reach = job->reach;
      page->actors = std::move(*actors);
      break;
    }
  }
  page->left = page->actors.size();
  for (const auto& actor : page->actors) refresh(page, actor, Duration{0});
}

void Refresher::refresh(const std::shared_ptr<Page>& page, const ActorId& actor, Duration delay) {
  ways_.refresh(actor, delay, [this, page, actor](const Result<Answer>& answer) {
    if (!answer) {
      if (ways_.stopping()) return;  // the page is not done: it is written down from where it begins
      if (is_transient(answer.error().code)) return refresh(page, actor, again_after);
      // A quarantined actor, say: it is reckoned again by its next decision.
      monitoring::log_error("an actor is not reckoned again after a change of settings", answer.error(), {{"actor", actor.str()}});
    }
    if (page->left.fetch_sub(1) == 1) page_done(*page);
  });
}

void Refresher::page_done(const Page& page) {
  {
    const std::lock_guard lock{mutex_};
    const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& j) {
      return j.ready && j.reach.workflow == page.reach.workflow && j.reach.level == page.reach.level && j.reach.owner == page.reach.owner && j.after < page.actors.back();
    });
    if (job != jobs_.end()) job->after = page.actors.back();
    active_ = false;
  }
  go_on();
}

}  // namespace stellwerk::actors
