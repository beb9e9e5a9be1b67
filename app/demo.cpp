// stellwerk demo: the server on an embedded database, and a Proxmox sandbox to drive. Kept between starts.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "actors/sealing.hpp"
#include "app/accounts.hpp"
#include "app/commands.hpp"
#include "app/node.hpp"
#include "app/signals.hpp"
#include "app/startup.hpp"
#include "sandbox/proxmox.hpp"

namespace stellwerk::app {
namespace {

struct DemoOptions {
  std::string data_dir = "./.stellwerk";
  std::string listen;
  bool fresh = false;
  bool until_ready = false;
};

/// First start: accounts, one server, one product, numbers and addresses. Later: the server's address only, which may have moved.
struct Seed {
  storage::SqlDatabase& database;
  const TenantId& tenant;
  const actors::Keys& keys;
  std::string sandbox_url;
  std::string token_id;
  config::Secret token;
  std::vector<NewAccount> made;

  Result<void> plant() {
    STELLWERK_TRY(auto store, database.open_store());
    STELLWERK_TRY(auto directory, database.open_directory());
    STELLWERK_TRY(const auto known, store->get_value("demo_server"));
    const ServerId server = known ? ServerId{*known} : make_id<ServerId>("srv");
    STELLWERK_CHECK(store->put_server({.id = server, .tenant = tenant, .name = "pve-demo", .connector = "proxmox", .pool = "kvm", .capacity = 50, .state = "active",
                                       .settings = JsonObject{{"base_url", sandbox_url}, {"token_id", token_id}, {"token", keys->seal(token.reveal(), actors::place::server(server, "token"))},
                                                              {"template_node", "pve1"}, {"images", {{"debian-13", 9000}}}},
                                       .created_at = wall_now()}));
    if (known) return {};
    STELLWERK_CHECK(store->put_id_range({tenant, "vmid", 10'000, 10'999}));
    std::vector<storage::AddressRow> addresses;
    for (int i = 10; i < 200; ++i) addresses.push_back({tenant, "kvm", fmt::format("192.0.2.{}", i)});
    STELLWERK_CHECK(store->put_addresses(addresses));
    STELLWERK_CHECK(directory->put_product({.id = make_id<ProductId>("prd"), .tenant = tenant, .name = "VPS M", .workflow = "proxmox-vm",
                                            .attributes = JsonObject{{"cores", 2}, {"memory_mb", 2048}, {"disk_gb", 20}, {"image", "debian-13"}, {"pool", "kvm"}}, .visible = true,
                                            .created_at = wall_now()}));
    for (NewAccount account : {NewAccount{"staff@example.com", "Staff", "staff", {}, {}}, NewAccount{"customer@example.com", "Customer", "customer", {}, {}}}) {
      account.password = config::random_token(9);
      STELLWERK_TRY(account.customer, add_account(*directory, tenant, account));
      made.push_back(std::move(account));
    }
    return store->put_value("demo_server", server.str());
  }
};

/// What seals the server's secret: the first start makes the tenant's key.
Result<actors::Keys> data_keys(const config::Settings& settings, storage::SqlDatabase& database, const TenantId& tenant) {
  STELLWERK_TRY(const auto master, master_key(settings));
  STELLWERK_TRY(auto store, database.open_store());
  return actors::open_keys(*store, tenant, master, wall_now());
}

/// The sandbox's token, the same at every start: its state file outlives the process.
Result<config::Secret> sandbox_token(const std::string& path) {
  if (std::ifstream in{path}) return config::Secret{std::string{std::istreambuf_iterator<char>{in}, {}}};
  config::Secret token{config::random_token()};
  std::ofstream out{path, std::ios::binary};
  std::error_code ec;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ec);
  out << token.reveal();
  if (!out.flush() || ec) return fail(ErrorCode::unavailable, fmt::format("cannot write {}", path));
  return token;
}

/// The demo takes the next free port when the usual one is taken.
Result<std::unique_ptr<Node>> start_on_a_free_port(config::Settings settings, bool any, const std::shared_ptr<storage::SqlDatabase>& database) {
  for (int port = 8080;; ++port) {
    if (any) settings.http.listen = fmt::format("127.0.0.1:{}", port);
    auto node = Node::start({.settings = settings, .noop_file = {}, .extra_library = {}}, database);
    if (node || !any || node.error().code != ErrorCode::unavailable || port == 8180) return node;
  }
}

int demo(const DemoOptions& options) {
  std::error_code ec;
  if (options.fresh && std::filesystem::exists(options.data_dir)) {
    // Only a folder that a demo made is taken away.
    if (!std::filesystem::exists(options.data_dir + "/sandbox.token") && !std::filesystem::is_empty(options.data_dir, ec))
      return report({ErrorCode::invalid_argument, fmt::format("{} holds no data of a demo; --fresh does not remove it", options.data_dir)});
    std::filesystem::remove_all(options.data_dir, ec);
  }
  if (ec) return report({ErrorCode::unavailable, fmt::format("cannot remove {}: {}", options.data_dir, ec.message())});
  auto read = read_settings({});
  if (!read) return 2;
  auto settings = std::move(*read);
  settings.data_dir = options.data_dir;
  settings.sandbox_enabled = true;
  if (!options.listen.empty()) settings.http.listen = options.listen;
  auto database = open_migrated(settings);
  if (!database) return report(database.error());
  const auto tenant = tenant_of(**database);
  if (!tenant) return report(tenant.error());
  const auto keys = data_keys(settings, **database, *tenant);
  if (!keys) return report(keys.error());
  auto token = sandbox_token(options.data_dir + "/sandbox.token");
  if (!token) return report(token.error());

  sandbox::ProxmoxOptions proxmox_options{.state_file = options.data_dir + "/sandbox.json", .token = *token};
  const auto token_id = proxmox_options.token_id;
  sandbox::Proxmox proxmox{std::move(proxmox_options)};
  const auto sandbox_port = proxmox.start();
  if (!sandbox_port) return report(sandbox_port.error());
  settings.sandbox_control = fmt::format("http://127.0.0.1:{}", *sandbox_port);

  Seed seed{**database, *tenant, *keys, settings.sandbox_control, token_id, *token, {}};
  if (auto planted = seed.plant(); !planted) return report(planted.error());
  // told at once: whatever ends this start, they are not shown again
  for (const auto& account : seed.made) fmt::print("  {:8} {:20} password {}\n", account.role, account.email, account.password);
  std::fflush(stdout);
  auto node = start_on_a_free_port(settings, options.listen.empty(), *database);
  if (!node) return report(node.error());

  fmt::print("Stellwerk is ready: http://127.0.0.1:{}\n", (*node)->port());
  fmt::print("  data in {}; Proxmox sandbox on http://127.0.0.1:{} (state: /_control/state)\n", options.data_dir, *sandbox_port);
  if (seed.made.empty()) fmt::print("  accounts were made at the first start; `--fresh` starts over with new passwords\n");
  fmt::print("  stop with Ctrl-C\n");
  std::fflush(stdout);
  if (!options.until_ready) (void)wait_for_end();
  arm_watchdog();
  (*node)->stop();
  proxmox.stop();
  return 0;
}

}  // namespace

void add_demo(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("demo", "run the server with an embedded database and a Proxmox sandbox, with demo accounts");
  auto options = std::make_shared<DemoOptions>();
  command->add_option("--data-dir", options->data_dir, "where everything is kept")->capture_default_str();
  command->add_option("--listen", options->listen, "address and port; without it 127.0.0.1 and the first free port from 8080");
  command->add_flag("--fresh", options->fresh, "forget what earlier starts left");
  command->add_flag("--until-ready", options->until_ready, "end as soon as everything is ready");
  command->callback([options, &exit_status] { exit_status = demo(*options); });
}

}  // namespace stellwerk::app
