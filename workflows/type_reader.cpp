// Reading of declared types: `{ type: string, max: 5 }`, `{ enum: [a, b] }`, maps of fields.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "workflows/cel/numbers.hpp"
#include "workflows/formats.hpp"
#include "workflows/loader/reader.hpp"
#include "workflows/types.hpp"

namespace stellwerk::workflows {
namespace {

using Base = TypeSpec::Base;
using namespace reading;

struct NamedType {
  const char* name;
  Base base;
  std::vector<std::string> keys;  ///< beside `type`
};

const std::vector<NamedType>& named_types() {
  static const std::vector<NamedType> types{
      {"string", Base::string, {"format", "pattern", "min", "max"}},
      {"int", Base::integer, {"min", "max"}},
      {"bool", Base::boolean, {}},
      {"real", Base::real, {"min", "max"}},
      {"date", Base::date, {"min", "max"}},
      {"timestamp", Base::timestamp, {"min", "max"}},
      {"duration", Base::duration, {"min", "max"}},
      {"period", Base::period, {"min", "max"}},
      {"decimal", Base::decimal, {"min", "max"}},
      {"money", Base::money, {"min", "max"}},
      {"enum", Base::enumeration, {"enum"}},
      {"list", Base::list, {"of", "unique", "min", "max"}},
      {"map", Base::map, {}},
      {"ref", Base::ref, {"kind"}},
      {"secret", Base::secret, {}},
      {"url", Base::url, {}},
      {"any", Base::any, {}},
  };
  return types;
}

const std::vector<std::string> type_keys{"type", "enum", "format", "pattern", "min", "max", "of", "unique", "kind"};
const std::vector<std::string> field_keys{"required", "default", "title"};

const NamedType* find_type(std::string_view name) {
  const auto found = std::ranges::find(named_types(), name, &NamedType::name);
  return found == named_types().end() ? nullptr : &*found;
}

/// A type under the name that other languages give it; empty for all others.
std::string_view name_here(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> others{{{"integer", "int"}, {"boolean", "bool"}, {"text", "string"}, {"str", "string"}, {"float", "real"}, {"double", "real"},
                                                                                       {"datetime", "timestamp"}, {"array", "list"}, {"object", "map"}}};
  const auto found = std::ranges::find(others, word, &std::pair<std::string_view, std::string_view>::first);
  return found == others.end() ? std::string_view{} : found->second;
}

class TypeReader {
 public:
  TypeReader(const Yaml& yaml, Report& report, const KeySet& keys) : yaml_{yaml}, report_{report}, keys_{keys} {}

  TypeSpec read() {
    const auto* named = base();
    if (!named) return TypeSpec{.base = Base::any};
    type_.base = named->base;
    refuse_other_keys(*named);
    if (const auto* values = key("enum")) enumeration(*values);
    if (const auto* format = key("format")) this->format(*format);
    if (const auto* pattern = key("pattern")) this->pattern(*pattern);
    bounds();
    if (const auto* of = key("of")) type_.of = std::make_shared<const TypeSpec>(items(*of));
    type_.unique = read_flag(report_, key("unique"), "unique");
    if (type_.base == Base::ref) type_.kind = read_word(report_, key("kind"), "kind").value_or("");
    return std::move(type_);
  }

 private:
  [[nodiscard]] const Yaml* key(std::string_view name) const { return find_key(yaml_, keys_, name); }

  const NamedType* base() {
    const auto* type = key("type");
    if (!type) {
      if (key("enum")) return find_type("enum");
      report_.add(code::missing_key, yaml_.place, "the type is missing", "such as 'type: string' or 'enum: [a, b]'");
      return nullptr;
    }
    const auto word = read_word(report_, type, "type");
    if (!word) return nullptr;
    if (const auto* found = find_type(*word)) {
      if (found->base == Base::enumeration && !key("enum")) report_.add(code::missing_key, type->place, "'type: enum' without its values", "write 'enum: [a, b]'");
      return found;
    }
    const std::string foreign{name_here(*word)};
    std::vector<std::string> names;
    for (const auto& named : named_types()) names.emplace_back(named.name);
    report_.add(code::unknown_type, type->place, fmt::format("there is no type '{}'", *word), foreign.empty() ? suggest(*word, names) : fmt::format("write {}", foreign));
    return find_type(foreign.empty() ? config::closest(*word, names) : foreign);
  }

