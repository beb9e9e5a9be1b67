#include "workflows/loader/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/utf8.hpp"

namespace stellwerk::workflows::reading {
namespace {

constexpr std::size_t most_told = 200;
constexpr std::size_t most_guessed = 128;  ///< keys of a map among which misspelt ones are looked for
constexpr std::size_t head = 240, tail = 120;  ///< bytes of a long sentence that are shown

constexpr std::string_view no_dashes = "entries of a map have no '-' before them";

bool is_whole_number(std::string_view text) { return !text.empty() && text.size() < 19 && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// What was meant by a value of another kind, when that is plain.
std::string hint_for(const Yaml& yaml, std::string_view takes) {
  const std::string_view text = yaml.is_text() ? std::string_view{yaml.text} : std::string_view{};
  if (takes == "true or false" && (text == "yes" || text == "on" || text == "True")) return "write true";
  if (takes == "true or false" && (text == "no" || text == "off" || text == "False")) return "write false";
  if (takes == "a whole number" && is_whole_number(text)) return fmt::format("write {} without quotes", text);
  if (takes == "a list of words" && !text.empty() && text.find_first_of("[]{},: ") == std::string_view::npos) return fmt::format("write [{}]", text);
  return takes.starts_with("a map") && yaml.is_list() ? std::string{no_dashes} : std::string{};
}

/// "30s", "5 min" or "2h" as durations are written here; empty for all else.
std::string duration_meant(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789");
  if (end == 0 || end == std::string_view::npos) return {};
  const auto number = text.substr(0, end);
  auto unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 19> units{{{"s", "S"},   {"sec", "S"},  {"second", "S"}, {"seconds", "S"}, {"m", "M"},    {"min", "M"},  {"minute", "M"},
                                                                                       {"minutes", "M"}, {"h", "H"}, {"hour", "H"},   {"hours", "H"},   {"d", "D"},    {"day", "D"},  {"days", "D"},
                                                                                       {"w", "W"},   {"week", "W"},  {"weeks", "W"},  {"hr", "H"},      {"mins", "M"}}};
  const auto found = std::ranges::find(units, unit, &std::pair<std::string_view, std::string_view>::first);
  if (found == units.end()) return {};
  const bool is_calendar = found->second == "D" || found->second == "W";
  return fmt::format("P{}{}{}", is_calendar ? "" : "T", number, found->second);
}

/// A name of 100,000 letters says no more than its beginning. Whole characters; what is left out is marked.
std::string shortened(std::string text) {
  if (text.size() <= head + tail + 8) return text;
  const auto is_inner = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  auto end = head, begin = text.size() - tail;
  while (is_inner(end)) --end;
  while (is_inner(begin)) ++begin;
  return text.substr(0, end) + " … " + text.substr(begin);
}

}  // namespace

void Report::add(std::string_view code, Place place, std::string message, std::string hint) {
  const auto file = static_cast<std::size_t>(place.file);
  problems_.push_back({std::string{code}, files_[file < files_.size() ? file : 0], place, shortened(printable(message)), shortened(printable(hint))});
}

std::vector<config::Problem> Report::take() {
  const auto key = [](const config::Problem& p) { return std::tie(p.place.file, p.place, p.code, p.message); };
  std::ranges::stable_sort(problems_, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto repeated = std::ranges::unique(problems_, [&](const auto& a, const auto& b) { return key(a) == key(b); });
  problems_.erase(repeated.begin(), repeated.end());
  return std::move(problems_);
}

std::vector<config::Problem> first_of(std::vector<config::Problem> problems) {
  if (problems.size() <= most_told) return problems;
  const auto& next = problems[most_told];
  config::Problem rest{code::too_many, next.file, next.place, fmt::format("{} further problems from here on are not shown", problems.size() - most_told), "correct those above first"};
  problems.resize(most_told);
  problems.push_back(std::move(rest));
  return problems;
}

std::string join(const std::vector<std::string>& words, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? fmt::format(" {} ", last) : ", ";
    text += words[i];
  }
  return text;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto meant = config::closest(word, candidates); !meant.empty()) return fmt::format("did you mean '{}'?", meant);
  if (candidates.empty() || candidates.size() > 24) return {};
  return candidates.size() == 1 ? fmt::format("there is only {}", candidates[0]) : fmt::format("there are {}", join(candidates, "and"));
}

bool contains(const std::vector<std::string>& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

std::string canonical_key(const KeySet& keys, std::string_view key) {
  if (contains(keys.known, key)) return std::string{key};
  return config::closest(key, keys.known);
}

const YamlEntry* find_entry(const Yaml& map, const KeySet& keys, std::string_view key) {
  for (const auto& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  if (map.entries.size() > most_guessed) return nullptr;  // nobody wrote this: what was meant is not worth the search
  for (const auto& entry : map.entries) {
    if (canonical_key(keys, entry.key) == key) return &entry;
  }
  return nullptr;
}

const Yaml* find_key(const Yaml& map, const KeySet& keys, std::string_view key) {
  const auto* entry = find_entry(map, keys, key);
  return entry ? &entry->value : nullptr;
}

bool check_keys(Report& report, const Yaml& yaml, const KeySet& keys) {
  if (!yaml.is_map()) {
    const auto first = keys.known.empty() ? std::string{} : keys.known.front();
    const auto hint = yaml.is_list() ? std::string{no_dashes} : first == "language" ? "begin the file with 'language: 1'" : fmt::format("such as {{ {}: … }}", first == "when" ? "to" : first);
    report.add(code::wrong_value, yaml.place, fmt::format("{} is a map of keys, but this is {}", keys.what, kind_of(yaml)), hint);
    return false;
  }
  for (const auto& entry : yaml.entries) {
    if (contains(keys.known, entry.key)) continue;
    report.add(code::unknown_key, entry.key_place, fmt::format("{} has no key '{}'", keys.what, entry.key), suggest(entry.key, keys.known));
  }
  return true;
}

std::string_view kind_of(const Yaml& yaml) {
  switch (yaml.kind) {
    case Yaml::Kind::null: return "empty";
    case Yaml::Kind::boolean: return "true or false";
    case Yaml::Kind::integer:
    case Yaml::Kind::real: return "a number";
    case Yaml::Kind::text: return "text";
    case Yaml::Kind::list: return "a list";
    case Yaml::Kind::map: return "a map";
  }
  return "";
}

void wrong_value(Report& report, const Yaml& yaml, std::string_view key, std::string_view takes) {
  report.add(code::wrong_value, yaml.place, fmt::format("'{}' takes {}, but this is {}", key, takes, kind_of(yaml)), hint_for(yaml, takes));
}

std::optional<std::string> read_word(Report& report, const Yaml* yaml, std::string_view key) {
  if (!yaml) return std::nullopt;
  if (yaml->is_text() && !yaml->text.empty()) return yaml->text;
  wrong_value(report, *yaml, key, "a word");
  return std::nullopt;
}

bool read_flag(Report& report, const Yaml* yaml, std::string_view key) {
  if (!yaml) return false;
  if (yaml->kind == Yaml::Kind::boolean) return yaml->boolean;
  wrong_value(report, *yaml, key, "true or false");
  return false;
}

std::vector<std::pair<std::string, Place>> read_words(Report& report, const Yaml* yaml, std::string_view key) {
  std::vector<std::pair<std::string, Place>> words;
  if (!yaml) return words;
  if (!yaml->is_list()) {
    wrong_value(report, *yaml, key, "a list of words");
    return words;
  }
  for (const auto& item : yaml->items) {
    if (item.is_text() && !item.text.empty()) words.emplace_back(item.text, item.place);
    else wrong_value(report, item, key, "a list of words");
  }
  return words;
}

std::optional<std::int64_t> read_whole(Report& report, const Yaml* yaml, std::string_view key, std::int64_t min, std::int64_t max) {
  if (!yaml) return std::nullopt;
  if (yaml->kind != Yaml::Kind::integer) {
    wrong_value(report, *yaml, key, "a whole number");
    return std::nullopt;
  }
  if (yaml->integer >= min && yaml->integer <= max) return yaml->integer;
  report.add(code::out_of_bounds, yaml->place, fmt::format("'{}' is {}, but must be from {} to {}", key, yaml->integer, min, max));
  return std::nullopt;
}

std::optional<Duration> read_duration(Report& report, const Yaml* yaml, std::string_view key, Duration min) {
  if (!yaml) return std::nullopt;
  if (!yaml->is_text()) {
    wrong_value(report, *yaml, key, "a duration such as PT5M");
    return std::nullopt;
  }
  const auto duration = parse_duration(yaml->text);
  if (!duration) {
    const auto meant = duration_meant(yaml->text);
    report.add(code::wrong_value, yaml->place, fmt::format("'{}' takes a duration: {}", key, duration.error().message), meant.empty() ? std::string{} : fmt::format("write {}", meant));
    return std::nullopt;
  }
  if (*duration >= min) return *duration;
  report.add(code::out_of_bounds, yaml->place, fmt::format("'{}' is {}, but must be at least {}", key, yaml->text, format_duration(min)));
  return std::nullopt;
}

std::map<std::string, std::string, std::less<>> read_titles(Report& report, const Yaml* yaml, std::string_view key) {
  if (!yaml) return {};
  if (yaml->is_text()) return {{"en", yaml->text}};
  if (!yaml->is_map() || yaml->entries.empty()) {
    wrong_value(report, *yaml, key, "text, or texts by language such as { en: …, de: … }");
    return {};
  }
  std::map<std::string, std::string, std::less<>> titles;
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  for (const auto& [language, place, text] : yaml->entries) {
    if (language.size() != 2 || !std::ranges::all_of(language, is_lower)) report.add(code::unknown_key, place, fmt::format("'{}' is not a language of two letters", language), "such as en or de");
    if (text.is_text()) titles.emplace(language, text.text);
    else wrong_value(report, text, language, "text");
  }
  return titles;
}

std::string read_title(Report& report, const Yaml* yaml, std::string_view key) {
  const auto titles = read_titles(report, yaml, key);
  if (titles.empty()) return {};
  if (const auto english = titles.find("en"); english != titles.end()) return english->second;
  return titles.find(yaml->entries.front().key) == titles.end() ? titles.begin()->second : titles.find(yaml->entries.front().key)->second;
}

void check_name(Report& report, std::string_view name, Place place, std::string_view what, const std::vector<std::string>& reserved) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto rest = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > 64 || !lower(name.front()) || !std::ranges::all_of(name, rest)) {
    report.add(code::bad_name, place, fmt::format("'{}' cannot name {}", name.substr(0, 80), what),
               "names are lower-case words of at most 64 letters, digits and '_', and begin with a letter");
  } else if (contains(reserved, name)) {
    report.add(code::bad_name, place, fmt::format("'{}' cannot name {}: the language keeps this word for itself", name, what), "take another word");
  }
}

}  // namespace stellwerk::workflows::reading
