// stellwerk doctor: is anything silently stuck, and is the installation well? Asks the running server, or looks into the database itself.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "actors/doctor.hpp"
#include "app/commands.hpp"
#include "app/remote.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

struct DoctorOptions {
  RemoteOptions remote;
  bool ask_server = false;
  bool json = false;
};

double number_of(const Json& json, std::string_view name) {
  const auto* value = find_member(json, name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

const JsonArray& list_of(const Json& json, std::string_view name) {
  static const JsonArray none;
  const auto* list = find_member(json, name);
  return list != nullptr && list->is_array() ? list->get_array() : none;
}

/// The database of the settings as it stands: nothing is migrated, nothing published.
Result<Json> look_ourselves(const config::Settings& settings) {
  STELLWERK_CHECK(check_begun(settings));
  STELLWERK_TRY(const auto database, storage::open_database(database_url(settings)));
  STELLWERK_TRY(auto directory, database->open_directory());
  STELLWERK_TRY(auto store, database->open_store());
  STELLWERK_TRY(const auto tenant, store->get_value("tenant"));
  if (!tenant) return fail(ErrorCode::not_found, "there is no installation in this database yet");
  STELLWERK_TRY(const auto offset, store->get_value("clock_offset"));
  STELLWERK_TRY(const auto facts, directory->facts());
  const auto now = facts.now + Duration{offset && settings.sandbox_enabled ? std::strtoll(offset->c_str(), nullptr, 10) : 0};
  STELLWERK_TRY(const auto library, actors::load_library(*store, TenantId{*tenant}, {}, now));
  STELLWERK_TRY(const auto report, actors::examine(*directory, library.definitions, now));
  return actors::render_report(report);
}

void print_text(const Json& report) {
  const auto& database = report.at("database");
  const auto& counts = report.at("counts");
  fmt::print("database   {}, schema {}, clock {:+.3f} s from this host's\n", text_of(database, "dialect"), text_of(database, "schema"), -number_of(database, "clock_difference_seconds"));
  for (const auto& node : list_of(report, "nodes"))
    fmt::print("node       {} on {}, last heard of {:.1f} s ago, lease {:.0f} s: {}\n", text_of(node, "incarnation"), text_of(node, "host"), number_of(node, "heartbeat_age_seconds"),
               number_of(node, "lease_seconds"), bool_of(node, "alive") ? "alive" : "silent");
  if (!bool_of(report, "serving")) fmt::print("node       none serves: what is overdue is not judged\n");
  fmt::print("record     {} live actors{}, {} incidents open, {} messages wait, {} of them for nobody that exists\n", int_of(counts, "live_actors"),
             bool_of(report, "complete") ? "" : " (not all of them were looked at)", int_of(counts, "incidents_open"), int_of(counts, "messages_waiting"), int_of(counts, "messages_lost"));
  for (const auto& revision : list_of(report, "unreadable_revisions"))
    fmt::print("revision   {} {} cannot be loaded; its actors are quarantined\n{}\n", text_of(revision, "workflow"), int_of(revision, "revision"), text_of(revision, "text"));
  for (const auto& finding : list_of(report, "findings"))
    fmt::print("stuck      {} ({}, state {}) since {}: {}\n           do: {}\n", text_of(finding, "actor"), text_of(finding, "kind"), text_of(finding, "state"), text_of(finding, "since"),
               text_of(finding, "text"), text_of(finding, "do"));
  fmt::print("{}\n", bool_of(report, "healthy") ? "healthy: nothing is stuck" : "NOT healthy");
}

Result<Json> ask_server(const RemoteOptions& options) {
  STELLWERK_TRY(auto remote, Remote::open(options));
  return remote.get("/api/admin/doctor");
}

/// Nothing: the settings have problems, which are told.
std::optional<Result<Json>> look(const DoctorOptions& options) {
  if (options.ask_server) return ask_server(options.remote);
  const auto settings = read_settings(options.remote.config_file);
  if (!settings) return std::nullopt;
  auto own = look_ourselves(*settings);
  if (!own && own.error().code == ErrorCode::conflict)
    return fail(ErrorCode::conflict, fmt::format("{}; while a server runs on an embedded database, ask it: stellwerk doctor --url {} --user EMAIL", describe(own.error()), own_url(*settings)));
  return own;
}

int doctor(const DoctorOptions& options) {
  const auto looked = look(options);
  if (!looked) return 2;
  const auto& report_found = *looked;
  if (!report_found) return report(report_found.error()), 2;
  if (options.json) fmt::print("{}\n", dump_json(*report_found));
  else print_text(*report_found);
  return bool_of(*report_found, "healthy") ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("doctor", "is anything silently stuck? Exit status 0: no; 1: findings; 2: it could not be looked up");
  auto options = std::make_shared<DoctorOptions>();
  add_remote_options(*command, options->remote);
  command->add_flag("--json", options->json, "the report as JSON");
  command->callback([options, command, &exit_status] {
    options->ask_server = command->count("--url") > 0 || command->count("--user") > 0;
    exit_status = doctor(*options);
  });
}

}  // namespace stellwerk::app
