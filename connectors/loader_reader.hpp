#pragma once
// What every part of the connector loader needs: problems with places, keys with hints, expressions in the scope they see.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.hpp"
#include "connectors/definition.hpp"

namespace stellwerk::connectors {

/// Stable codes of the loader's problems.
namespace code {
inline constexpr auto file = "SW201";         ///< not a connector file of this language version
inline constexpr auto unknown_key = "SW202";
inline constexpr auto unsupported = "SW203";  ///< a key of the language that this version does not carry out
inline constexpr auto shape = "SW204";        ///< a map, list or text was expected
inline constexpr auto missing = "SW205";
inline constexpr auto expression = "SW206";
inline constexpr auto secret = "SW207";       ///< a secret would leave the requests
inline constexpr auto unknown_name = "SW208"; ///< no such lookup, poll, operation, input or outcome class
inline constexpr auto value = "SW209";        ///< a number, duration or word out of its bounds
inline constexpr auto request = "SW210";
inline constexpr auto ownership = "SW211";    ///< an effect that must be proven ours cannot be
inline constexpr auto creation = "SW212";     ///< a create without identity, probe or undo
inline constexpr auto composite = "SW213";
inline constexpr auto unused = "SW214";
inline constexpr auto cycle = "SW215";
}  // namespace code

/// What an expression may name, beside settings, server, actor.id and attempt.key.
struct Scope {
  const std::vector<workflows::Field>* input = nullptr;  ///< nullptr: there is no `input` here
  bool response = false;
  bool handle = false;
  std::vector<std::pair<std::string, int>> lookups;  ///< name, slot
};

/// Where secret settings and inputs may flow.
enum class Secrets { hidden, visible };

class Reader {
 public:
  explicit Reader(std::string file) : file_{std::move(file)} {}

  void add(const char* code, config::Place place, std::string message, std::string hint = {});
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::vector<config::Problem>& problems() { return problems_; }

  /// False and a problem unless `yaml` is a map. Unknown keys are told with the word that was probably meant; `unsupported`
  /// ones are told as such.
  bool keys(const config::Yaml& yaml, const std::string& what, const std::vector<std::string>& known, const std::vector<std::string>& unsupported = {});
  bool map(const config::Yaml& yaml, const std::string& what);
  /// The key's value, or nullptr and a problem at the map.
  const config::Yaml* require(const config::Yaml& yaml, std::string_view key, const std::string& what);
  /// A plain text without holes; empty and a problem otherwise.
  std::string text(const config::Yaml& yaml, const std::string& what);
  bool boolean(const config::Yaml& yaml, const std::string& what);
  std::optional<Duration> duration(const config::Yaml& yaml, const std::string& what);
  /// One word or a list of words.
  std::vector<std::pair<std::string, config::Place>> words(const config::Yaml& yaml, const std::string& what);
  /// One of `known`; otherwise a problem with a hint and false.
  bool known(const std::string& word, const std::vector<std::string>& known, config::Place place, const std::string& what);

  [[nodiscard]] cel::Program expression(const config::Yaml& yaml, const Scope& scope, const cel::Type& expected = {});
  [[nodiscard]] cel::Template text_template(const config::Yaml& yaml, const Scope& scope, Secrets secrets);

  /// Settings of the connector, read first: every later expression sees them.
  std::vector<workflows::Field> settings;

 private:
  [[nodiscard]] cel::Environment environment(const Scope& scope, Secrets secrets) const;
  void add_mistakes(const std::vector<std::pair<config::Place, cel::Mistake>>& mistakes, bool secret);

  std::string file_;
  std::vector<config::Problem> problems_;
};

/// Why a value of type `given` cannot be given for the field; empty when it can.
[[nodiscard]] std::string misfit(const workflows::Field& field, const cel::Type& given);
[[nodiscard]] bool is_secret(const workflows::Field& field);
[[nodiscard]] std::vector<std::string> names_of(const std::vector<workflows::Field>& fields);
[[nodiscard]] const workflows::Field* find_field(const std::vector<workflows::Field>& fields, std::string_view name);

// --- parts, each in its own file
[[nodiscard]] RequestSpec read_request(Reader& reader, const config::Yaml& yaml, const Scope& scope);
[[nodiscard]] Rules read_rules(Reader& reader, const config::Yaml& yaml, const Scope& scope);
/// Reads all of `operations` into `definition`; lookups, polls, owns and common outcomes are compiled for each operation that uses them.
void read_operations(Reader& reader, const config::Yaml& root, Connector::Definition& definition);
/// The lookups of one operation, needed ones first; their slots begin at slot::first_lookup.
class LookupSet {
 public:
  LookupSet(Reader& reader, const config::Yaml* declared, const std::vector<workflows::Field>& input) : reader_{reader}, declared_{declared}, input_{input} {}
  /// Adds a lookup and what it needs; returns the indices to run in order. Unknown names and cycles are problems.
  std::vector<std::size_t> add(const std::string& name, config::Place place);
  [[nodiscard]] std::vector<Lookup>& lookups() { return lookups_; }
  [[nodiscard]] const std::vector<std::string>& used() const { return used_; }
  /// Scope names of the given indices.
  [[nodiscard]] std::vector<std::pair<std::string, int>> scope(const std::vector<std::size_t>& indices) const;

 private:
  Lookup compile(const std::string& name, const config::Yaml& yaml);
  Reader& reader_;
  const config::Yaml* declared_;
  const std::vector<workflows::Field>& input_;
  std::vector<Lookup> lookups_;
  std::vector<std::string> used_;
  std::vector<std::string> under_way_;
};

}  // namespace stellwerk::connectors
