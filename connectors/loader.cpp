// A connector file as a whole: its own keys; operations are read in loader_operations.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "connectors/loader_reader.hpp"

namespace stellwerk::connectors {
namespace {

const std::vector<std::string> top_keys{"language", "connector", "driver", "settings", "tls", "auth", "limits", "health",
                                        "lookups",  "owns",      "polls",  "outcomes", "operations"};
const std::vector<std::string> later_keys{"provides", "priority", "listen", "discover", "title"};

bool read_head(Reader& reader, const config::Yaml& root, Connector::Definition& definition) {
  if (!root.is_map() || root.entries.empty() || root.entries.front().key != "language") {
    reader.add(code::file, root.place, "a connector file begins with 'language: 1'", "make it the first line");
    if (!root.is_map()) return false;
  }
  if (const auto* language = root.find("language"); language != nullptr && language->text != "1") {
    reader.add(code::file, language->place, fmt::format("language '{}' is not known", language->text), "language: 1");
  }
  reader.keys(root, "a connector", top_keys, later_keys);
  if (const auto* name = reader.require(root, "connector", "a connector")) definition.name = reader.text(*name, "'connector'");
  if (const auto* driver = reader.require(root, "driver", "a connector")) {
    definition.driver = reader.text(*driver, "'driver'");
    if (!definition.driver.empty()) reader.known(definition.driver, {"http", "noop"}, driver->place, "driver");
  }
  return true;
}

void read_access(Reader& reader, const config::Yaml& root, Connector::Definition& definition) {
  if (definition.driver == "http" && find_field(definition.settings, "base_url") == nullptr) {
    reader.add(code::missing, root.place, "a connector with driver http needs the setting 'base_url'", "settings: { base_url: { type: url, required: true } }");
  }
  if (const auto* tls = root.find("tls"); tls != nullptr && reader.keys(*tls, "'tls'", {"pin"}, {"ca"})) {
    if (const auto* pin = reader.require(*tls, "pin", "'tls'")) {
      definition.pin = reader.text_template(*pin, {}, Secrets::hidden);
      using Base = cel::Type::Base;
      if (definition.pin && definition.pin.type().base != Base::string && definition.pin.type().base != Base::dyn) {
        reader.add(code::value, pin->place, "'pin' must be a text: the SHA-256 of the certificate in hexadecimal");
      }
    }
  }
  if (const auto* auth = root.find("auth"); auth != nullptr && reader.keys(*auth, "'auth'", {"header"}, {"basic", "query", "login", "oauth"})) {
    if (const auto* header = reader.require(*auth, "header", "'auth'"); header != nullptr && reader.map(*header, "'header'")) {
      for (const auto& entry : header->entries) definition.auth_headers.emplace_back(entry.key, reader.text_template(entry.value, {}, Secrets::visible));
    }
  }
}

std::vector<std::string> simple_names(const Connector::Definition& definition) {
  std::vector<std::string> names;
  for (const auto& [name, operation] : definition.simple) names.push_back(name);
  return names;
}

void read_limit(Reader& reader, const config::Yaml& yaml, Connector::Definition& definition) {
  if (!reader.keys(yaml, "a limit", {"in_flight", "shared", "for"}, {"requests", "per"})) return;
  Limit limit;
  if (const auto* in_flight = reader.require(yaml, "in_flight", "a limit")) {
    limit.in_flight = static_cast<int>(std::clamp<std::int64_t>(in_flight->integer, 0, 10'000));
    if (in_flight->kind != config::Yaml::Kind::integer || in_flight->integer < 1 || in_flight->integer > 10'000) {
      reader.add(code::value, in_flight->place, "'in_flight' must be a whole number from 1 to 10000");
    }
  }
  if (const auto* operations = yaml.find("for")) {
    for (const auto& [word, place] : reader.words(*operations, "'for'")) {
      if (reader.known(word, simple_names(definition), place, "simple operation")) limit.operations.push_back(word);
    }
  }
  const auto* shared = reader.require(yaml, "shared", "a limit");
  if (shared != nullptr) limit.shared = reader.text(*shared, "'shared'");
  const bool computed = limit.shared.find("${") != std::string::npos;
  if (shared != nullptr && !computed && limit.shared != "server" && limit.shared != "installation") {
    reader.add(limit.shared == "account" ? code::unsupported : code::value, shared->place, fmt::format("limits are not shared by '{}'", limit.shared),
               "server, installation, or a text with ${…}");
  }
  const auto index = definition.limits.size();
  for (const auto& [name, operation] : definition.simple) {
    const bool applies = limit.operations.empty() || std::find(limit.operations.begin(), limit.operations.end(), name) != limit.operations.end();
    if (computed && applies) definition.limit_texts.emplace(std::pair{index, name}, reader.text_template(*shared, Scope{&operation.input, false, false, {}}, Secrets::hidden));
  }
  definition.limits.push_back(std::move(limit));
}

void read_limits(Reader& reader, const config::Yaml& root, Connector::Definition& definition) {
  const auto* limits = root.find("limits");
  if (limits == nullptr) return;
  if (!limits->is_list()) return reader.add(code::shape, limits->place, "'limits' must be a list", "- { in_flight: 8, shared: server }");
  for (const auto& item : limits->items) read_limit(reader, item, definition);
}

void read_health(Reader& reader, const config::Yaml& root, Connector::Definition& definition) {
  const auto* health = root.find("health");
  if (health == nullptr) return;
  definition.health = reader.text(*health, "'health'");
  if (definition.health.empty() || !reader.known(definition.health, simple_names(definition), health->place, "simple operation")) return;
  const auto& operation = definition.simple.at(definition.health);
  const bool needs_input = std::any_of(operation.input.begin(), operation.input.end(), [](const auto& field) { return field.required; });
  if (operation.changes() || needs_input) reader.add(code::value, health->place, "'health' names an operation that reads and needs no input");
}

}  // namespace

tl::expected<std::shared_ptr<const Connector>, std::vector<config::Problem>> load_connector(const std::string& file_name, const std::string& text) {
  const auto file = config::read_yaml(file_name, text);
  if (!file) return tl::unexpected(file.error());
  Reader reader{file->name};
  auto definition = std::make_shared<Connector::Definition>();
  if (read_head(reader, file->root, *definition)) {
    if (const auto* settings = file->root.find("settings")) definition->settings = workflows::read_fields(*settings, reader.file(), reader.problems());
    reader.settings = definition->settings;
    if (const auto* polls = file->root.find("polls")) reader.map(*polls, "'polls'");
    if (const auto* lookups = file->root.find("lookups")) reader.map(*lookups, "'lookups'");
    read_access(reader, file->root, *definition);
    read_operations(reader, file->root, *definition);
    read_limits(reader, file->root, *definition);
    read_health(reader, file->root, *definition);
  }
  auto& problems = reader.problems();
  if (problems.empty()) return std::make_shared<const Connector>(std::move(definition));
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
  return tl::unexpected(std::move(problems));
}

}  // namespace stellwerk::connectors
