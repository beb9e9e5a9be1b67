#include "connectors/loader_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace stellwerk::connectors {
namespace {

using workflows::Field;
using workflows::TypeSpec;

cel::Type response_type() {
  using Base = cel::Type::Base;
  return cel::Type::record({{"status", cel::Type::of(Base::integer)},
                            {"reason", cel::Type::of(Base::string)},
                            {"headers", cel::Type::map_of(cel::Type::of(Base::string))},
                            {"body", cel::Type::of(Base::dyn)},
                            {"raw", cel::Type::of(Base::string)},
                            {"parse_error", cel::Type::of(Base::boolean)}});
}

}  // namespace

bool is_secret(const Field& field) { return field.type.base == TypeSpec::Base::secret; }

std::vector<std::string> names_of(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(field.name);
  return names;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

std::string misfit(const Field& field, const cel::Type& given) {
  if (field.required && (given.nullable || given.base == cel::Type::Base::null)) return "is required, but this may be null";
  return workflows::misfit(field.type, given);
}

void Reader::add(const char* code, config::Place place, std::string message, std::string hint) {
  // parts shared by several operations are compiled for each of them: tell the same mistake once
  const bool told = std::any_of(problems_.begin(), problems_.end(),
                                [&](const config::Problem& problem) { return problem.place == place && problem.message == message; });
  if (!told) problems_.push_back({code, file_, place, std::move(message), std::move(hint)});
}

bool Reader::map(const config::Yaml& yaml, const std::string& what) {
  if (yaml.is_map()) return true;
  add(code::shape, yaml.place, fmt::format("{} must be a map", what), "write `key: value` lines under it");
  return false;
}

bool Reader::keys(const config::Yaml& yaml, const std::string& what, const std::vector<std::string>& known, const std::vector<std::string>& unsupported) {
  if (!map(yaml, what)) return false;
  for (const auto& entry : yaml.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    if (std::find(unsupported.begin(), unsupported.end(), entry.key) != unsupported.end()) {
      add(code::unsupported, entry.key_place, fmt::format("'{}' in {} is not carried out by this version", entry.key, what),
          "remove it: a key without effect would be a false promise");
      continue;
    }
    const auto meant = config::closest(entry.key, known);
    add(code::unknown_key, entry.key_place, fmt::format("{} has no key '{}'", what, entry.key),
        meant.empty() ? fmt::format("known keys: {}", fmt::join(known, ", ")) : fmt::format("did you mean '{}'?", meant));
  }
  return true;
}

const config::Yaml* Reader::require(const config::Yaml& yaml, std::string_view key, const std::string& what) {
  const auto* found = yaml.find(key);
  if (found == nullptr) add(code::missing, yaml.place, fmt::format("{} needs the key '{}'", what, key));
  return found;
}

std::string Reader::text(const config::Yaml& yaml, const std::string& what) {
  if (yaml.is_scalar() && !yaml.is_null()) return yaml.text;
  add(code::shape, yaml.place, fmt::format("{} must be a text", what));
  return {};
}

bool Reader::boolean(const config::Yaml& yaml, const std::string& what) {
  if (yaml.kind == config::Yaml::Kind::boolean) return yaml.boolean;
  add(code::shape, yaml.place, fmt::format("{} must be true or false", what));
  return false;
}

std::optional<Duration> Reader::duration(const config::Yaml& yaml, const std::string& what) {
  const auto parsed = parse_duration(text(yaml, what));
  if (parsed) return *parsed;
  add(code::value, yaml.place, fmt::format("{}: {}", what, parsed.error().message), "an ISO 8601 duration such as PT30S");
  return std::nullopt;
}

std::vector<std::pair<std::string, config::Place>> Reader::words(const config::Yaml& yaml, const std::string& what) {
  std::vector<std::pair<std::string, config::Place>> words;
  if (yaml.is_list()) {
    for (const auto& item : yaml.items) words.emplace_back(text(item, what), item.place);
  } else {
    words.emplace_back(text(yaml, what), yaml.place);
  }
  std::erase_if(words, [](const auto& word) { return word.first.empty(); });
  return words;
}

bool Reader::known(const std::string& word, const std::vector<std::string>& known, config::Place place, const std::string& what) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return true;
  const auto meant = config::closest(word, known);
  add(code::unknown_name, place, fmt::format("there is no {} '{}'", what, word),
      !meant.empty() ? fmt::format("did you mean '{}'?", meant) : known.empty() ? std::string{} : fmt::format("known: {}", fmt::join(known, ", ")));
  return false;
}

cel::Environment Reader::environment(const Scope& scope, Secrets secrets) const {
  cel::Environment made;
  const auto text = cel::Type::of(cel::Type::Base::string);
  if (scope.input != nullptr) made.add("input", workflows::record_type(*scope.input, secrets == Secrets::visible), slot::input);
  made.add("settings", workflows::record_type(settings, secrets == Secrets::visible), slot::settings);
  made.add("server", workflows::record_type(settings, false), slot::server);
  made.add_member("actor", "id", text, slot::actor_id);
  made.add_member("attempt", "key", text, slot::attempt_key);
  if (scope.response) made.add("response", response_type(), slot::response);
  if (scope.handle) made.add("handle", text, slot::handle);
  for (const auto& [name, place] : scope.lookups) made.add(name, {}, place);
  return made;
}

void Reader::add_mistakes(const std::vector<std::pair<config::Place, cel::Mistake>>& mistakes, bool secret) {
  if (secret) {
    add(code::secret, mistakes.front().first, "a secret may only flow into a request's headers, query, form, json or body, or into an input declared secret");
    return;
  }
  for (const auto& [place, mistake] : mistakes) add(code::expression, place, mistake.message, mistake.hint);
}

cel::Program Reader::expression(const config::Yaml& yaml, const Scope& scope, const cel::Type& expected) {
  if (!yaml.is_scalar() || yaml.is_null()) {
    add(code::shape, yaml.place, "an expression is expected here", "keys that ask hold an expression without ${…}");
    return {};
  }
  auto program = cel::compile(yaml.text, environment(scope, Secrets::hidden), expected);
  if (program) return *std::move(program);
  std::vector<std::pair<config::Place, cel::Mistake>> mistakes;
  for (const auto& mistake : program.error()) mistakes.emplace_back(cel::place_in(yaml, mistake.offset), mistake);
  add_mistakes(mistakes, cel::compile(yaml.text, environment(scope, Secrets::visible), expected).has_value());
  return {};
}

cel::Template Reader::text_template(const config::Yaml& yaml, const Scope& scope, Secrets secrets) {
  std::vector<std::pair<config::Place, cel::Mistake>> mistakes;
  auto made = cel::compile_template(yaml, environment(scope, secrets), mistakes);
  if (mistakes.empty()) return made;
  std::vector<std::pair<config::Place, cel::Mistake>> others;
  if (secrets == Secrets::hidden) (void)cel::compile_template(yaml, environment(scope, Secrets::visible), others);
  add_mistakes(mistakes, secrets == Secrets::hidden && others.empty());
  return {};
}

}  // namespace stellwerk::connectors
