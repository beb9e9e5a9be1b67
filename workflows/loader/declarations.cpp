// Header, settings, events and the defaults of calls.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const std::vector<std::string> roles{"customer", "reseller", "staff", "admin"};

/// Kinds are free, but one that is nearly a kind we ship is a slip.
void check_kind(Context& context, const std::string& kind, Place place) {
  auto senders = known_kinds();
  senders.insert(senders.end(), {"connector", "billing", "system"});
  if (contains(senders, kind)) return;
  if (const auto meant = config::closest(kind, senders); !meant.empty()) {
    context.report.add(code::unknown_kind, place, fmt::format("there is no kind '{}'", kind), suggest(kind, senders));
  } else {
    check_name(context.report, kind, place, "a kind", {});
  }
}

/// `kind` of a reference, also of one within a list: free, unless it is nearly one that is known.
void check_reference_kind(Context& context, const Yaml& declared, const KeySet& keys) {
  if (!declared.is_map()) return;
  if (const auto* of = find_key(declared, keys, "of")) check_reference_kind(context, *of, keys);
  const auto* kind = find_key(declared, keys, "kind");
  if (!kind || !kind->is_text()) return;
  auto kinds = known_kinds();
  for (const auto& [name, signature] : context.catalog.kinds) {
    if (!contains(kinds, name)) kinds.push_back(name);
  }
  const auto meant = contains(kinds, kind->text) ? std::string{} : config::closest(kind->text, kinds);
  if (!meant.empty()) context.report.add(code::unknown_kind, kind->place, fmt::format("there is no kind '{}'", kind->text), suggest(kind->text, kinds));
}

EventSpec read_event(Context& context, const YamlEntry& entry) {
  static const KeySet keys{"an event", {"with", "allow", "from", "title", "confirm", "busy"}};
  EventSpec event{.name = entry.key};
  check_name(context.report, entry.key, entry.key_place, "an event", {});
  const auto& yaml = entry.value;
  if (!check_keys(context.report, yaml, keys)) return event;
  if (const auto* with = find_key(yaml, keys, "with")) event.with = read_declared(context, *with, {});
  event.allow = read_roles(context, find_key(yaml, keys, "allow"), "allow");
  for (auto& [kind, place] : read_words(context.report, find_key(yaml, keys, "from"), "from")) {
    check_kind(context, kind, place);
    event.from.push_back(std::move(kind));
  }
  if (event.allow.empty() && event.from.empty() && !find_key(yaml, keys, "allow") && !find_key(yaml, keys, "from")) {
    context.report.add(code::missing_key, entry.key_place, fmt::format("nobody may cause the event '{}'", entry.key),
                       "add 'allow: [roles]' for a command, 'from: [kinds]' for a message");
  }
  event.title = read_title(context.report, find_key(yaml, keys, "title"), "title");
  event.titles = read_titles(context.report, find_key(yaml, keys, "title"), "title");
  if (const auto* confirm = find_key(yaml, keys, "confirm"); const auto word = read_word(context.report, confirm, "confirm")) {
    event.destructive = *word == "destructive";
    if (!event.destructive) context.report.add(code::wrong_value, confirm->place, fmt::format("'confirm' takes destructive, not '{}'", *word));
  }
  if (const auto* busy = find_key(yaml, keys, "busy"); const auto word = read_word(context.report, busy, "busy")) {
    if (*word == "defer") event.busy = Busy::defer;
    else if (*word != "refuse") context.report.add(code::wrong_value, busy->place, fmt::format("'busy' takes refuse or defer, not '{}'", *word), suggest(*word, {"refuse", "defer"}));
  }
  return event;
}

/// A later version must know how to read the file before it reads anything else.
void check_language_is_first(Context& context, const Yaml& root) {
  const auto* language = find_entry(root, workflow_keys(), "language");
  if (!language) return;
  const auto comes_before = [&](const YamlEntry& other) { return other.key_place.file == language->key_place.file && other.key_place < language->key_place; };
  if (std::ranges::any_of(root.entries, comes_before)) {
    context.report.add(code::wrong_language, language->key_place, "'language' is not the first key of the file", "begin the file with 'language: 1'");
  }
}

}  // namespace

