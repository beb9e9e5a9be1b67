#include "sandbox/calls.hpp"

#include <array>

#include "api/http/uri.hpp"

namespace stellwerk::sandbox {
namespace {

using enum ParameterType;
using Format = ParameterFormat;

constexpr std::int64_t first_id = 100, last_id = 999'999'999;

constexpr Parameter text_parameter(std::string_view name, Format format = Format::none) { return {.name = name, .format = format}; }
constexpr Parameter flag(std::string_view name) { return {.name = name, .type = boolean}; }
constexpr Parameter count(std::string_view name, std::optional<std::int64_t> minimum = std::nullopt,
                          std::optional<std::int64_t> maximum = std::nullopt) {
  return {.name = name, .type = integer, .minimum = minimum, .maximum = maximum};
}
constexpr Parameter real(std::string_view name, std::optional<std::int64_t> minimum = std::nullopt,
                         std::optional<std::int64_t> maximum = std::nullopt) {
  return {.name = name, .type = number, .minimum = minimum, .maximum = maximum};
}
constexpr Parameter choice(std::string_view name, std::string_view choices) { return {.name = name, .choices = choices}; }
constexpr Parameter limited(std::string_view name, std::size_t max_length) { return {.name = name, .max_length = max_length}; }
constexpr Parameter family(std::string_view name, int last_index, Format format = Format::none) {
  return {.name = name, .format = format, .last_index = last_index};
}

constexpr std::array next_id_parameters{count("vmid", first_id, last_id)};
constexpr std::array resources_parameters{choice("type", "vm storage node sdn")};
constexpr std::array guests_parameters{flag("full")};
constexpr std::array read_config_parameters{flag("current"), limited("snapshot", 40)};
constexpr std::array clone_parameters{Parameter{.name = "newid", .type = integer, .required = true, .minimum = first_id, .maximum = last_id},
                                      count("bwlimit", 0),
                                      text_parameter("description"),
                                      choice("format", "raw qcow2 vmdk"),
                                      flag("full"),
                                      text_parameter("name", Format::dns_name),
                                      text_parameter("pool"),
                                      limited("snapname", 40),
                                      text_parameter("storage"),
                                      text_parameter("target", Format::node)};
constexpr std::array start_parameters{text_parameter("force-cpu"),
                                      text_parameter("machine"),
                                      text_parameter("migratedfrom", Format::node),
                                      text_parameter("migration_network"),
                                      choice("migration_type", "secure insecure"),
                                      text_parameter("nets-host-mtu"),
                                      flag("skiplock"),
                                      limited("stateuri", 128),
                                      text_parameter("targetstorage"),
                                      count("timeout", 0),
                                      flag("with-conntrack-state")};
constexpr std::array stop_parameters{flag("keepActive"), text_parameter("migratedfrom", Format::node), flag("overrule-shutdown"), flag("skiplock"),
                                     count("timeout", 0)};
constexpr std::array shutdown_parameters{flag("forceStop"), flag("keepActive"), flag("skiplock"), count("timeout", 0)};
constexpr std::array reboot_parameters{count("timeout", 0)};
constexpr std::array resize_parameters{Parameter{.name = "disk", .required = true},
                                       Parameter{.name = "size", .required = true, .format = Format::size}, limited("digest", 40), flag("skiplock")};
constexpr std::array delete_parameters{flag("destroy-unreferenced-disks"), flag("purge"), flag("skiplock")};
constexpr std::array tasks_parameters{flag("errors"),
                                      count("limit", 0),
                                      count("since"),
                                      choice("source", "archive active all"),
                                      count("start", 0),
                                      text_parameter("statusfilter"),
                                      text_parameter("typefilter"),
                                      count("until"),
                                      text_parameter("userfilter"),
                                      count("vmid", first_id, last_id)};
constexpr std::array task_log_parameters{flag("download"), count("limit", 0), count("start", 0)};

constexpr std::array config_table{
    flag("acpi"), text_parameter("affinity"), text_parameter("agent"), flag("allow-ksm"), text_parameter("amd-sev"), choice("arch", "x86_64 aarch64"),
    text_parameter("args"), text_parameter("audio0"), flag("autostart"), count("balloon", 0), choice("bios", "seabios ovmf"), text_parameter("boot"),
    text_parameter("bootdisk"), text_parameter("cdrom"), text_parameter("cicustom"), text_parameter("cipassword"),
    choice("citype", "configdrive2 nocloud opennebula"), flag("ciupgrade"), text_parameter("ciuser"), count("cores", 1), text_parameter("cpu"),
    real("cpulimit", 0, 128), count("cpuunits", 1, 262'144), text_parameter("delete"), limited("description", 8192), limited("digest", 40),
    text_parameter("efidisk0"), flag("force"), flag("freeze"), text_parameter("hookscript"), family("hostpci[n]", 15), text_parameter("hotplug"),
    choice("hugepages", "any 2 1024"), family("ide[n]", 3), text_parameter("intel-tdx"), family("ipconfig[n]", 31, Format::ip_config),
    text_parameter("ivshmem"), flag("keephugepages"),
    choice("keyboard", "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr"), flag("kvm"),
    flag("localtime"), choice("lock", "backup clone create migrate rollback snapshot snapshot-delete suspending suspended"),
    text_parameter("machine"), text_parameter("memory", Format::memory), real("migrate_downtime", 0), count("migrate_speed", 0),
    text_parameter("name", Format::dns_name), text_parameter("nameserver"), family("net[n]", 31, Format::net), flag("numa"), family("numa[n]", 7),
    flag("onboot"), choice("ostype", "other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris"), family("parallel[n]", 2),
    flag("protection"), flag("reboot"), text_parameter("revert"), text_parameter("rng0"), family("sata[n]", 5), family("scsi[n]", 30),
    choice("scsihw", "lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi"), text_parameter("searchdomain"), family("serial[n]", 3),
    count("shares", 0, 50'000), flag("skiplock"), limited("smbios1", 512), count("smp", 1), count("sockets", 1), text_parameter("spice_enhancements"),
    text_parameter("sshkeys", Format::url_encoded), text_parameter("startdate"), text_parameter("startup"), flag("tablet"),
    text_parameter("tags", Format::tags), flag("tdf"), flag("template"), text_parameter("tpmstate0"), family("unused[n]", 255), family("usb[n]", 13),
    count("vcpus", 1), text_parameter("vga"), family("virtio[n]", 15), family("virtiofs[n]", 9), text_parameter("vmgenid"),
    text_parameter("vmstatestorage"), text_parameter("watchdog"),
    // the last two belong to POST only
    count("background_delay", 1, 30), text_parameter("import-working-storage")};

using enum Operation;
using enum http::Method;

constexpr std::array all_calls{
    Call{version, "version", get, "/version", {}},
    Call{next_id, "next_id", get, "/cluster/nextid", next_id_parameters},
    Call{resources, "resources", get, "/cluster/resources", resources_parameters},
    Call{nodes, "nodes", get, "/nodes", {}},
    Call{guests, "guests", get, "/nodes/{node}/qemu", guests_parameters},
    Call{read_config, "read_config", get, "/nodes/{node}/qemu/{vmid}/config", read_config_parameters},
    Call{config, "config", post, "/nodes/{node}/qemu/{vmid}/config", config_table, true},
    Call{config, "config", put, "/nodes/{node}/qemu/{vmid}/config", std::span{config_table}.first(config_table.size() - 2)},
    Call{clone, "clone", post, "/nodes/{node}/qemu/{vmid}/clone", clone_parameters, true},
    Call{start, "start", post, "/nodes/{node}/qemu/{vmid}/status/start", start_parameters, true},
    Call{stop, "stop", post, "/nodes/{node}/qemu/{vmid}/status/stop", stop_parameters, true},
    Call{shutdown, "shutdown", post, "/nodes/{node}/qemu/{vmid}/status/shutdown", shutdown_parameters, true},
    Call{reboot, "reboot", post, "/nodes/{node}/qemu/{vmid}/status/reboot", reboot_parameters, true},
    Call{read_status, "read_status", get, "/nodes/{node}/qemu/{vmid}/status/current", {}},
    Call{resize, "resize", put, "/nodes/{node}/qemu/{vmid}/resize", resize_parameters, true},
    Call{destroy, "delete", delete_, "/nodes/{node}/qemu/{vmid}", delete_parameters, true},
    Call{tasks, "tasks", get, "/nodes/{node}/tasks", tasks_parameters},
    Call{task_status, "task_status", get, "/nodes/{node}/tasks/{upid}/status", {}},
    Call{task_log, "task_log", get, "/nodes/{node}/tasks/{upid}/log", task_log_parameters},
    Call{task_abort, "task_abort", delete_, "/nodes/{node}/tasks/{upid}", {}},
};

}  // namespace

std::span<const Call> calls() { return all_calls; }
std::span<const Parameter> config_parameters() { return config_table; }

std::optional<FoundCall> find_call(http::Method method, std::span<const std::string> segments) {
  for (const auto& call : all_calls) {
    if (call.method != method) continue;
    const auto pattern = http::split_path(call.path);
    if (pattern.size() != segments.size()) continue;
    FoundCall found{.call = &call};
    bool fits = true;
    for (std::size_t i = 0; fits && i < pattern.size(); ++i) {
      if (pattern[i].starts_with('{')) found.path[std::string{pattern[i].substr(1, pattern[i].size() - 2)}] = segments[i];
      else fits = pattern[i] == segments[i];
    }
    if (fits) return found;
  }
  return std::nullopt;
}

}  // namespace stellwerk::sandbox
