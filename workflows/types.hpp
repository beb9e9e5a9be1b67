#pragma once
// Declared types of attributes, event payloads, settings and operation inputs; checking of JSON against them.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/yaml.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows {

struct TypeSpec {
  enum class Base { string, integer, boolean, real, date, timestamp, duration, period, enumeration, list, map, ref, secret, url, any, decimal, money };
  Base base = Base::string;
  std::string format;               ///< of a string: hostname, email, ip, uuid
  std::string pattern;              ///< RE2, matches the whole string
  std::optional<double> min, max;   ///< of numbers: value; of durations: seconds; of strings: characters; of lists: items
  std::vector<std::string> values;  ///< of an enumeration
  std::shared_ptr<const TypeSpec> of;  ///< of a list
  bool unique = false;              ///< of a list
  std::string kind;                 ///< of a ref
  cel::Program pattern_test;        ///< `pattern` compiled, over slot 0; empty when the type was not read from a file
  cel::Value least = {}, most = {};  ///< `min` and `max` of date, timestamp, period, decimal and money, in their own kind; null: none
};

struct Field {
  std::string name;
  TypeSpec type;
  bool required = false;
  std::optional<Json> fallback;  ///< `default`
  std::string title;
};

/// "string", "int", "list of string", …
[[nodiscard]] std::string name_of(const TypeSpec& type);
/// How expressions see it; attributes and optional fields are nullable.
[[nodiscard]] cel::Type cel_type(const TypeSpec& type, bool nullable);
/// A record of the fields, each nullable unless required or with a fallback. Without `secrets`, fields of type secret are left out.
[[nodiscard]] cel::Type record_type(const std::vector<Field>& fields, bool secrets = true);
/// Why a value of static type `given` can never be a `type`, in words ("takes int, but this gives string"); empty when it may.
[[nodiscard]] std::string misfit(const TypeSpec& type, const cel::Type& given);

/// Reads `{ type: string, max: 5, … }` or the shorthand `{ enum: [a, b] }`. Problems are appended; SW02x.
[[nodiscard]] TypeSpec read_type(const config::Yaml& yaml, const std::string& file, std::vector<config::Problem>& problems);
/// Reads a map of fields (`attributes`, `with` of an event, `input`); keys beyond the type's own, given in `extra`, are left to the caller.
[[nodiscard]] std::vector<Field> read_fields(const config::Yaml& yaml, const std::string& file, std::vector<config::Problem>& problems,
                                             const std::vector<std::string>& extra = {});

/// Checks one value; problems get `pointer`. Null is fine unless `required`. Money is {"minor": 1299, "currency": "EUR"} or text
/// "12.99 EUR"; decimals are text or whole numbers; a duration has a fixed length (P7D is 168 h), a period calendar units only.
void check_value(const TypeSpec& type, const Json& value, const std::string& pointer, std::vector<FieldProblem>& problems);
/// Amounts and decimals that people write in more than one way, in their JSON form; others as they are.
[[nodiscard]] Json canonical(const TypeSpec& type, const Json& value);
/// Checks an object against the fields: unknown members, missing required ones, types, bounds; fills in fallbacks,
/// writes decimals and money in their JSON form.
/// Every problem at once. Errors: invalid_argument with field pointers under `pointer`.
[[nodiscard]] Result<Json> check_object(const std::vector<Field>& fields, const Json& value, const std::string& pointer = "");

/// JSON to the value expressions see, and back: timestamps, durations, dates, periods, decimals and money become their kinds (a date is
/// Kind::date, no timestamp), whole numbers doubles where `real` is declared and decimals where `decimal` is. What decode() made of
/// text that fits its type returns as the canonical text of the same value ("P2W" as "P14D", "12.99 EUR" as {"minor", "currency"}).
[[nodiscard]] cel::Value decode(const TypeSpec& type, const Json& json);
[[nodiscard]] Json encode(const TypeSpec& type, const cel::Value& value);
/// An object as expressions see it: every field is there, null when absent.
[[nodiscard]] cel::Value decode_object(const std::vector<Field>& fields, const Json& object);
/// A map that expressions made, as JSON: each member as its field is written (a date stays a date); others as they are.
[[nodiscard]] Json encode_object(const std::vector<Field>& fields, const cel::Value& map);

}  // namespace stellwerk::workflows
