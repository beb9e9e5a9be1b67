// stellwerk sandbox: provider simulators as processes of their own.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/signals.hpp"
#include "app/startup.hpp"
#include "sandbox/proxmox.hpp"

namespace stellwerk::app {
namespace {

struct SandboxOptions {
  std::string listen = "127.0.0.1:0";
  std::string state_file;
  std::string token = "sandbox";
};

int proxmox(const SandboxOptions& options) {
  sandbox::Proxmox sandbox{{.listen = options.listen, .state_file = options.state_file, .token = config::Secret{options.token}}};
  const auto port = sandbox.start();
  if (!port) return report(port.error());
  fmt::print("stellwerk: proxmox sandbox on port {}\n", *port);
  std::fflush(stdout);
  (void)wait_for_end();
  arm_watchdog();
  sandbox.stop();
  return 0;
}

}  // namespace

void add_sandbox(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("sandbox", "provider simulators");
  command->require_subcommand(1);
  auto* make = command->add_subcommand("proxmox", "a Proxmox VE API with state, tasks in virtual time and faults");
  auto options = std::make_shared<SandboxOptions>();
  make->add_option("--listen", options->listen, "address and port; port 0 takes any free one")->capture_default_str();
  make->add_option("--state", options->state_file, "file that keeps the state between starts");
  make->add_option("--token", options->token, "secret of the API token stellwerk@pve!orchestrator")->capture_default_str();
  make->callback([options, &exit_status] { exit_status = proxmox(*options); });
}

}  // namespace stellwerk::app
