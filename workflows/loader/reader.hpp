#pragma once
// Reading what a person wrote: keys, words, names and numbers, each mistake told once and at its place. A misspelt key or name is
// told and then read as what was meant, so that one slip of the pen does not bring a page of consequences.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.hpp"
#include "core/clock.hpp"
#include "workflows/loader/problem_code.hpp"

namespace stellwerk::workflows::reading {

using config::Place;
using config::Yaml;
using config::YamlEntry;

/// Collects problems of one file, or of files that make up one.
class Report {
 public:
  explicit Report(std::string file) : files_{std::move(file)} {}
  /// By Place::file; at least one.
  explicit Report(std::vector<std::string> files) : files_{std::move(files)} {}
  void add(std::string_view code, Place place, std::string message, std::string hint = {});
  /// One that was told by another report.
  void add(config::Problem problem) { problems_.push_back(std::move(problem)); }
  [[nodiscard]] const std::string& file() const { return files_.front(); }
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }
  [[nodiscard]] std::size_t count() const { return problems_.size(); }
  /// All of them, by file and place, each once.
  [[nodiscard]] std::vector<config::Problem> take();

 private:
  std::vector<std::string> files_;
  std::vector<config::Problem> problems_;
};

/// Of very many the first 200, and one that counts the rest.
[[nodiscard]] std::vector<config::Problem> first_of(std::vector<config::Problem> problems);

/// "did you mean 'x'?", or the candidates when they are few, or nothing.
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& candidates);
/// "a, b or c".
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view last = "or");
[[nodiscard]] bool contains(const std::vector<std::string>& words, std::string_view word);

/// The keys one sort of map takes.
struct KeySet {
  std::string what;                ///< "a state"
  std::vector<std::string> known;
};

/// The known key that `key` is or, misspelt, was meant to be; empty when there is none.
[[nodiscard]] std::string canonical_key(const KeySet& keys, std::string_view key);
/// The entry under `key`, or under a misspelling of it.
[[nodiscard]] const YamlEntry* find_entry(const Yaml& map, const KeySet& keys, std::string_view key);
[[nodiscard]] const Yaml* find_key(const Yaml& map, const KeySet& keys, std::string_view key);
/// Tells unknown keys. False when `yaml` is no map, which is told too.
bool check_keys(Report& report, const Yaml& yaml, const KeySet& keys);

/// "a map", "text", …: what is there.
[[nodiscard]] std::string_view kind_of(const Yaml& yaml);
void wrong_value(Report& report, const Yaml& yaml, std::string_view key, std::string_view takes);

// Values of keys; a wrong one is told, and nothing returned. `yaml` may be null (the key is not there).
[[nodiscard]] std::optional<std::string> read_word(Report& report, const Yaml* yaml, std::string_view key);
[[nodiscard]] bool read_flag(Report& report, const Yaml* yaml, std::string_view key);
[[nodiscard]] std::vector<std::pair<std::string, Place>> read_words(Report& report, const Yaml* yaml, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> read_whole(Report& report, const Yaml* yaml, std::string_view key, std::int64_t min, std::int64_t max);
[[nodiscard]] std::optional<Duration> read_duration(Report& report, const Yaml* yaml, std::string_view key, Duration min);
/// Texts by language; one string stands under "en".
[[nodiscard]] std::map<std::string, std::string, std::less<>> read_titles(Report& report, const Yaml* yaml, std::string_view key);
/// Of these the English text, else the first written.
[[nodiscard]] std::string read_title(Report& report, const Yaml* yaml, std::string_view key);

/// Tells names that are not lower-case words or that the language keeps for itself.
void check_name(Report& report, std::string_view name, Place place, std::string_view what, const std::vector<std::string>& reserved);

}  // namespace stellwerk::workflows::reading
