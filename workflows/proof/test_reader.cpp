// Reading a test file: its head, its cases, what always holds, what must be covered.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "workflows/cel/time_text.hpp"
#include "workflows/formats.hpp"
#include "workflows/proof/script_reader.hpp"

namespace stellwerk::workflows::proof {

using config::Yaml;
using namespace reading;

namespace {

const KeySet& file_keys() {
  static const KeySet keys{"a test file", {"test", "start", "zone", "automation_time", "given", "references", "settings", "answers", "cases", "script", "always", "coverage"}};
  return keys;
}
const KeySet& case_keys() {
  static const KeySet keys{"a case", {"name", "given", "script"}};
  return keys;
}
const KeySet& coverage_keys() {
  static const KeySet keys{"'coverage'", {"states", "transitions", "steps"}};
  return keys;
}

/// "06:00" as the time since midnight.
std::optional<Duration> time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::hours{hours} + std::chrono::minutes{minutes};
}

void read_head(Report& report, const Yaml& root, Tests& tests) {
  if (const auto zone = read_word(report, root.find("zone"), "zone")) {
    tests.calendar.zone = *zone;
    if (const auto offset = cel::offset_at(*zone, 0); !offset) report.add(code::wrong_value, root.find("zone")->place, offset.error().message);
  }
  if (const auto text = read_word(report, root.find("automation_time"), "automation_time")) {
    const auto time = time_of_day(*text);
    if (time) tests.calendar.automation_time = *time;
    else report.add(code::wrong_value, root.find("automation_time")->place, fmt::format("'{}' is no time of day", *text), "write 06:00");
  }
  tests.start = *parse_time("2026-01-01T00:00:00Z");
  if (const auto text = read_word(report, root.find("start"), "start")) {
    const auto moment = read_moment(*text, tests.calendar);
    if (moment) tests.start = *moment;
    else report.add(code::wrong_value, root.find("start")->place, moment.error().message, "write 2026-03-02T08:00+01:00");
  }
}

std::optional<double> percent_of(const Yaml& yaml) {
  if (!yaml.is_text()) return std::nullopt;
  if (yaml.text == "all") return 100;
  if (!yaml.text.ends_with('%')) return std::nullopt;
  int percent = 0;
  const auto* end = yaml.text.data() + yaml.text.size() - 1;
  const auto [stop, error] = std::from_chars(yaml.text.data(), end, percent);
  if (error != std::errc{} || stop != end || percent < 0 || percent > 100) return std::nullopt;
  return percent;
}

void read_goals(Report& report, const Yaml* yaml, Tests& tests) {
  if (yaml == nullptr || !check_keys(report, *yaml, coverage_keys())) return;
  for (const auto& [what, place, value] : yaml->entries) {
    Goal goal{.what = what, .percent = 100, .place = value.place};
    if (value.is_map()) {
      static const KeySet keys{"a goal", {"except"}};
      if (!check_keys(report, value, keys)) continue;
      for (auto& [name, at] : read_words(report, value.find("except"), "except")) goal.except.push_back(std::move(name));
    } else if (const auto percent = percent_of(value)) {
      goal.percent = *percent;
    } else {
      wrong_value(report, value, what, "all, a share such as 90%, or { except: [names] }");
      continue;
    }
    tests.goals.push_back(std::move(goal));
  }
}

void read_always(Report& report, const Yaml* yaml, const Definition& definition, const Catalog& catalog, Tests& tests) {
  if (yaml == nullptr) return;
  const auto environment = invariant_environment(definition, catalog);
  for (const auto& [text, place] : read_words(report, yaml, "always")) {
    auto program = cel::compile(text, environment, cel::Type::of(cel::Type::Base::boolean));
    if (program) {
      tests.always.push_back({std::move(*program), place});
      continue;
    }
    for (const auto& mistake : program.error()) report.add(code::bad_expression, place, mistake.message, mistake.hint);
  }
}

/// The case's own values over those of the file.
Json over(const Json& base, const Json& own) {
  JsonObject both = base.is_object() ? base.get_object() : JsonObject{};
  if (own.is_object())
    for (const auto& member : own.get_object()) both[member.key()] = member.value();
  return both;
}

void read_cases(Reading& in, const Yaml& root, Tests& tests) {
  const Json given = root.find("given") != nullptr ? read_attributes(in, *root.find("given"), false) : Json(JsonObject{});
  if (const auto* script = root.find("script")) tests.cases.push_back({"script", script->place, given, read_script(in, *script)});
  const auto* cases = root.find("cases");
  if (cases == nullptr) {
    if (tests.cases.empty()) in.report.add(code::missing_key, root.place, "a test file has 'cases'", "cases: [ { name: …, script: [ … ] } ]");
    return;
  }
  if (cases->is_list() && cases->items.empty()) return in.report.add(code::wrong_value, cases->place, "'cases' is empty", "cases: [ { name: …, script: [ … ] } ]");
  if (!cases->is_list()) return wrong_value(in.report, *cases, "cases", "a list of cases");
  for (const auto& item : cases->items) {
    if (!check_keys(in.report, item, case_keys())) continue;
    Case made{.place = item.place};
    made.name = read_word(in.report, item.find("name"), "name").value_or("");
    if (made.name.empty()) in.report.add(code::missing_key, item.place, "a case has a 'name'");
    if (std::ranges::any_of(tests.cases, [&](const Case& other) { return other.name == made.name; }))
      in.report.add(code::duplicate_name, item.place, fmt::format("there is another case named '{}'", made.name));
    made.given = over(given, item.find("given") != nullptr ? read_attributes(in, *item.find("given"), false) : Json(JsonObject{}));
    if (const auto* script = item.find("script")) made.script = read_script(in, *script);
    else in.report.add(code::missing_key, item.place, "a case has a 'script'");
    if (const auto* script = item.find("script"); script != nullptr && script->is_list() && script->items.empty())
      in.report.add(code::wrong_value, script->place, "'script' has no line: it would show nothing", "add lines such as - send: paid");
    tests.cases.push_back(std::move(made));
  }
}

}  // namespace

