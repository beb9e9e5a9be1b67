#include "workflows/proof/script_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace stellwerk::workflows::proof {

using config::Yaml;
using namespace reading;

namespace {

const KeySet& answer_keys() {
  static const KeySet keys{"an answer", {"is", "code", "text", "output", "after", "handle", "sent"}};
  return keys;
}

struct Form {
  Line::What what;
  KeySet keys;
};

const std::vector<std::pair<std::string, Form>>& forms() {
  using enum Line::What;
  static const std::vector<std::pair<std::string, Form>> all{
      {"send", {send, {"a line that sends", {"send", "with", "by", "refused"}}}},
      {"answer", {answer, {"a line that answers", {"answer"}}}},
      {"until", {until, {"a line that moves the clock", {"until"}}}},
      {"pass", {pass, {"a line that moves the clock", {"pass"}}}},
      {"edit", {edit, {"a line that edits", {"edit", "by", "refused"}}}},
      {"setting", {setting, {"a line that changes settings", {"setting"}}}},
      {"row", {row, {"a line that changes rows", {"row"}}}},
      {"remedy", {remedy, {"a line that remedies", {"remedy", "input", "output", "note", "verified_absent", "refused"}}}},
      {"crash", {crash, {"a line that ends the node", {"crash"}}}},
      {"expect", {expect, {"a line that expects", {"expect"}}}},
  };
  return all;
}

std::vector<std::string> event_names(const Definition& definition) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : definition.events) names.push_back(name);
  return names;
}

bool has_approval(const Definition& definition) {
  return std::ranges::any_of(definition.works, [](const Work& work) {
    return std::ranges::any_of(work.steps, [](const Step& step) { return std::holds_alternative<ApproveStep>(step.body); });
  });
}

/// `approve` and `reject` are there without being declared.
const std::vector<Field>* payload_of(const Definition& definition, const std::string& event) {
  static const std::vector<Field> of_approval{{.name = "note", .type = {.base = TypeSpec::Base::string}}};
  if (const auto found = definition.events.find(event); found != definition.events.end()) return &found->second.with;
  return (event == "approve" || event == "reject") && has_approval(definition) ? &of_approval : nullptr;
}

void read_send(Reading& in, const Yaml& yaml, Line& line) {
  const auto& event = *yaml.find("send");
  line.name = read_word(in.report, &event, "send").value_or("");
  if (line.name.empty()) return;
  const auto* fields = payload_of(in.definition, line.name);
  if (fields == nullptr)
    return in.report.add(code::undeclared_event, event.place, fmt::format("workflow {} has no event '{}'", in.definition.name, line.name), suggest(line.name, event_names(in.definition)));
  const bool must_fit = yaml.find("refused") == nullptr;  // a line may show what is refused
  if (const auto* with = yaml.find("with")) {
    line.values = must_fit ? read_values(in, *with, *fields, "event " + line.name) : with->to_json();
  } else if (must_fit) {
    if (const auto checked = check_object(*fields, JsonObject{}); !checked)
      in.report.add(code::missing_input, event.place, fmt::format("event {} needs '{}'", line.name, checked.error().fields.front().pointer.substr(1)), "give it under 'with'");
  }
  if (const auto* by = yaml.find("by")) {
    line.by = read_word(in.report, by, "by").value_or("");
    auto known = roles();
    if (const auto spec = in.definition.events.find(line.name); spec != in.definition.events.end()) known.insert(known.end(), spec->second.from.begin(), spec->second.from.end());
    if (!line.by.empty() && must_fit && !contains(known, line.by))
      in.report.add(code::unknown_role, by->place, fmt::format("'{}' neither is a role nor sends '{}'", line.by, line.name), suggest(line.by, known));
  }
}

Remedy::What remedy_named(const std::string& word, bool& known) {
  static constexpr std::array names{"retry", "skip", "edit", "done", "fail"};
  const auto found = std::ranges::find(names, word);
  known = found != names.end();
  return known ? static_cast<Remedy::What>(found - names.begin()) : Remedy::What::retry;
}

void read_remedy(Reading& in, const Yaml& yaml, Line& line) {
  const auto& word = *yaml.find("remedy");
  line.name = read_word(in.report, &word, "remedy").value_or("");
  bool known = false;
  (void)remedy_named(line.name, known);
  if (!known) in.report.add(code::wrong_value, word.place, fmt::format("'{}' is no remedy", line.name), suggest(line.name, {"retry", "skip", "edit", "done", "fail"}));
  if (const auto* input = yaml.find("input")) line.values = input->to_json();
  if (const auto* output = yaml.find("output")) line.output = output->to_json();
  if (yaml.find("verified_absent") != nullptr) line.verified_absent = read_flag(in.report, yaml.find("verified_absent"), "verified_absent");
  line.note = read_word(in.report, yaml.find("note"), "note").value_or("");
}

