#include "sandbox/guest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "config/secret.hpp"
#include "sandbox/calls.hpp"

namespace stellwerk::sandbox {
namespace {

/// Settings that a running guest takes only at its next start (no hot-plug of processors and memory by default).
bool waits_for_start(std::string_view name) {
  static constexpr std::array names{"cores", "sockets", "memory", "balloon", "vcpus", "cpu", "numa", "bios", "machine", "scsihw", "arch"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::int64_t number_of(const std::string& text, std::int64_t fallback) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc{} && end == text.data() + text.size() ? value : fallback;
}

Json render_value(const std::string& name, const std::string& value) {
  if (name == "cipassword") return "**********";
  const auto* parameter = find_parameter(config_parameters(), name);
  const bool is_number = parameter != nullptr && (parameter->type == ParameterType::integer || parameter->type == ParameterType::boolean);
  return is_number ? Json(number_of(value, 0)) : Json(value);
}

std::int64_t processors(const Guest& guest) { return number_of(guest.setting("cores"), 1) * number_of(guest.setting("sockets"), 1); }
std::int64_t memory_bytes(const Guest& guest) { return number_of(guest.setting("memory"), 512) * 1024 * 1024; }

std::int64_t disk_bytes(const Guest& guest) {
  for (const auto& [name, value] : guest.config) {
    if (!is_disk(name, value)) continue;
    const auto at = value.find("size=");
    if (at == std::string::npos) continue;
    return parse_size(value.substr(at + 5, value.find(',', at) - at - 5)).value_or(0);
  }
  return 0;
}

JsonObject render_usage(const Guest& guest, Time now) {
  const auto uptime = guest.running ? std::chrono::duration_cast<std::chrono::seconds>(now - guest.started_at).count() : 0;
  JsonObject usage{{"vmid", guest.vmid},
                   {"name", guest.setting("name", fmt::format("VM{}", guest.vmid))},
                   {"status", guest.running ? "running" : "stopped"},
                   {"maxmem", memory_bytes(guest)},
                   {"maxdisk", disk_bytes(guest)},
                   {"uptime", uptime}};
  usage["cpu"] = guest.running ? 0.01 : 0.0;
  usage["mem"] = guest.running ? memory_bytes(guest) / 2 : 0;
  usage["disk"] = 0;
  usage["diskread"] = uptime * 1000;
  usage["diskwrite"] = uptime * 2000;
  usage["netin"] = uptime * 300;  // counters begin at nought with each start
  usage["netout"] = uptime * 500;
  if (!guest.lock.empty()) usage["lock"] = guest.lock;
  if (guest.is_template()) usage["template"] = 1;
  if (const auto tags = guest.setting("tags"); !tags.empty()) usage["tags"] = tags;
  return usage;
}

}  // namespace

std::string Guest::setting(std::string_view name, std::string_view fallback) const {
  const auto found = config.find(name);
  return found == config.end() ? std::string{fallback} : found->second;
}

void Guest::apply(const std::map<std::string, std::optional<std::string>, std::less<>>& changes) {
  for (const auto& [name, value] : changes) {
    if (running && waits_for_start(name)) {
      pending[name] = value;
      const auto found = config.find(name);
      if (value.has_value() ? found != config.end() && found->second == *value : found == config.end()) pending.erase(name);
    } else if (value) {
      config[name] = *value;
    } else {
      config.erase(name);
    }
  }
}

Values Guest::wanted_config() const {
  auto wanted = config;
  for (const auto& [name, value] : pending) {
    if (value) wanted[name] = *value;
    else wanted.erase(name);
  }
  return wanted;
}

void Guest::adopt_pending() {
  config = wanted_config();
  pending.clear();
}

std::string Guest::digest() const {
  std::string text;
  for (const auto& [name, value] : wanted_config()) text += fmt::format("{}:{}:{}\n", name, value.size(), value);
  return config::sha256_hex(text + lock).substr(0, 40);
}

JsonObject render_config(const Guest& guest, bool current) {
  JsonObject data;
  for (const auto& [name, value] : current ? guest.config : guest.wanted_config()) {
    if (name != "pool") data[name] = render_value(name, value);  // Proxmox VE keeps the pool elsewhere
  }
  if (!guest.lock.empty()) data["lock"] = guest.lock;
  data["digest"] = guest.digest();
  return data;
}

JsonObject render_status(const Guest& guest, Time now) {
  auto data = render_usage(guest, now);
  data["qmpstatus"] = guest.running ? "running" : "stopped";
  data["cpus"] = processors(guest);
  data["ha"] = JsonObject{{"managed", 0}};
  if (guest.running) data["pid"] = 100'000 + guest.vmid;
  return data;
}

JsonObject render_resource(const Guest& guest, Time now) {
  auto data = render_usage(guest, now);
  data["id"] = fmt::format("qemu/{}", guest.vmid);
  data["type"] = "qemu";
  data["node"] = guest.node;
  data["maxcpu"] = processors(guest);
  data["template"] = guest.is_template() ? 1 : 0;
  if (const auto pool = guest.setting("pool"); !pool.empty()) data["pool"] = pool;
  return data;
}

JsonObject to_record(const Guest& guest) {
  JsonObject config, pending;
  for (const auto& [name, value] : guest.config) config[name] = value;
  for (const auto& [name, value] : guest.pending) pending[name] = value ? Json(*value) : Json(nullptr);
  return {{"vmid", guest.vmid},          {"node", guest.node},           {"running", guest.running},
          {"lock", guest.lock},          {"foreign", guest.foreign},     {"started_at", to_micros(guest.started_at)},
          {"config", std::move(config)}, {"pending", std::move(pending)}};
}

Guest guest_of(const Json& record) {
  Guest guest{.vmid = static_cast<int>(int_of(record, "vmid")),
              .node = text_of(record, "node"),
              .running = bool_of(record, "running"),
              .lock = text_of(record, "lock"),
              .foreign = bool_of(record, "foreign"),
              .started_at = from_micros(int_of(record, "started_at"))};
  if (const auto* config = find_member(record, "config"); config != nullptr && config->is_object()) {
    for (const auto& [name, value] : config->get_object()) guest.config[std::string{name}] = text_of(*config, name);
  }
  if (const auto* pending = find_member(record, "pending"); pending != nullptr && pending->is_object()) {
    for (const auto& [name, value] : pending->get_object())
      guest.pending[std::string{name}] = value.is_null() ? std::nullopt : std::optional{text_of(*pending, name)};
  }
  return guest;
}

bool is_disk(std::string_view name, std::string_view value) {
  for (const auto stem : {"scsi", "virtio", "sata", "ide"}) {
    const std::string_view view{stem};
    if (name.starts_with(view) && name.size() > view.size() && name[view.size()] >= '0' && name[view.size()] <= '9')
      return value.find("media=cdrom") == std::string_view::npos;
  }
  return false;
}

}  // namespace stellwerk::sandbox