  void refuse_other_keys(const NamedType& named) {
    for (const auto& entry : yaml_.entries) {
      const auto meant = canonical_key(keys_, entry.key);
      if (meant == "type" || !contains(type_keys, meant) || contains(named.keys, meant)) continue;
      report_.add(code::misplaced_type_key, entry.key_place, fmt::format("'{}' says nothing about {}", meant, named.name),
                  named.keys.empty() ? std::string{} : fmt::format("{} takes {}", named.name, join(named.keys)));
    }
  }

  void enumeration(const Yaml& values) {
    for (auto& [value, place] : read_words(report_, &values, "enum")) {
      if (contains(type_.values, value)) report_.add(code::duplicate_name, place, fmt::format("'{}' is in the list already", value));
      else type_.values.push_back(value);
    }
    if (values.is_list() && values.items.empty()) report_.add(code::contradictory_type, values.place, "'enum' without a value fits nothing");
  }

  void format(const Yaml& format) {
    const auto word = read_word(report_, &format, "format");
    if (!word) return;
    if (contains(format_names(), *word)) type_.format = *word;
    else report_.add(code::unknown_type, format.place, fmt::format("there is no format '{}'", *word), suggest(*word, format_names()));
  }

  void pattern(const Yaml& pattern) {
    const auto word = read_word(report_, &pattern, "pattern");
    if (!word) return;
    cel::Environment environment;
    environment.add("value", cel::Type::of(cel::Type::Base::string), 0);
    for (const auto& expression : {*word, "^(?:" + *word + ")$"}) {  // by itself first: its errors are in the author's words
      auto compiled = cel::compile(fmt::format("value.matches({})", dump_json(Json(expression))), environment, cel::Type::of(cel::Type::Base::boolean));
      if (!compiled) {
        report_.add(code::contradictory_type, pattern.place, fmt::format("the pattern is not a regular expression (RE2): {}", compiled.error().front().message));
        return;
      }
      type_.pattern_test = *compiled;
    }
    type_.pattern = *word;
  }

  void bounds() {
    if (!has_bounds_of_its_kind()) {
      type_.min = bound("min");
      type_.max = bound("max");
      if (type_.min && type_.max && *type_.min > *type_.max) report_.add(code::contradictory_type, key("max")->place, "'max' is less than 'min'");
      return;
    }
    type_.least = bound_of_its_kind("min");
    type_.most = bound_of_its_kind("max");
    if (type_.least.is_null() || type_.most.is_null()) return;
    const auto order = cel::compare_values(type_.least, type_.most);
    if (!order) report_.add(code::contradictory_type, key("max")->place, "'min' and 'max' cannot be compared", "write both in months or both in days, both in one currency");
    else if (*order > 0) report_.add(code::contradictory_type, key("max")->place, "'max' is less than 'min'");
  }

  [[nodiscard]] bool has_bounds_of_its_kind() const {
    return type_.base == Base::date || type_.base == Base::timestamp || type_.base == Base::period || type_.base == Base::decimal || type_.base == Base::money;
  }

  /// A bound that is written as values of the type are; null: there is none, or it is wrong.
  cel::Value bound_of_its_kind(std::string_view name) {
    const auto* yaml = key(name);
    if (!yaml) return {};
    std::vector<FieldProblem> problems;
    const TypeSpec plain{.base = type_.base};
    check_value(plain, yaml->to_json(), "", problems);
    if (problems.empty() && !yaml->is_null()) return decode(plain, yaml->to_json());
    wrong_value(report_, *yaml, name, fmt::format("a value of the type {}", name_of(plain)));
    return {};
  }

