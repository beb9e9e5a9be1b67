#pragma once
// Signatures of the operations and actions that the shipped workflows use, made by hand: tests of workflows need no connector.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "workflows/catalog.hpp"

namespace stellwerk::testing {

inline workflows::Field field(std::string name, workflows::TypeSpec::Base base, bool required = false) {
  return {.name = std::move(name), .type = {.base = base}, .required = required};
}

inline workflows::Catalog shipped_catalog() {
  using workflows::Effect;
  using enum workflows::TypeSpec::Base;
  workflows::Catalog catalog;
  const auto vmid = field("vmid", integer, true);
  const auto operation = [&](std::string name, Effect effect, std::vector<workflows::Field> input, std::vector<std::string> subs = {}, std::string undo = {}) {
    catalog.operations[name] = {.name = name, .effect = effect, .input = std::move(input), .output = {}, .subs = std::move(subs), .undo = std::move(undo)};
  };
  operation("proxmox.create_vm", Effect::creates,
            {vmid, field("image", string), field("hostname", string), field("cores", integer), field("memory_mb", integer), field("disk_gb", integer), field("ip", string)},
            {"clone", "configure", "disk"}, "proxmox.destroy_vm");
  operation("proxmox.configure_vm", Effect::sets, {vmid, field("cores", integer), field("memory_mb", integer), field("ip", string), field("password", secret)});
  operation("proxmox.start_vm", Effect::sets, {vmid});
  operation("proxmox.stop_vm", Effect::sets, {vmid});
  operation("proxmox.reboot_vm", Effect::sets, {vmid});
  operation("proxmox.suspend_vm", Effect::sets, {vmid}, {"hold", "stop"});
  operation("proxmox.unsuspend_vm", Effect::sets, {vmid}, {"release", "start"});
  operation("proxmox.destroy_vm", Effect::destroys, {vmid}, {"stop", "delete"});
  operation("noop.step", Effect::sets, {});

  const auto action = [&](std::string name, std::vector<workflows::Field> input, std::vector<workflows::Field> output, std::string undo = {}) {
    catalog.actions[name] = {.name = name, .input = std::move(input), .output = std::move(output), .undo = std::move(undo)};
  };
  action("pool.place", {field("pool", string, true)}, {field("server", ref, true)}, "pool.release");
  action("pool.release", {}, {});
  workflows::Field blocked{.name = "blocked", .type = {.base = list, .of = std::make_shared<const workflows::TypeSpec>(workflows::TypeSpec{.base = integer})}};
  action("id.allocate", {field("range", string, true), blocked}, {field("id", integer, true)}, "id.release");
  action("id.release", {field("range", string, true), field("id", integer, true), field("quarantine", duration), field("block", boolean)}, {});
  action("ip.allocate", {field("pool", string, true)}, {field("address", string, true)}, "ip.release");
  action("ip.release", {field("address", string, true), field("quarantine", duration)}, {});
  return catalog;
}

}  // namespace stellwerk::testing
