// Requests, outcome lists and lookups of a connector file.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "connectors/loader_reader.hpp"

namespace stellwerk::connectors {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> methods{
    {{"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}}};

NamedTemplates read_named(Reader& reader, const config::Yaml& yaml, const Scope& scope, const std::string& what) {
  NamedTemplates made;
  if (!reader.map(yaml, what)) return made;
  for (const auto& entry : yaml.entries) made.emplace_back(entry.key, reader.text_template(entry.value, scope, Secrets::visible));
  return made;
}

void read_path(Reader& reader, const config::Yaml& yaml, const Scope& scope, RequestSpec& request) {
  const auto path = reader.text(yaml, "the path of a request");
  if (!path.empty() && path.front() != '/' && !path.starts_with("${")) {
    reader.add(code::request, yaml.place, fmt::format("the path '{}' must begin with '/'", path), "it is appended to settings.base_url");
  }
  // a secret in a path would end in every log on the way
  request.path = reader.text_template(yaml, scope, Secrets::hidden);
}

Rule read_rule(Reader& reader, const config::Yaml& yaml, const Scope& scope) {
  Rule rule;
  if (!reader.keys(yaml, "an outcome", {"is", "when", "code", "text", "handle", "after", "hold", "look"})) return rule;
  if (const auto* is = reader.require(yaml, "is", "an outcome")) {
    const auto word = reader.text(*is, "'is'");
    if (const auto parsed = parse_outcome(word)) {
      rule.is = *parsed;
    } else if (!word.empty()) {
      reader.known(word, {"done", "already", "not_done", "pending", "retry", "retry_after", "unclear", "conflict", "gone", "rejected_customer", "rejected_operator"},
                   is->place, "outcome class");
    }
  }
  if (const auto* when = yaml.find("when")) rule.when = reader.expression(*when, scope, cel::Type::of(cel::Type::Base::boolean));
  if (const auto* word = yaml.find("code")) rule.code = reader.text(*word, "'code'");
  if (const auto* text = yaml.find("text")) rule.text = reader.text_template(*text, scope, Secrets::hidden);
  if (const auto* handle = yaml.find("handle")) rule.handle = reader.text_template(*handle, scope, Secrets::hidden);
  if (const auto* after = yaml.find("after")) rule.after = reader.duration(*after, "'after'");
  if (const auto* look = yaml.find("look")) rule.look = reader.boolean(*look, "'look'");
  if (const auto* hold = yaml.find("hold")) {
    rule.hold = reader.text(*hold, "'hold'");
    if (!rule.hold.empty()) reader.known(rule.hold, {"server", "installation"}, hold->place, "extent of a hold");
  }
  if (rule.is == OutcomeClass::retry_after && !rule.after) reader.add(code::missing, yaml.place, "an outcome 'retry_after' needs the key 'after'");
  if (rule.is != OutcomeClass::retry_after && rule.after) reader.add(code::value, yaml.place, "'after' belongs to the outcome 'retry_after' only");
  return rule;
}

}  // namespace

RequestSpec read_request(Reader& reader, const config::Yaml& yaml, const Scope& scope) {
  RequestSpec request;
  if (!reader.keys(yaml, "a request", {"get", "post", "put", "patch", "delete", "query", "headers", "form", "json", "body", "parse"}, {"stream", "multipart"})) return request;
  for (const auto& [key, method] : methods) {
    const auto* path = yaml.find(key);
    if (path == nullptr) continue;
    if (!request.method.empty()) reader.add(code::request, path->place, "a request has one method", "make a second operation or lookup for the other");
    request.method = method;
    read_path(reader, *path, scope, request);
  }
  if (request.method.empty()) reader.add(code::request, yaml.place, "a request needs a method", "one of get, post, put, patch, delete with the path as its value");
  if (const auto* query = yaml.find("query")) request.query = read_named(reader, *query, scope, "'query'");
  if (const auto* headers = yaml.find("headers")) request.headers = read_named(reader, *headers, scope, "'headers'");
  int bodies = 0;
  if (const auto* form = yaml.find("form")) request.form = read_named(reader, *form, scope, "'form'"), ++bodies;
  if (const auto* json = yaml.find("json")) request.json = reader.text_template(*json, scope, Secrets::visible), ++bodies;
  if (const auto* body = yaml.find("body")) request.body = reader.text_template(*body, scope, Secrets::visible), ++bodies;
  if (bodies > 1) reader.add(code::request, yaml.place, "a request has at most one of form, json and body");
  if (bodies > 0 && request.method == "GET") reader.add(code::request, yaml.place, "a GET request has no body", "use 'query'");
  if (const auto* parse = yaml.find("parse")) {
    const auto word = reader.text(*parse, "'parse'");
    if (word == "text") {
      request.parse = Parse::text;
    } else if (word == "form" || word == "xml") {
      reader.add(code::unsupported, parse->place, fmt::format("answers of the form '{}' are not read by this version", word), "json or text");
    } else if (word != "json") {
      reader.known(word, {"json", "text"}, parse->place, "form of answer");
    }
  }
  return request;
}

Rules read_rules(Reader& reader, const config::Yaml& yaml, const Scope& scope) {
  Rules rules;
  if (!yaml.is_list()) {
    reader.add(code::shape, yaml.place, "outcomes must be a list", "- { is: done, when: … }");
    return rules;
  }
  for (const auto& item : yaml.items) {
    rules.push_back(read_rule(reader, item, scope));
    if (!rules.back().when && item.find("when") == nullptr && &item != &yaml.items.back()) {
      reader.add(code::value, item.place, "an outcome without 'when' ends the list; what follows is never reached", "move it to the end or give it a condition");
    }
  }
  return rules;
}

Lookup LookupSet::compile(const std::string& name, const config::Yaml& yaml) {
  Lookup lookup;
  lookup.name = name;
  const auto what = fmt::format("lookup '{}'", name);
  if (!reader_.keys(yaml, what, {"needs", "request", "value", "absent", "outcomes", "first"})) return lookup;
  std::vector<std::size_t> needed;
  if (const auto* needs = yaml.find("needs")) {
    for (const auto& [word, place] : reader_.words(*needs, "'needs'")) {
      for (const auto index : add(word, place)) {
        if (std::find(needed.begin(), needed.end(), index) == needed.end()) needed.push_back(index);
      }
    }
  }
  for (const auto index : needed) lookup.needs.push_back(lookups_[index].slot);
  Scope scope{&input_, false, false, this->scope(needed)};
  if (const auto* request = yaml.find("request")) {
    lookup.request = read_request(reader_, *request, scope);
    if (!lookup.request->method.empty() && lookup.request->method != "GET") {
      reader_.add(code::request, request->place, "a lookup only reads: its request must be a get", "make it an operation");
    }
    scope.response = true;
  } else {
    for (const auto* key : {"absent", "outcomes"}) {
      if (const auto* given = yaml.find(key)) reader_.add(code::value, given->place, fmt::format("{} has no request whose answer '{}' could read", what, key));
    }
  }
  if (const auto* value = reader_.require(yaml, "value", what)) lookup.value = reader_.expression(*value, scope);
  if (const auto* absent = yaml.find("absent"); absent != nullptr && lookup.request) {
    lookup.absent = reader_.expression(*absent, scope, cel::Type::of(cel::Type::Base::boolean));
  }
  if (const auto* outcomes = yaml.find("outcomes"); outcomes != nullptr && lookup.request) lookup.outcomes = read_rules(reader_, *outcomes, scope);
  if (const auto* first = yaml.find("first")) lookup.first = reader_.boolean(*first, "'first'");
  return lookup;
}

std::vector<std::size_t> LookupSet::add(const std::string& name, config::Place place) {
  std::vector<std::string> names;
  if (declared_ != nullptr && declared_->is_map()) {
    for (const auto& entry : declared_->entries) names.push_back(entry.key);
  }
  if (!reader_.known(name, names, place, "lookup")) return {};
  const auto indices_of = [&](std::size_t index) {  // what it needs, then itself
    std::vector<std::size_t> indices;
    for (const auto needed : lookups_[index].needs) indices.push_back(static_cast<std::size_t>(needed - slot::first_lookup));
    indices.push_back(index);
    return indices;
  };
  const auto found = std::find_if(lookups_.begin(), lookups_.end(), [&](const Lookup& lookup) { return lookup.name == name; });
  if (found != lookups_.end()) return indices_of(static_cast<std::size_t>(found - lookups_.begin()));
  if (std::find(under_way_.begin(), under_way_.end(), name) != under_way_.end()) {
    reader_.add(code::cycle, place, fmt::format("lookup '{}' needs itself", name), fmt::format("{} -> {}", fmt::join(under_way_, " -> "), name));
    return {};
  }
  under_way_.push_back(name);
  auto lookup = compile(name, *declared_->find(name));
  under_way_.pop_back();
  lookup.slot = slot::first_lookup + static_cast<int>(lookups_.size());
  lookups_.push_back(std::move(lookup));
  used_.push_back(name);
  return indices_of(lookups_.size() - 1);
}

std::vector<std::pair<std::string, int>> LookupSet::scope(const std::vector<std::size_t>& indices) const {
  std::vector<std::pair<std::string, int>> scope;
  for (const auto index : indices) scope.emplace_back(lookups_[index].name, lookups_[index].slot);
  return scope;
}

}  // namespace stellwerk::connectors
