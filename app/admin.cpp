// stellwerk admin: what has to work before anybody can log in.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "actors/erasing.hpp"
#include "app/accounts.hpp"
#include "app/commands.hpp"
#include "app/library.hpp"
#include "app/remote.hpp"
#include "app/secrets.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

int create(const std::string& config_file, NewAccount account) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  auto database = open_migrated(*settings);
  if (!database) return report(database.error());
  const auto tenant = tenant_of(**database);
  if (!tenant) return report(tenant.error());
  auto directory = (*database)->open_directory();
  if (!directory) return report(directory.error());
  account.password = config::random_token(12);
  const auto added = add_account(**directory, *tenant, account);
  if (!added) return report(added.error());
  fmt::print("account {} ({}) made; password, shown this once: {}\n", account.email, account.role, account.password);
  if (!added->empty()) fmt::print("customer {}\n", *added);
  return 0;
}

/// What POST /api/admin/customers/{id}/erase does, while no server runs.
int erase(const std::string& config_file, actors::EraseOffline what) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  const auto bench = KeyBench::open(*settings);
  if (!bench) {
    const int status = report(bench.error());
    if (bench.error().code == ErrorCode::conflict) fmt::print(stderr, "a running server does it itself: POST {}/api/admin/customers/{}/erase\n", own_url(*settings), what.customer);
    return status;
  }
  const auto work = [&, &it = **bench]() -> Result<int> {
    STELLWERK_TRY(const auto keys, it.keyring());
    STELLWERK_TRY(const auto files, library_files(*settings));
    STELLWERK_TRY(const auto library, actors::load_library(*it.store, it.tenant, files, wall_now()));
    what.tenant = it.tenant;
    what.by = "command line";
    return actors::erase_offline(*it.store, *it.records, *library.definitions, keys, what, wall_now());
  };
  const auto erased = work();
  if (!erased) return report(erased.error());
  fmt::print("customer {} is erased, with what was personal to them in {} actors\n", what.customer, *erased);
  return 0;
}

}  // namespace

void add_admin(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("admin", "accounts, and erasing a person");
  command->require_subcommand(1);
  auto* make = command->add_subcommand("create-account", "make an account with a generated password, while no server runs on an embedded database");
  auto account = std::make_shared<NewAccount>();
  auto config_file = std::make_shared<std::string>();
  account->role = "admin";
  make->add_option("--config", *config_file, "settings file");
  make->add_option("--email", account->email, "e-mail address, the login name")->required();
  make->add_option("--name", account->name, "name");
  make->add_option("--role", account->role, "admin, staff, reseller or customer")->check(CLI::IsMember({"admin", "staff", "reseller", "customer"}))->capture_default_str();
  make->callback([account, config_file, &exit_status] { exit_status = create(*config_file, *account); });
  auto* forget = command->add_subcommand("erase", "forget a person: blank what is personal and destroy its keys, while no server runs");
  auto what = std::make_shared<actors::EraseOffline>();
  auto erase_config = std::make_shared<std::string>();
  forget->add_option("--config", *erase_config, "settings file");
  forget->add_option("--customer", what->customer, "id of the customer, cus_…")->required();
  forget->add_option("--note", what->note, "why; kept in journals and audit")->required()->check(CLI::Validator{[](const std::string& note) { return note.empty() || note.size() > 2'000 ? std::string{"1 to 2000 bytes are expected"} : std::string{}; }, {}});
  forget->add_flag("--live", what->live, "also where an actor that is not final has personal fields");
  forget->callback([what, erase_config, &exit_status] { exit_status = app::erase(*erase_config, *what); });
}

}  // namespace stellwerk::app
