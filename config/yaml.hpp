#pragma once
// Hardened YAML with places: YAML 1.2 core schema, no anchors, aliases, tags, duplicate keys or several documents.

#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::config {

/// A place in a file; line and column are 1-based, columns count characters (code points), not bytes.
struct Place {
  int line = 1;
  int column = 1;
  int file = 0;  ///< of a value made of several files: which of them; the reader of one file gives 0
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// Something wrong in a file that a person wrote: what, where, and what instead.
struct Problem {
  std::string code;     ///< stable, e.g. "SW012"; explained by `stellwerk explain`
  std::string file;
  Place place;
  std::string message;  ///< one sentence without a full stop
  std::string hint;     ///< what to write instead; may be empty
};

/// "file:line:column: error SW012: message", the line, a caret under the column, and the hint. Ends with a newline.
[[nodiscard]] std::string render(const Problem& problem, std::string_view source);

struct YamlEntry;

/// An immutable YAML value that knows its place. Scalars follow the 1.2 core schema: only true/false are booleans, `022` and
/// `10:30` and `on` are text; `1_000` is text; integers fit 64 bits, else the file is refused.
class Yaml {
 public:
  enum class Kind { null, boolean, integer, real, text, list, map };

  Kind kind = Kind::null;
  Place place;
  std::string text;                ///< the scalar as written (after unquoting), for every scalar kind
  bool quoted = false;             ///< a quoted or block scalar: always Kind::text
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::vector<Yaml> items;         ///< of a list
  std::vector<YamlEntry> entries;  ///< of a map, in the file's order, keys unique

  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] bool is_list() const { return kind == Kind::list; }
  [[nodiscard]] bool is_text() const { return kind == Kind::text; }
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return !is_map() && !is_list(); }
  /// The value under `key`, or nullptr.
  [[nodiscard]] const Yaml* find(std::string_view key) const;
  /// The same data without places.
  [[nodiscard]] Json to_json() const;
};

struct YamlEntry {
  std::string key;
  Place key_place;
  Yaml value;
};

struct YamlFile {
  std::string name;  ///< as shown in problems
  std::string text;
  Yaml root;
};

/// Reads one document. Bounds: 256 KiB, depth 64, valid UTF-8 without NUL. Returns every problem it can find (at least one).
[[nodiscard]] tl::expected<YamlFile, std::vector<Problem>> read_yaml(std::string name, std::string text);

/// The value as a file that read_yaml() reads as the same value: blocks, and small maps and lists in one line; ends with a newline.
/// Comments, places and how scalars were quoted are lost.
[[nodiscard]] std::string write_yaml(const Yaml& value);

/// The candidate a person most likely meant (edit distance at most 1/3 of the length, at least 1), or empty.
[[nodiscard]] std::string closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace stellwerk::config
