// Expressions and templates: compiled, placed, and kept from telling secrets.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

/// Where names that are only there at some places are to be had, or the record that has a member of the name; empty for all others.
std::string place_of_name(const cel::Mistake& mistake, const Scope& scope) {
  constexpr std::string_view unknown = "unknown name ";
  if (const std::string_view message = mistake.message; message.starts_with(unknown)) {
    const auto name = message.substr(unknown.size());
    for (const auto* record : {"self", "settings"}) {
      if (scope.all.find_member(record, name)) return fmt::format("did you mean {}.{}?", record, name);
    }
  }
  const auto is_missing = [&](std::string_view name) {
    return mistake.message.ends_with(fmt::format(" {}", name)) && !scope.all.find(name);
  };
  if (is_missing("event")) {
    return scope.all.has_record("run") ? "in a state that works, the event that began it is 'run.event'" : "'event' is there in transitions of that event";
  }
  if (is_missing("run")) return "'run.event' is there in states that work and in steps done in place";
  if (is_missing("result")) return "'result' is there in the 'save' of a step; later steps read 'steps.<name>.<field>'";
  if (is_missing("steps")) return "'steps' is there in states that work and in steps done in place";
  if (is_missing("index")) return "'index' is there in 'each'";
  return is_missing("error") ? "'error' is there in 'failed', and after a step that may go on after an error" : std::string{};
}

void tell(Context& context, Place place, const cel::Mistake& mistake, const Scope& scope) {
  const auto hint = place_of_name(mistake, scope);
  context.report.add(code::bad_expression, place, mistake.message, hint.empty() ? mistake.hint : hint);
}

/// `mistake`: why the expression does not compile where secrets are not there.
void tell_leak(Context& context, Place place, const cel::Mistake& mistake) {
  constexpr std::string_view alone = " alone is not a value", unknown = "unknown name ";
  if (const std::string_view message = mistake.message; message.ends_with(alone)) {
    const auto record = message.substr(0, message.size() - alone.size());
    context.report.add(code::secret_leaks, place, fmt::format("{} alone may hold secrets, which would flow to where they can be seen", record), mistake.hint);
  } else if (message.starts_with(unknown)) {
    const auto record = message.substr(unknown.size());
    context.report.add(code::secret_leaks, place, fmt::format("{} holds secrets, which would flow to where they can be seen", record),
                       "secrets go only into inputs and attributes that are declared 'type: secret'");
  } else {
    context.report.add(code::secret_leaks, place, "a secret would flow to where it can be seen", "secrets go only into inputs and attributes that are declared 'type: secret'");
  }
}

/// Texts that only make sense as expressions: they begin with a record that expressions read (`self.`, `steps.`), and compile as a
/// whole against what is declared. A name that is not there ("settings.json") leaves the text what it is.
bool reads_as_expression(const Scope& scope, std::string_view text) {
  static constexpr std::array records{"self.", "settings.", "event.", "run.event.", "steps.", "error.", "result."};
  // as other languages mark them
  if (text.starts_with("{{") && text.ends_with("}}")) {
    text = text.substr(2, text.size() - 4);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (text.find("${") != std::string_view::npos || !std::ranges::any_of(records, [&](std::string_view record) { return text.starts_with(record); })) return false;
  return cel::compile(text, scope.all).has_value();
}

void tell_unmarked(Context& context, const Yaml& yaml, const Scope& scope) {
  if (yaml.is_text() && reads_as_expression(scope, yaml.text)) {
    context.report.add(code::unmarked_expression, yaml.place, fmt::format("'{}' stands here as text, not as what it reads", yaml.text), yaml.text.starts_with("{{") ? "write \"${…}\"" : fmt::format("write \"${{{}}}\"", yaml.text));
  }
  for (const auto& item : yaml.items) tell_unmarked(context, item, scope);
  for (const auto& entry : yaml.entries) tell_unmarked(context, entry.value, scope);
}

}  // namespace