void read_moment_of(Reading& in, const Yaml& value, Line& line) {
  const auto text = read_word(in.report, &value, "until");
  if (!text) return;
  const auto moment = read_moment(*text, in.calendar);
  if (!moment) return in.report.add(code::wrong_value, value.place, moment.error().message, "write 2026-03-19T08:00+01:00, or a date");
  line.until = *moment;
}

std::optional<Line> read_line(Reading& in, const Yaml& yaml) {
  std::vector<std::string> verbs;
  for (const auto& [verb, form] : forms()) verbs.push_back(verb);
  if (!yaml.is_map() || yaml.entries.empty()) {
    wrong_value(in.report, yaml, "script", "lines such as { send: paid } or { until: 2026-04-01 }");
    return std::nullopt;
  }
  const auto found = std::ranges::find_if(forms(), [&](const auto& form) { return yaml.find(form.first) != nullptr; });
  if (found == forms().end()) {
    const auto& entry = yaml.entries.front();
    in.report.add(code::unknown_key, entry.key_place, fmt::format("a line of a script does one of {}, but not '{}'", join(verbs), entry.key), suggest(entry.key, verbs));
    return std::nullopt;
  }
  const auto& [verb, form] = *found;
  if (!check_keys(in.report, yaml, form.keys)) return std::nullopt;
  const auto& value = *yaml.find(verb);
  Line line{.what = form.what, .place = yaml.place};
  if (const auto* refused = yaml.find("refused")) line.refused = refused->kind == Yaml::Kind::boolean ? std::string{} : read_word(in.report, refused, "refused").value_or("");
  line.by = form.what == Line::What::send ? "" : read_word(in.report, yaml.find("by"), "by").value_or("");
  if (!line.by.empty() && !contains(roles(), line.by)) in.report.add(code::unknown_role, yaml.find("by")->place, fmt::format("there is no role '{}'", line.by), suggest(line.by, roles()));
  switch (form.what) {
    using enum Line::What;
    case send: read_send(in, yaml, line); break;
    case answer: line.answers = read_answers(in, value); break;
    case until: read_moment_of(in, value, line); break;
    case pass: line.pass = read_duration(in.report, &value, "pass", Duration{}).value_or(Duration{}); break;
    case edit: line.values = line.refused ? value.to_json() : read_attributes(in, value, false, "edit"); break;
    case setting: line.values = read_settings(in, value); break;
    case row: line.rows = read_rows(in, value); break;
    case remedy: read_remedy(in, yaml, line); break;
    case crash:
      if (!(value.kind == Yaml::Kind::boolean && value.boolean)) wrong_value(in.report, value, "crash", "true");
      break;
    case expect:
      check_expect(in, value);
      line.expect = value;
      break;
  }
  return line;
}

std::optional<Answer> read_answer(Reading& in, const Yaml& yaml) {
  const auto word_of = [&](const Yaml& word) -> std::optional<Answer> {
    if (!word.is_text()) {
      wrong_value(in.report, word, "answer", "an outcome such as done or unclear");
      return std::nullopt;
    }
    auto answer = answer_of(word.text);
    if (answer) return *answer;
    in.report.add(code::unknown_class, word.place, answer.error().message,
                  suggest(word.text, {"done", "already", "not_done", "pending", "retry", "retry_after", "unclear", "conflict", "gone", "rejected_customer", "rejected_operator", "none", "crash"}));
    return std::nullopt;
  };
  if (!yaml.is_map()) return word_of(yaml);
  if (!check_keys(in.report, yaml, answer_keys())) return std::nullopt;
  const auto* is = yaml.find("is");
  auto answer = is == nullptr ? std::optional{Answer{Answer::What::outcome, {.is = OutcomeClass::done}}} : word_of(*is);
  if (!answer) return std::nullopt;
  auto& outcome = answer->outcome;
  outcome.code = read_word(in.report, yaml.find("code"), "code").value_or("");
  outcome.text = read_word(in.report, yaml.find("text"), "text").value_or("");
  outcome.handle = read_word(in.report, yaml.find("handle"), "handle").value_or("");
  outcome.after = read_duration(in.report, yaml.find("after"), "after", Duration{});
  if (yaml.find("sent") != nullptr) outcome.sent = read_flag(in.report, yaml.find("sent"), "sent");
  if (const auto* output = yaml.find("output")) {
    if (output->is_map()) outcome.output = output->to_json();
    else wrong_value(in.report, *output, "output", "a map");
  }
  return answer;
}

}  // namespace

Result<Answer> answer_of(const std::string& word) {
  if (word == "none") return Answer{Answer::What::none, {}};
  if (word == "crash") return Answer{Answer::What::crash, {}};
  if (const auto is = parse_outcome(word)) return Answer{Answer::What::outcome, {.is = *is}};
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no outcome", word));
}