KeySet field_keys(std::string what, const std::vector<std::string>& more) {
  KeySet keys{std::move(what), {"type", "enum", "format", "pattern", "min", "max", "of", "unique", "kind", "required", "default", "title"}};
  keys.known.insert(keys.known.end(), more.begin(), more.end());
  return keys;
}

std::vector<Field> read_declared(Context& context, const Yaml& yaml, const std::vector<std::string>& extra) {
  std::vector<config::Problem> problems;
  auto fields = read_fields(yaml, context.report.file(), problems, extra);
  for (auto& problem : problems) context.report.add(problem.code, problem.place, std::move(problem.message), std::move(problem.hint));
  static const auto keys = field_keys("a declaration", {});
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& entry = yaml.entries[i];
    check_reference_kind(context, entry.value, keys);
    const auto* fallback = entry.value.is_map() && fields[i].type.base == TypeSpec::Base::secret ? find_entry(entry.value, keys, "default") : nullptr;
    if (fallback) {
      context.report.add(code::bad_default, fallback->key_place, fmt::format("'{}' is a secret, but its default could be read in this file", entry.key), "leave 'default' out");
    }
  }
  return fields;
}

std::vector<std::string> read_roles(Context& context, const Yaml* yaml, std::string_view key) {
  std::vector<std::string> found;
  for (auto& [role, place] : read_words(context.report, yaml, key)) {
    if (!contains(roles, role)) context.report.add(code::unknown_role, place, fmt::format("there is no role '{}'", role), suggest(role, roles));
    if (contains(found, role)) context.report.add(code::duplicate_name, place, fmt::format("'{}' is in the list already", role));
    found.push_back(std::move(role));
  }
  return found;
}

const std::vector<std::string>& known_kinds() {
  static const std::vector<std::string> kinds{"customer", "order", "service", "invoice", "domain", "ticket"};
  return kinds;
}

const std::vector<std::string>& statuses_of(std::string_view kind) {
  static const std::map<std::string, std::vector<std::string>, std::less<>> closed{
      {"service", {"pending", "active", "suspended", "terminated", "cancelled"}},
      {"ticket", {"open", "answered", "customer_reply", "closed"}},
      {"order", {"pending", "completed", "cancelled"}},
      {"invoice", {"draft", "open", "paid", "void", "written_off"}},
      {"domain", {"pending", "active", "expired", "redemption", "transferred_away", "cancelled", "deleted"}},
      {"customer", {"active", "inactive", "closed"}},
  };
  static const std::vector<std::string> free;
  const auto found = closed.find(kind);
  return found == closed.end() ? free : found->second;
}

namespace {

std::string hint_for_key(std::string_view key) {
  if (key == "language") return "begin the file with 'language: 1'";
  if (key == "initial") return "name the state that comes first, such as 'initial: open'";
  if (key == "states") return "such as states: { open: { status: active, rest: true } }";
  return {};
}

}  // namespace

void read_header(Context& context, const Yaml& root) {
  const auto& keys = workflow_keys();
  auto& report = context.report;
  for (const std::string_view key : {"language", "workflow", "kind", "initial", "states"}) {
    const bool may_come_later = context.definition.abstract && (key == "initial" || key == "states");
    if (!find_key(root, keys, key) && !may_come_later) report.add(code::missing_key, {1, 1}, fmt::format("the workflow lacks '{}'", key), hint_for_key(key));
  }
  check_language_is_first(context, root);
  if (const auto* language = find_key(root, keys, "language"); language && (language->kind != Yaml::Kind::integer || language->integer != 1)) {
    report.add(code::wrong_language, language->place, fmt::format("this version reads language 1, not {}", language->text == "1" ? "the text '1'" : fmt::format("'{}'", language->text)),
               "write 'language: 1'");
  }
  if (const auto* name = find_key(root, keys, "workflow"); const auto word = read_word(report, name, "workflow")) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
    if (word->size() > 64 || !std::ranges::all_of(*word, fits)) {
      report.add(code::bad_name, name->place, fmt::format("'{}' cannot name a workflow", word->substr(0, 80)), "use at most 64 lower-case letters, digits, '-' and '_'");
    }
    context.definition.name = *word;
  }
  if (const auto* kind = find_key(root, keys, "kind"); const auto word = read_word(report, kind, "kind")) {
    check_kind(context, *word, kind->place);
    const auto meant = config::closest(*word, known_kinds());
    context.definition.kind = contains(known_kinds(), *word) || meant.empty() ? *word : meant;
  }
  context.definition.title = read_title(report, find_key(root, keys, "title"), "title");
  context.definition.titles = read_titles(report, find_key(root, keys, "title"), "title");
}

