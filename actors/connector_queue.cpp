#include "actors/connector_queue.hpp"

#include <algorithm>

#include "actors/round_robin.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr std::size_t least_share = 2;  ///< of the window, for a lane among many

monitoring::Gauge& parked_attempts() {
  static auto& gauge = monitoring::gauge("stellwerk_attempts_parked");
  return gauge;
}

Job::Mode mode_of(const std::string& mode) { return mode == "poll" ? Job::Mode::poll : mode == "observe" ? Job::Mode::observe : Job::Mode::execute; }

/// What has begun here knows more than its row.
bool may_be_parked(const Job& job) { return job.work && !job.exchange; }

}  // namespace

const std::string& Job::handle() const {
  static const std::string none;
  return exchange ? exchange->handle : work ? work->attempt.handle : none;
}

Queue::~Queue() { parked_attempts().add(-static_cast<double>(parked_)); }

Job* Queue::find(std::string_view id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

Job& Queue::add(const Shared<Work>& work) {
  const auto& attempt = work->attempt;
  auto owned = std::make_unique<Job>();
  auto& job = *owned;
  job.id = attempt.id;
  job.actor = attempt.actor;
  job.number = attempt.number;
  job.mode = mode_of(attempt.mode);
  job.attempt_timeout = work->attempt_timeout;
  job.counted = work->counted;
  job.work = work;
  auto& lanes = tenants_[attempt.tenant].lanes;
  const auto [lane, added] = lanes.try_emplace({attempt.operation, job.mode == Job::Mode::observe});
  if (added) {
    lane->second.tenant = attempt.tenant;
    lane->second.operation = attempt.operation;
    ++lanes_;
  }
  job.lane = &lane->second;
  ++job.lane->jobs;
  jobs_.emplace(job.id.str(), std::move(owned));
  return job;
}

void Queue::wait(Job& job, Time due, Time now) {
  job.due = due;
  job.order = ++last_order_;
  ++waiting_;
  if (due > now) put_later(job);
  else put_ready(job);
}

void Queue::put_later(Job& job) {
  job.stands = Job::Stands::later;
  if (later_whole_ >= window_ && may_be_parked(job)) park(job);
  if (job.work) ++later_whole_;
  later_.emplace(std::pair{job.due, job.order}, &job);
}

/// Nobody passes those who are parked already.
void Queue::put_ready(Job& job) {
  job.stands = Job::Stands::ready;
  auto& lane = lane_of(job);
  if ((lane.whole.size() >= share_of(lane) || !lane.parked.empty()) && may_be_parked(job)) park(job);
  (job.work ? lane.whole : lane.parked).emplace(std::pair{job.due, job.order}, &job);
}

void Queue::take_out(Job& job) {
  const std::pair key{job.due, job.order};
  if (job.stands == Job::Stands::out) return;
  if (job.stands == Job::Stands::later) {
    later_.erase(key);
    if (job.work) --later_whole_;
  } else {
    auto& lane = lane_of(job);
    (job.work ? lane.whole : lane.parked).erase(key);
  }
  job.stands = Job::Stands::out;
  --waiting_;
}

std::unique_ptr<Job> Queue::remove(Job& job) {
  take_out(job);
  if (!job.work) --parked_, parked_attempts().add(-1);
  auto& lane = *std::exchange(job.lane, nullptr);
  if (--lane.jobs == 0) {
    const auto tenant = tenants_.find(lane.tenant);
    std::erase_if(tenant->second.lanes, [&](const auto& entry) { return &entry.second == &lane; });
    if (tenant->second.lanes.empty()) tenants_.erase(tenant);
    --lanes_;
  }
  const auto found = jobs_.find(job.id.str());
  auto owned = std::move(found->second);
  jobs_.erase(found);
  return owned;
}

std::vector<Job*> Queue::waiting() const {
  std::vector<Job*> all;
  const auto add_line = [&](const Lane::Line& line) {
    for (const auto& [key, job] : line) all.push_back(job);
  };
  const auto add_lane = [&](const Lane& lane) { add_line(lane.whole), add_line(lane.parked); };
  add_lane(polls_);
  for (const auto& [tenant, of_tenant] : tenants_)
    for (const auto& [key, lane] : of_tenant.lanes) add_lane(lane);
  add_line(later_);
  return all;
}

void Queue::ripen(Time now) {
  while (!later_.empty() && later_.begin()->first.first <= now) {
    auto& job = *later_.begin()->second;
    if (job.work) --later_whole_;
    later_.erase(later_.begin());
    put_ready(job);
  }
}

Job* Queue::next(const std::function<Turn(Job&)>& look) {
  Job* found = nullptr;
  round_robin(tenants_, last_tenant_, [&](auto& tenant) {
    return round_robin(tenant.second.lanes, tenant.second.last, [&](auto& entry) {
      if (entry.second.awaits_place) return false;
      for (const auto& [key, job] : entry.second.whole) {
        const auto turn = look(*job);
        if (turn == Turn::lane_waits) return false;
        if (turn == Turn::waits) continue;
        found = job;
        return true;
      }
      return false;
    });
  });
  return found;
}

void Queue::open_lanes(const TenantId& tenant, const std::string& operation) {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return;
  for (const bool looks : {false, true})
    if (const auto lane = found->second.lanes.find({operation, looks}); lane != found->second.lanes.end()) lane->second.awaits_place = false;
}

// --- parking

std::size_t Queue::share_of(const Lane& lane) const { return &lane == &polls_ ? window_ : std::max(least_share, window_ / std::max<std::size_t>(lanes_, 1)); }

void Queue::park(Job& job) {
  job.work = nullptr;
  job.wanted.clear();
  ++parked_, parked_attempts().add(1);
}

void Queue::collect(const Lane& lane, std::size_t most, std::vector<Job*>& found) const {
  const auto share = share_of(lane);
  if (lane.whole.size() > share / 2) return;
  auto room = share - lane.whole.size();
  for (auto it = lane.parked.begin(); it != lane.parked.end() && room > 0 && found.size() < most; ++it, --room) found.push_back(it->second);
}

std::vector<Job*> Queue::next_parked(std::size_t most) {
  std::vector<Job*> found;
  if (parked_ == 0) return found;
  collect(polls_, most, found);
  // Who filled the last of these is the last to be asked next time.
  (void)round_robin(tenants_, last_read_, [&](auto& tenant) {
    for (const auto& [key, lane] : tenant.second.lanes) collect(lane, most, found);
    return found.size() >= most;
  });
  return found;
}

void Queue::unpark(Job& job, const Shared<Work>& work) {
  auto& lane = lane_of(job);
  const std::pair key{job.due, job.order};
  lane.parked.erase(key);
  job.work = work;
  lane.whole.emplace(key, &job);
  --parked_, parked_attempts().add(-1);
}

}  // namespace stellwerk::actors