  /// Of durations in seconds.
  std::optional<double> bound(std::string_view name) {
    const auto* yaml = key(name);
    if (!yaml) return std::nullopt;
    if (type_.base == Base::duration) {
      const auto duration = read_duration(report_, yaml, name, Duration::zero());
      return duration ? std::optional{std::chrono::duration<double>{*duration}.count()} : std::nullopt;
    }
    if (yaml->kind == Yaml::Kind::integer) return static_cast<double>(yaml->integer);
    if (yaml->kind == Yaml::Kind::real && type_.base == Base::real) return yaml->real;
    wrong_value(report_, *yaml, name, type_.base == Base::real ? "a number" : "a whole number");
    return std::nullopt;
  }

  TypeSpec items(const Yaml& of) {
    auto type = item_type(of);
    // a secret within a list would escape the check of where secrets go
    if (type.base == Base::secret) report_.add(code::contradictory_type, of.place, "a list cannot hold secrets", "declare each secret by itself");
    return type;
  }

  TypeSpec item_type(const Yaml& of) {
    if (!of.is_text()) {
      static const KeySet keys{"an item type", type_keys};
      return check_keys(report_, of, keys) ? TypeReader{of, report_, keys}.read() : TypeSpec{.base = Base::any};
    }
    Yaml map;
    map.kind = Yaml::Kind::map;
    map.place = of.place;
    map.entries.push_back({"type", of.place, of});
    return TypeReader{map, report_, keys_}.read();
  }

  const Yaml& yaml_;
  Report& report_;
  const KeySet& keys_;
  TypeSpec type_;
};

Field read_field(const YamlEntry& entry, Report& report, const KeySet& keys) {
  Field field{.name = entry.key};
  if (!check_keys(report, entry.value, keys)) {
    field.type.base = Base::any;
    return field;
  }
  field.type = TypeReader{entry.value, report, keys}.read();
  field.required = read_flag(report, find_key(entry.value, keys, "required"), "required");
  field.title = read_title(report, find_key(entry.value, keys, "title"), "title");
  const auto* fallback = find_key(entry.value, keys, "default");
  if (!fallback || fallback->is_null()) return field;
  field.fallback = fallback->to_json();
  std::vector<FieldProblem> problems;
  check_value(field.type, *field.fallback, "", problems);
  field.fallback = canonical(field.type, *field.fallback);
  for (const auto& problem : problems) {
    report.add(code::bad_default, fallback->place, fmt::format("the default of '{}{}' {}", field.name, problem.pointer, problem.message));
  }
  return field;
}

void append(std::vector<config::Problem>& problems, Report& report) {
  auto found = report.take();
  problems.insert(problems.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

}  // namespace

TypeSpec read_type(const config::Yaml& yaml, const std::string& file, std::vector<config::Problem>& problems) {
  Report report{file};
  static const KeySet keys{"a type", type_keys};
  auto type = check_keys(report, yaml, keys) ? TypeReader{yaml, report, keys}.read() : TypeSpec{.base = Base::any};
  append(problems, report);
  return type;
}

std::vector<Field> read_fields(const config::Yaml& yaml, const std::string& file, std::vector<config::Problem>& problems, const std::vector<std::string>& extra) {
  Report report{file};
  std::vector<Field> fields;
  KeySet keys{"a declaration", type_keys};
  keys.known.insert(keys.known.end(), field_keys.begin(), field_keys.end());
  keys.known.insert(keys.known.end(), extra.begin(), extra.end());
  if (yaml.is_map()) {
    for (const auto& entry : yaml.entries) fields.push_back(read_field(entry, report, keys));
  } else {
    report.add(code::wrong_value, yaml.place, fmt::format("declarations are a map by name, but this is {}", kind_of(yaml)), "such as { note: { type: string } }");
  }
  append(problems, report);
  return fields;
}

}  // namespace stellwerk::workflows