void read_settings(Context& context, const Yaml& root) {
  const auto* yaml = find_key(root, workflow_keys(), "settings");
  if (!yaml) return;
  auto fields = read_declared(context, *yaml, {});
  static const auto keys = field_keys("a setting", {});
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& entry = yaml->entries[i];
    check_name(context.report, entry.key, entry.key_place, "a setting", {});
    // what a secret is stands in no file: it has no value until somebody sets it
    if (entry.value.is_map() && !find_key(entry.value, keys, "default") && fields[i].type.base != TypeSpec::Base::secret) {
      context.report.add(code::missing_key, entry.key_place, fmt::format("the setting '{}' has no default", entry.key), "add 'default: …': a setting always has a value");
    }
    const auto* title = entry.value.is_map() ? find_key(entry.value, keys, "title") : nullptr;
    auto initial = fields[i].fallback ? decode(fields[i].type, *fields[i].fallback) : cel::Value{};
    context.definition.settings.push_back({std::move(fields[i]), read_titles(context.report, title, "title"), std::move(initial)});
  }
}

void read_events(Context& context, const Yaml& root) {
  const auto* yaml = find_key(root, workflow_keys(), "events");
  if (!yaml) return;
  context.has_lost_events = !yaml->is_map();
  if (context.has_lost_events) return wrong_value(context.report, *yaml, "events", "a map of events");
  for (const auto& entry : yaml->entries) context.definition.events.emplace(entry.key, read_event(context, entry));
}

void read_call_defaults(Context& context, const Yaml& root) {
  const auto* yaml = find_key(root, workflow_keys(), "defaults");
  if (!yaml) return;
  static const KeySet keys{"'defaults'", {"call"}};
  static const KeySet call_keys{"'defaults.call'", {"on_server", "with", "retry", "attempt_timeout", "timeout", "patience"}};
  auto& defaults = context.defaults;
  const auto before = context.report.count();
  const auto* call = check_keys(context.report, *yaml, keys) ? find_key(*yaml, keys, "call") : nullptr;
  const bool is_read = call && check_keys(context.report, *call, call_keys);
  defaults.lost = context.report.count() != before;  // such as a key of `call` that stands a level too high
  if (!is_read) return;
  defaults.on_server = find_key(*call, call_keys, "on_server");
  defaults.with = find_key(*call, call_keys, "with");
  if (defaults.with && !defaults.with->is_map()) {
    wrong_value(context.report, *defaults.with, "with", "a map of inputs");
    defaults.with = nullptr;
  }
  defaults.retry = read_retry(context, find_key(*call, call_keys, "retry"), defaults.retry);
  const auto duration = [&](const char* key, Duration min, Duration& into) { into = read_duration(context.report, find_key(*call, call_keys, key), key, min).value_or(into); };
  duration("attempt_timeout", std::chrono::milliseconds{1}, defaults.attempt_timeout);
  duration("timeout", std::chrono::milliseconds{1}, defaults.timeout);
  duration("patience", Duration::zero(), defaults.patience);
  check_time_limits(context, find_key(*call, call_keys, "attempt_timeout"), defaults.attempt_timeout, defaults.timeout);
}

void check_call_defaults(Context& context) {
  const auto& defaults = context.defaults;
  if (!defaults.with || !defaults.has_calls || context.definition.abstract) return;
  for (const auto& entry : defaults.with->entries) {
    if (defaults.taken.contains(entry.key)) continue;
    context.report.add(code::unknown_input, entry.key_place, fmt::format("no operation that is called here has the input '{}'", entry.key),
                       suggest(entry.key, {defaults.taken.begin(), defaults.taken.end()}));
  }
}

}  // namespace stellwerk::workflows::loading
