// The cluster as records for the state file, and back.
#include <utility>

#include "sandbox/cluster.hpp"

namespace stellwerk::sandbox {

Json Cluster::world_record() const {
  JsonObject durations;
  for (const auto& [name, duration] : durations_) durations[name] = duration.count();
  return JsonObject{
      {"world", JsonObject{{"offset", offset_.count()}, {"tasks", tasks_made_}, {"names", names_made_}, {"durations", std::move(durations)}}}};
}

std::vector<Json> Cluster::take_changes() {
  std::vector<Json> records;
  for (const auto vmid : changed_guests_) {
    if (const auto* guest = find_guest(vmid)) records.emplace_back(JsonObject{{"guest", to_record(*guest)}});
    else records.emplace_back(JsonObject{{"guest_gone", vmid}});
  }
  for (const auto number : changed_tasks_) records.emplace_back(JsonObject{{"task", to_record(tasks_.at(number))}});
  if (world_changed_) records.push_back(world_record());
  changed_guests_.clear();
  changed_tasks_.clear();
  world_changed_ = false;
  return records;
}

std::vector<Json> Cluster::snapshot() const {
  std::vector<Json> records{world_record()};
  for (const auto& [vmid, guest] : guests_) records.emplace_back(JsonObject{{"guest", to_record(guest)}});
  for (const auto& [number, task] : tasks_) records.emplace_back(JsonObject{{"task", to_record(task)}});
  return records;
}

void Cluster::clear() {
  guests_.clear();
  tasks_.clear();
  live_.clear();
  changed_guests_.clear();
  changed_tasks_.clear();
}

bool Cluster::restore(const Json& record) {
  if (const auto* guest = find_member(record, "guest")) {
    auto restored = guest_of(*guest);
    if (restored.vmid <= 0) return false;
    guests_.insert_or_assign(restored.vmid, std::move(restored));
    return true;
  }
  if (const auto gone = int_of(record, "guest_gone"); gone != 0) return guests_.erase(static_cast<int>(gone)), true;
  if (const auto* entry = find_member(record, "task")) {
    auto task = task_of(*entry);
    if (!task) return false;
    if (task->phase == Task::Phase::stopped) live_.erase(task->number);
    else live_.insert(task->number);
    const auto number = task->number;
    tasks_.insert_or_assign(number, std::move(*task));
    return true;
  }
  const auto* world = find_member(record, "world");
  if (world == nullptr) return false;
  offset_ = Duration{int_of(*world, "offset")};
  tasks_made_ = static_cast<std::uint64_t>(int_of(*world, "tasks"));
  names_made_ = static_cast<std::uint64_t>(int_of(*world, "names"));
  if (const auto* durations = find_member(*world, "durations"); durations != nullptr && durations->is_object()) {
    for (const auto& [name, value] : durations->get_object()) durations_.insert_or_assign(std::string{name}, Duration{int_of(*durations, name)});
  }
  return true;
}

}  // namespace stellwerk::sandbox
