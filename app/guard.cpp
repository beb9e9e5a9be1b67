// stellwerk guard and stellwerk emergency-stop: what automation may not do by itself, over the API of the running server.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/remote.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

struct GuardOptions {
  RemoteOptions remote;
  std::string id, note, pause;
  std::int64_t number = 0;
  bool all = false, json = false;
};

const JsonArray& array_at(const Json& json, std::string_view name) {
  static const JsonArray nothing;
  const auto* value = find_member(json, name);
  return value != nullptr && value->is_array() ? value->get_array() : nothing;
}

/// The name where the server tells it, and the id.
std::string person(const Json& of) {
  const auto name = text_of(of, "by_name"), by = text_of(of, "by");
  return name.empty() ? by : fmt::format("{} ({})", name, by);
}

Result<void> list(const GuardOptions& options) {
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto answer, remote.get(options.all ? "/api/admin/guard/questions?state=all" : "/api/admin/guard/questions"));
  const auto& items = array_at(answer, "items");
  if (options.json) {
    fmt::print("{}\n", dump_json(Json(items)));
    return {};
  }
  for (const auto& q : items) {
    fmt::print("{}  {}  {:<8} {} of kind {} held, {} passed of {} allowed ({} live), because of: {}\n", text_of(q, "id"), text_of(q, "asked_at"), text_of(q, "state"), int_of(q, "held"),
               text_of(q, "kind"), int_of(q, "passed"), int_of(q, "bound"), int_of(q, "live"), text_of(q, "why"));
    std::string examples;
    for (const auto& id : array_at(q, "examples")) examples += (examples.empty() ? "" : " ") + (id.is_string() ? std::string{as_view(id.get_string())} : dump_json(id));
    fmt::print("    such as {}\n", examples);
    for (const auto& a : array_at(q, "answers")) fmt::print("    {} {} by {}: {}\n", text_of(a, "at"), text_of(a, "how"), person(a), text_of(a, "note"));
  }
  fmt::print("{} question{}\n", items.size(), items.size() == 1 ? "" : "s");
  return {};
}

Result<void> answer(const GuardOptions& options, bool release) {
  JsonObject body{{"note", options.note}};
  if (release && options.number > 0) body["number"] = options.number;
  if (!release && !options.pause.empty()) body["for"] = options.pause;
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto question, remote.post(fmt::format("/api/admin/guard/questions/{}/{}", percent_encoded(options.id), release ? "release" : "keep"), Json(std::move(body))));
  fmt::print("{}: {} until {}\n", text_of(question, "id"), text_of(question, "state"), text_of(question, "until"));
  if (const auto rest = text_of(question, "rest"); !rest.empty()) fmt::print("the rest is asked about as {}\n", rest);
  return {};
}

void print_stop(const Json& stop) {
  fmt::print("{}  {:<3} for {}, by {}: {}\n", text_of(stop, "at"), bool_of(stop, "on") ? "on" : "off", text_of(stop, "scope") == "all" ? "all tenants" : "the tenant", person(stop), text_of(stop, "note"));
}

Result<void> turn_stop(const GuardOptions& options, bool on) {
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto stop, remote.post("/api/admin/emergency-stop", JsonObject{{"on", on}, {"scope", options.all ? "all" : "tenant"}, {"note", options.note}}));
  print_stop(stop);
  return {};
}

Result<void> show_stop(const GuardOptions& options) {
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto answer, remote.get("/api/admin/emergency-stop"));
  if (options.json) {
    fmt::print("{}\n", dump_json(answer));
    return {};
  }
  fmt::print("emergency stop: {}\n", bool_of(answer, "on") ? "ON, no timer fires and no step begins" : "off");
  for (const auto& stop : array_at(answer, "history")) print_stop(stop);
  return {};
}

/// A command of a group that reaches the server by the usual options.
template <class Work>
CLI::App* add_remote_command(CLI::App& group, const std::shared_ptr<GuardOptions>& options, int& exit_status, const char* name, const char* help, Work work) {
  auto* sub = group.add_subcommand(name, help);
  add_remote_options(*sub, options->remote);
  sub->callback([options, work, &exit_status] {
    if (const auto done = work(*options); !done) exit_status = report(done.error());
  });
  return sub;
}

}  // namespace

void add_guard(CLI::App& cli, int& exit_status) {
  auto* group = cli.add_subcommand("guard", "what the mass-action guard holds and asks, on the running server");
  group->require_subcommand(1);
  auto options = std::make_shared<GuardOptions>();
  auto* listing = add_remote_command(*group, options, exit_status, "list", "questions that are not released, newest first", list);
  listing->add_flag("--all", options->all, "those that were released, too");
  listing->add_flag("--json", options->json, "as JSON");
  auto* release = add_remote_command(*group, options, exit_status, "release", "let go what is held, and the same kind for an hour", [](const GuardOptions& o) { return answer(o, true); });
  release->add_option("--number", options->number, "only so many, those due earliest first")->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  auto* keep = add_remote_command(*group, options, exit_status, "keep", "hold on; asked again a day later", [](const GuardOptions& o) { return answer(o, false); });
  keep->add_option("--for", options->pause, "ask again after this ISO 8601 duration, e.g. PT4H");
  for (auto* sub : {release, keep}) {
    sub->add_option("id", options->id, "inc_…")->required();
    sub->add_option("--note", options->note, "why; kept with your name")->required();
  }
}

void add_emergency_stop(CLI::App& cli, int& exit_status) {
  auto* group = cli.add_subcommand("emergency-stop", "stops all automation of the running server: no timer fires, no step begins");
  group->require_subcommand(1);
  auto options = std::make_shared<GuardOptions>();
  for (const bool on : {true, false}) {
    auto* sub = add_remote_command(*group, options, exit_status, on ? "on" : "off", on ? "stop" : "go on, with what became due meanwhile", [on](const GuardOptions& o) { return turn_stop(o, on); });
    sub->add_flag("--all", options->all, "for all tenants");
    sub->add_option("--note", options->note, "why; kept with your name")->required();
  }
  auto* show = add_remote_command(*group, options, exit_status, "show", "whether it is on, and its history", show_stop);
  show->add_flag("--json", options->json, "as JSON");
}

}  // namespace stellwerk::app