Result<Time> read_moment(const std::string& text, const Calendar& calendar) {
  const auto local = [&](std::string_view date, Duration of_day) -> Result<Time> {
    STELLWERK_TRY(const auto midnight, parse_time(fmt::format("{}T00:00:00Z", date)));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(midnight + of_day).time_since_epoch().count();
    STELLWERK_TRY(const auto moment, cel::moment_of(calendar.zone, seconds));
    return Time{std::chrono::seconds{moment}};
  };
  if (is_date(text)) return local(text, calendar.automation_time);
  const bool short_form = text.size() >= 16 && text[10] == 'T' && (text.size() == 16 || text[16] != ':');  // no seconds
  const auto full = short_form ? text.substr(0, 16) + ":00" + text.substr(16) : text;
  if (auto time = parse_time(full)) return time;
  if (full.size() == 19 && is_date(full.substr(0, 10))) {
    if (const auto time = parse_time(full + "Z")) return local(full.substr(0, 10), *time - *parse_time(full.substr(0, 10) + "T00:00:00Z"));
  }
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no moment", text));
}

cel::Environment invariant_environment(const Definition& definition, const Catalog&) {
  using To = cel::Type::Base;
  cel::Environment environment;
  const auto text = cel::Type::of(To::string);
  auto states = text, statuses = text;
  for (const auto& state : definition.states) {
    states.values.push_back(state.name);
    if (!contains(statuses.values, state.status)) statuses.values.push_back(state.status);
  }
  environment.set_zone_slot(slot::zone);
  environment.add("now", cel::Type::of(To::timestamp), slot::now);
  environment.add("today", cel::Type::of(To::date), slot::today);
  environment.add("tenant", text, slot::tenant);
  environment.add_member("self", "id", text, slot::id);
  environment.add_member("self", "state", states, slot::state);
  environment.add_member("self", "status", statuses, slot::status);
  environment.add_member("self", "customer", cel::Type::of(To::string, true), slot::customer);
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    const auto& field = definition.attributes[i].field;
    environment.add_member("self", field.name, cel_type(field.type, !field.required && !field.fallback), definition.attribute_slot(static_cast<int>(i)));
  }
  for (std::size_t i = 0; i < definition.settings.size(); ++i) {
    const auto& field = definition.settings[i].field;
    environment.add_member("settings", field.name, cel_type(field.type, !field.fallback), definition.setting_slot(static_cast<int>(i)));
  }
  for (std::size_t i = 0; i < definition.references.size(); ++i) {
    const auto& reference = definition.references[i];
    if (reference.source == Reference::Source::attribute) environment.add_reference("self." + reference.name, reference.type, definition.reference_slot(static_cast<int>(i)));
  }
  return environment;
}

tl::expected<TestFile, std::vector<config::Problem>> open_test_file(const std::string& file_name, const std::string& text) {
  auto yaml = config::read_yaml(file_name, text);
  if (!yaml) return tl::unexpected(std::move(yaml).error());
  Report report{file_name};
  TestFile file{.file = file_name, .text = text, .workflow = {}, .place = yaml->root.place, .root = std::move(yaml->root)};
  if (check_keys(report, file.root, file_keys())) {
    const auto* name = file.root.find("test");
    if (name == nullptr) report.add(code::missing_key, file.root.place, "a test file says which workflow it tests", "begin with: test: <workflow>");
    else file.workflow = read_word(report, name, "test").value_or("");
    if (name != nullptr) file.place = name->place;
  }
  if (auto problems = report.take(); !problems.empty()) return tl::unexpected(std::move(problems));
  return file;
}

tl::expected<Tests, std::vector<config::Problem>> read_tests(const TestFile& file, const Definition& definition, const Catalog& catalog) {
  Report report{file.file};
  Tests tests{.file = file.file, .text = file.text, .workflow = file.workflow};
  read_head(report, file.root, tests);
  Reading in{report, definition, catalog, tests.calendar};
  if (const auto* settings = file.root.find("settings")) {
    const auto values = read_settings(in, *settings);
    if (values.is_object())
      for (const auto& member : values.get_object()) tests.settings[std::string{member.key()}] = member.value();
  }
  if (const auto* rows = file.root.find("references")) tests.rows = read_rows(in, *rows);
  if (const auto* answers = file.root.find("answers")) tests.answers = read_answers(in, *answers);
  read_cases(in, file.root, tests);
  read_always(report, file.root.find("always"), definition, catalog, tests);
  read_goals(report, file.root.find("coverage"), tests);
  if (auto problems = report.take(); !problems.empty()) return tl::unexpected(std::move(problems));
  return tests;
}

}  // namespace stellwerk::workflows::proof