std::vector<Line> read_script(Reading& in, const Yaml& yaml) {
  std::vector<Line> lines;
  if (!yaml.is_list()) {
    wrong_value(in.report, yaml, "script", "a list of lines");
    return lines;
  }
  for (const auto& item : yaml.items)
    if (auto line = read_line(in, item)) lines.push_back(std::move(*line));
  return lines;
}

std::map<std::string, std::vector<Answer>> read_answers(Reading& in, const Yaml& yaml) {
  std::map<std::string, std::vector<Answer>> answers;
  if (!yaml.is_map()) {
    wrong_value(in.report, yaml, "answer", "a map from operations to outcomes");
    return answers;
  }
  auto known = operation_names(in.catalog);
  for (const auto& [name, operation] : in.catalog.operations)
    for (const auto& sub : operation.subs) known.push_back(name + "/" + sub);
  for (const auto& [name, action] : in.catalog.actions) known.push_back(name);
  for (const auto& [name, place, value] : yaml.entries) {
    if (!contains(known, name)) in.report.add(code::unknown_operation, place, fmt::format("there is no operation or action '{}'", name), suggest(name, known));
    auto& list = answers[name];
    if (value.is_list() && value.items.empty()) wrong_value(in.report, value, name, "an outcome or a list of them");
    if (value.is_list()) {
      for (const auto& item : value.items)
        if (auto answer = read_answer(in, item)) list.push_back(std::move(*answer));
    } else if (auto answer = read_answer(in, value)) {
      list.push_back(std::move(*answer));
    }
  }
  return answers;
}

Json read_values(Reading& in, const Yaml& yaml, const std::vector<Field>& fields, std::string_view what, std::string_view key) {
  if (!yaml.is_map()) {
    wrong_value(in.report, yaml, key, "a map of values, such as { name: value }");
    return JsonObject{};
  }
  auto checked = check_object(fields, yaml.to_json());
  if (checked) return yaml.to_json();
  for (const auto& problem : checked.error().fields) {
    const auto name = problem.pointer.empty() ? std::string{} : problem.pointer.substr(1, problem.pointer.find('/', 1) - 1);
    const auto entry = std::ranges::find_if(yaml.entries, [&](const config::YamlEntry& e) { return e.key == name; });
    in.report.add(code::wrong_type, entry == yaml.entries.end() ? yaml.place : entry->value.place, fmt::format("'{}' of {} {}", name, what, problem.message));
  }
  return yaml.to_json();
}

Json read_attributes(Reading& in, const Yaml& yaml, bool all_required, std::string_view key) {
  std::vector<Field> fields;
  for (const auto& attribute : in.definition.attributes) {
    fields.push_back(attribute.field);
    fields.back().required = all_required && attribute.field.required;
    fields.back().fallback.reset();
  }
  return read_values(in, yaml, fields, "workflow " + in.definition.name, key);
}

Json read_settings(Reading& in, const Yaml& yaml) {
  std::vector<Field> fields;
  for (const auto& setting : in.definition.settings) {
    fields.push_back(setting.field);
    fields.back().required = false;
    fields.back().fallback.reset();
  }
  return read_values(in, yaml, fields, "the settings of " + in.definition.name, "settings");
}

std::map<std::string, Row, std::less<>> read_rows(Reading& in, const Yaml& yaml) {
  std::map<std::string, Row, std::less<>> rows;
  if (!yaml.is_map()) {
    wrong_value(in.report, yaml, "references", "rows by kind and id: { plan: { vps-m: { cores: 2 } } }");
    return rows;
  }
  std::vector<std::string> kinds;
  for (const auto& [kind, kept] : in.catalog.kinds) kinds.push_back(kind);
  for (const auto& reference : in.definition.references) kinds.push_back(reference.kind);
  for (const auto& [kind, place, by_id] : yaml.entries) {
    if (!contains(kinds, kind)) in.report.add(code::unknown_kind, place, fmt::format("nothing refers to a '{}'", kind), suggest(kind, kinds));
    if (!by_id.is_map()) {
      wrong_value(in.report, by_id, kind, "rows by id");
      continue;
    }
    const auto signature = in.catalog.kinds.find(kind);
    for (const auto& [id, id_place, fields] : by_id.entries) {
      Row row{.kind = kind, .version = 1};
      if (fields.is_null()) {
        row.missing = true;
      } else if (!fields.is_map()) {
        wrong_value(in.report, fields, id, "a map of fields, or null when there is no such row");
        continue;
      } else if (signature != in.catalog.kinds.end() && !signature->second.open) {
        auto optional = signature->second.fields;
        for (auto& field : optional) field.required = false;
        row.fields = read_values(in, fields, optional, kind + " " + id);
      } else {
        row.fields = fields.to_json();
      }
      rows[id] = std::move(row);
    }
  }
  return rows;
}

}  // namespace stellwerk::workflows::proof
