#include "sandbox/changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/secret.hpp"
#include "sandbox/calls.hpp"
#include "sandbox/split.hpp"

namespace stellwerk::sandbox {
namespace {

/// Parameters of the call that are no settings.
bool is_directive(std::string_view name) {
  static constexpr std::array names{"delete", "digest", "force", "revert", "skiplock", "background_delay", "import-working-storage"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Settings that root alone may change, with a password and not with a token.
bool is_for_root(std::string_view name) { return name == "args" || name == "lock" || name == "hookscript"; }

std::vector<std::string> read_names(const Values& values, std::string_view parameter) {
  std::vector<std::string> names;
  const auto found = values.find(parameter);
  if (found == values.end()) return names;
  for (const auto name : split(found->second, ",; ")) {
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

/// "virtio,bridge=vmbr0" → "virtio=BC:24:11:00:00:07,bridge=vmbr0": a card without an address is given one, the old one if it has one.
std::string with_mac(Cluster& cluster, const std::string& net, const std::string& old) {
  const auto comma = net.find(',');
  const auto model = net.substr(0, comma);
  if (model.find('=') != std::string::npos) return net;
  const auto old_address = old.substr(0, old.find(',')).find('=');
  const auto mac = old_address == std::string::npos ? cluster.make_mac() : old.substr(old_address + 1, old.find(',') - old_address - 1);
  return fmt::format("{}={}{}", model, mac, comma == std::string::npos ? "" : net.substr(comma));
}

bool is_net(std::string_view name) { return name.starts_with("net") && name.size() > 3 && name[3] >= '0' && name[3] <= '9'; }

}  // namespace

tl::expected<Changes, http::Response> read_changes(Cluster& cluster, const Guest& guest, const Values& values) {
  const auto refuse = [](http::Response answer) { return tl::unexpected<http::Response>(std::move(answer)); };
  Changes changes;
  for (const auto& name : read_names(values, "revert")) {
    const auto found = guest.config.find(name);
    changes[name] = found == guest.config.end() ? std::nullopt : std::optional{found->second};
  }
  for (const auto& name : read_names(values, "delete")) {
    if (is_directive(name) || find_parameter(config_parameters(), name) == nullptr)
      return refuse(refusal_answer({{"delete", fmt::format("unknown option '{}'", name)}}));
    if (values.contains(name)) return refuse(refusal_answer({{name, "duplicate delete and set operation"}}));
    changes[name] = std::nullopt;
  }
  for (const auto& [name, value] : values) {
    if (is_directive(name)) continue;
    if (is_net(name)) changes[name] = with_mac(cluster, value, guest.setting(name));
    // the password itself is of no use here, but a new one has to change the digest
    else if (name == "cipassword") changes[name] = config::sha256_hex(value);
    else changes[name] = value;
  }
  for (const auto& [name, value] : changes) {
    if (is_for_root(name)) return refuse(error_answer(500, fmt::format("only root can set '{}' config", name)));
  }
  if (changes.empty()) return refuse(error_answer(500, "no options specified"));
  return changes;
}

Guest copy_guest(Cluster& cluster, const Guest& source, const CopyOptions& options) {
  Guest guest{.vmid = options.vmid, .node = options.node, .lock = "clone"};
  for (const auto& [name, value] : source.wanted_config()) {
    if (name == "template" || name == "description" || name == "protection") continue;
    guest.config[name] = value;
    if (is_net(name))
      guest.config[name] = fmt::format("{}={}{}", value.substr(0, value.find('=')), cluster.make_mac(),
                                       value.find(',') == std::string::npos ? "" : value.substr(value.find(',')));
    if (is_disk(name, value)) {
      const auto storage = options.storage.empty() ? value.substr(0, value.find(':')) : options.storage;
      const auto rest = value.find(',');
      guest.config[name] = fmt::format("{}:vm-{}-disk-0{}", storage, options.vmid, rest == std::string::npos ? "" : value.substr(rest));
    } else if (name == "ide2" && value.find("cloudinit") != std::string::npos) {
      guest.config[name] = fmt::format("{}:vm-{}-cloudinit,media=cdrom", value.substr(0, value.find(':')), options.vmid);
    }
  }
  guest.config["name"] = options.name.empty() ? "Copy-of-VM-" + source.setting("name") : options.name;
  if (!options.description.empty()) guest.config["description"] = options.description;
  if (!options.pool.empty()) guest.config["pool"] = options.pool;
  guest.config["smbios1"] = "uuid=" + cluster.make_uuid();
  guest.config["vmgenid"] = cluster.make_uuid();
  guest.config["meta"] = fmt::format("creation-qemu=10.1.0,ctime={}", to_micros(cluster.now()) / 1'000'000);
  return guest;
}

}  // namespace stellwerk::sandbox
