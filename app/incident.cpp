// stellwerk incident: what needs a person, and the remedies, over the API of the running server.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/remote.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

struct IncidentOptions {
  RemoteOptions remote;
  std::string id, state = "open", kind, actor, step, note, input, output;
  bool json = false, verified_absent = false;
};

const Json& member(const Json& json, std::string_view name) {
  static const Json nothing;
  const auto* value = find_member(json, name);
  return value == nullptr ? nothing : *value;
}

Result<void> list(const IncidentOptions& options) {
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  JsonArray all;
  std::string after;
  do {
    auto path = std::string{"/api/admin/incidents?limit=200"};
    for (const auto& [name, value] : {std::pair{"state", options.state == "all" ? std::string{} : options.state}, {"kind", options.kind}, {"actor", options.actor}, {"step", options.step}, {"after", after}})
      if (!value.empty()) path += fmt::format("&{}={}", name, percent_encoded(value));
    STELLWERK_TRY(const auto page, remote.get(path));
    if (const auto* items = member(page, "items").if_array()) all.insert(all.end(), items->begin(), items->end());
    after = text_of(page, "next");
  } while (!after.empty());
  if (options.json) {
    fmt::print("{}\n", dump_json(Json(std::move(all))));
    return {};
  }
  for (const auto& i : all)
    fmt::print("{}  {}  {:<12} {}{}{}  {}{}{}\n", text_of(i, "id"), text_of(i, "opened_at"), text_of(i, "kind"), text_of(i, "actor").empty() ? "of kind " + text_of(i, "actor_kind") : text_of(i, "actor"), text_of(i, "step").empty() ? "" : " at ", text_of(i, "step"),
               text_of(i, "class"), text_of(i, "code").empty() ? "" : "/", text_of(i, "code"));
  fmt::print("{} incident{}\n", all.size(), all.size() == 1 ? "" : "s");
  return {};
}

void print_one(const Json& i) {
  fmt::print("incident   {} ({}), {}\n", text_of(i, "id"), text_of(i, "kind"), text_of(i, "state"));
  if (text_of(i, "actor").empty()) fmt::print("actors     of kind {}\n", text_of(i, "actor_kind"));  // the mass-action guard speaks of many
  else fmt::print("actor      {} ({})\n", text_of(i, "actor"), text_of(i, "actor_kind"));
  if (!text_of(i, "run").empty()) fmt::print("run        {}, step {}\n", text_of(i, "run"), text_of(i, "step"));
  if (!text_of(i, "operation").empty()) fmt::print("operation  {}\n", text_of(i, "operation"));
  fmt::print("opened     {}\nwhat       {}{}{}\n           {}\n", text_of(i, "opened_at"), text_of(i, "class"), text_of(i, "code").empty() ? "" : "/", text_of(i, "code"), text_of(i, "text"));
  if (const auto* covered = member(i, "undo_would_cover").if_array(); covered != nullptr && !covered->empty()) {
    fmt::print("undo       would cover, newest first:");
    for (const auto& step : *covered) fmt::print(" {}", step.is_string() ? std::string{as_view(step.get_string())} : dump_json(step));
    fmt::print("\n");
  }
  if (text_of(i, "state") == "open") {
    if (const auto* meanings = member(i, "remedy_meanings").if_object())
      for (const auto& [remedy, meaning] : *meanings) fmt::print("remedy     {:<6} {}\n", std::string_view{remedy}, meaning.is_string() ? as_view(meaning.get_string()) : std::string_view{});
    return;
  }
  fmt::print("closed     {} by {} {}: {}\nnote       {}\n", text_of(i, "closed_at"), text_of(i, "closed_by"), text_of(i, "closed_by_name"), text_of(i, "closed_how"), text_of(i, "note"));
}

Result<void> show(const IncidentOptions& options) {
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto incident, remote.get("/api/admin/incidents/" + percent_encoded(options.id)));
  if (options.json) fmt::print("{}\n", dump_json(incident));
  else print_one(incident);
  return {};
}

Result<void> take_remedy(const IncidentOptions& options, const std::string& remedy) {
  JsonObject body{{"note", options.note}};
  if (options.verified_absent) body["verified_absent"] = true;
  for (const auto& [name, text] : {std::pair{"input", &options.input}, {"output", &options.output}}) {
    if (text->empty()) continue;
    auto value = parse_json(*text);
    if (!value || !value->is_object()) return fail(ErrorCode::invalid_argument, fmt::format("--{} is a JSON object, e.g. '{{\"cores\": 4}}'", name));
    body[name] = std::move(*value);
  }
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(const auto answer, remote.post(fmt::format("/api/admin/incidents/{}/{}", percent_encoded(options.id), remedy), Json(std::move(body))));
  fmt::print("{}: {} taken (event {})\n", options.id, remedy, text_of(answer, "event"));
  return {};
}

}  // namespace

void add_incident(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("incident", "what needs a person: list, show, and the remedies, on the running server");
  command->require_subcommand(1);
  auto options = std::make_shared<IncidentOptions>();
  const auto add = [&](const char* name, const char* help, auto work) {
    auto* sub = command->add_subcommand(name, help);
    add_remote_options(*sub, options->remote);
    sub->callback([options, work, &exit_status] {
      if (const auto done = work(*options); !done) exit_status = report(done.error());
    });
    return sub;
  };
  auto* listing = add("list", "open incidents, newest first", list);
  listing->add_option("--state", options->state, "open, closed or all")->check(CLI::IsMember({"open", "closed", "all"}))->capture_default_str();
  listing->add_option("--kind", options->kind, "held_run, quarantined, message, event_failed or mass_guard")->check(CLI::IsMember({"held_run", "quarantined", "message", "event_failed", "mass_guard"}));
  listing->add_option("--actor", options->actor, "of this actor");
  listing->add_option("--step", options->step, "at this step");
  listing->add_flag("--json", options->json, "as JSON");
  auto* showing = add("show", "one incident: what happened, what undo would do, what each remedy means", show);
  showing->add_option("id", options->id, "inc_…")->required();
  showing->add_flag("--json", options->json, "as JSON");
  struct RemedyWords {
    const char *name, *help;
  };
  for (const auto& [name, help] : {RemedyWords{"retry", "try it again; of a quarantined actor: the cause is gone"}, {"skip", "pass over the step, or drop the event"},
                                   {"edit", "change the step's input and try it again"}, {"done", "the step was done by hand, and verified"}, {"fail", "let the run fail; what it began is undone"}}) {
    auto* sub = add(name, help, [remedy = std::string{name}](const IncidentOptions& given) { return take_remedy(given, remedy); });
    sub->add_option("id", options->id, "inc_…")->required();
    sub->add_option("--note", options->note, "why; kept with your name in the journal")->required();
    if (std::string_view{name} == "retry")
      sub->add_flag("--verified-absent", options->verified_absent, "of a step that must not be repeated: you have looked, and it has not happened: do it");
    if (std::string_view{name} == "edit") sub->add_option("--input", options->input, "members to change, a JSON object")->required();
    if (std::string_view{name} == "done") sub->add_option("--output", options->output, "the step's result, a JSON object");
  }
}

}  // namespace stellwerk::app