cel::Program read_expression(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope, const cel::Type& expected, bool secrets_allowed) {
  if (!yaml) return {};
  if (!yaml->is_scalar() || yaml->is_null()) {
    wrong_value(context.report, *yaml, key, "an expression");
    return {};
  }
  if (yaml->text.starts_with("${") && yaml->text.ends_with("}")) {
    context.report.add(code::bad_expression, yaml->place, fmt::format("'{}' holds an expression as it is, without ${{…}}", key),
                       fmt::format("write {}", yaml->text.substr(2, yaml->text.size() - 3)));
    return {};
  }
  auto program = cel::compile(yaml->text, scope.all, expected);
  if (!program) {
    for (const auto& mistake : program.error()) tell(context, cel::place_in(*yaml, mistake.offset), mistake, scope);
    return {};
  }
  if (scope.secrets && !secrets_allowed) {
    if (const auto open = cel::compile(yaml->text, scope.open, expected); !open) tell_leak(context, cel::place_in(*yaml, open.error().front().offset), open.error().front());
  }
  note_used(context, program->slots());
  return *program;
}

cel::Program read_list_expression(Context& context, const Yaml* yaml, const Scope& scope) {
  auto program = read_expression(context, yaml, "in", scope, {});
  if (!program) return program;
  if (const auto base = program.type().base; base == cel::Type::Base::list || base == cel::Type::Base::dyn) return program;
  context.report.add(code::wrong_type, yaml->place, fmt::format("'in' takes a list, but this gives {}", program.type().name()));
  return {};
}

cel::Template read_template(Context& context, const Yaml& yaml, const Scope& scope, bool secrets_allowed) {
  std::vector<std::pair<Place, cel::Mistake>> mistakes;
  auto made = cel::compile_template(yaml, scope.all, mistakes);
  for (const auto& [place, mistake] : mistakes) tell(context, place, mistake, scope);
  tell_unmarked(context, yaml, scope);
  if (mistakes.empty() && scope.secrets && !secrets_allowed) {
    (void)cel::compile_template(yaml, scope.open, mistakes);
    for (const auto& [place, mistake] : mistakes) tell_leak(context, place, mistake);
  }
  note_used(context, made.slots());
  return made;
}

cel::Template read_value(Context& context, const Yaml& yaml, const Scope& scope, const Field& field, std::string_view what) {
  const auto before = context.report.count();
  auto made = read_template(context, yaml, scope, field.type.base == TypeSpec::Base::secret);
  if (context.report.count() != before || !made) return made;
  const auto tell_misfit = [&](Place place, std::string message) { context.report.add(code::wrong_type, place, std::move(message)); };
  if (!made.is_literal()) {
    if (const auto why = misfit(field.type, made.type()); !why.empty()) tell_misfit(yaml.place, fmt::format("{} {}", what, why));
    return made;
  }
  const auto value = made.evaluate({});
  if (!value) {
    tell_misfit(yaml.place, fmt::format("{} cannot be read: {}", what, value.error().message));
    return made;
  }
  if (value->is_null()) {
    if (field.required || field.fallback) tell_misfit(yaml.place, fmt::format("{} always has a value, so it cannot be null", what));
    return made;
  }
  std::vector<FieldProblem> problems;
  check_value(field.type, cel::to_json(*value), "", problems);
  for (const auto& problem : problems) tell_misfit(yaml.place, fmt::format("{}{} {}", what, problem.pointer, problem.message));
  return made;
}

Yaml empty_map(Place place) {
  Yaml map;
  map.kind = Yaml::Kind::map;
  map.place = place;
  return map;
}

Yaml text_at(std::string text, Place place) {
  Yaml scalar;
  scalar.kind = Yaml::Kind::text;
  scalar.text = std::move(text);
  scalar.place = place;
  return scalar;
}

cel::Template read_map(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope) {
  if (!yaml) return compile_quietly(empty_map({}), scope);
  if (yaml->is_map()) return read_template(context, *yaml, scope);
  if (yaml->is_text() && yaml->text.starts_with("${")) {
    auto made = read_template(context, *yaml, scope);
    const auto map = TypeSpec{.base = TypeSpec::Base::map};
    if (made) {
      if (const auto why = misfit(map, made.type()); !why.empty()) context.report.add(code::wrong_type, yaml->place, fmt::format("'{}' {}", key, why));
    }
    return made;
  }
  wrong_value(context.report, *yaml, key, "a map of values");
  return {};
}

cel::Template compile_quietly(const Yaml& yaml, const Scope& scope) {
  std::vector<std::pair<Place, cel::Mistake>> told_already;
  return cel::compile_template(yaml, scope.all, told_already);
}

}  // namespace stellwerk::workflows::loading
