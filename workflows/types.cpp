// Declared types as expressions see them, and values on their way between JSON and expressions. Checking of values: values.cpp;
// reading of declarations: type_reader.cpp.
#include "workflows/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/formats.hpp"

namespace stellwerk::workflows {
namespace {

using Base = TypeSpec::Base;

cel::Type::Base cel_base(Base base) {
  using enum Base;
  using To = cel::Type::Base;
  switch (base) {
    case string:
    case enumeration:
    case ref:
    case secret:
    case url: return To::string;
    case integer: return To::integer;
    case boolean: return To::boolean;
    case real: return To::real;
    case date: return To::date;
    case timestamp: return To::timestamp;
    case period: return To::period;
    case decimal: return To::decimal;
    case money: return To::money;
    case duration: return To::duration;
    case list: return To::list;
    case map: return To::map;
    case any: return To::dyn;
  }
  return To::dyn;
}

/// What to write instead of a kind that is close and still another; empty: no advice.
std::string_view advice(cel::Type::Base wanted, cel::Type::Base given) {
  using To = cel::Type::Base;
  if (wanted == To::date && given == To::timestamp) return "; write date(…)";
  if (wanted == To::timestamp && given == To::date) return "; write timestamp(…)";
  if (wanted == To::period && given == To::duration) return "; write a period such as P10D or days(n)";
  if (wanted == To::duration && given == To::period) return "; write a fixed length such as PT72H or duration('P3D')";
  if (wanted == To::decimal && given == To::real) return "; write decimal('12.50')";
  if (wanted == To::money && (given == To::integer || given == To::decimal || given == To::string)) return "; write money(…, 'EUR')";
  return {};
}

/// May a value of `given` be taken where `wanted` is? Kinds that numbers convert between are one.
bool bases_fit(cel::Type::Base wanted, cel::Type::Base given) {
  using To = cel::Type::Base;
  if (wanted == given) return true;
  if (wanted == To::integer) return given == To::uinteger;
  if (wanted == To::decimal) return given == To::integer;
  return wanted == To::real && (given == To::integer || given == To::uinteger);
}

/// Kinds that JSON has no form for, so they are text there (or a map).
bool has_kind_of_its_own(Base base) {
  return base == Base::date || base == Base::timestamp || base == Base::duration || base == Base::period || base == Base::decimal || base == Base::money;
}

Result<Time> not_text() { return fail(ErrorCode::invalid_argument, "no text"); }

}  // namespace

std::string name_of(const TypeSpec& type) {
  using enum Base;
  switch (type.base) {
    case string: return "string";
    case integer: return "int";
    case boolean: return "bool";
    case real: return "real";
    case date: return "date";
    case timestamp: return "timestamp";
    case duration: return "duration";
    case period: return "period";
    case enumeration: {
      std::string text = "one of ";
      for (std::size_t i = 0; i < type.values.size(); ++i) text += (i > 0 ? ", " : "") + type.values[i];
      return text;
    }
    case list: return type.of ? "list of " + name_of(*type.of) : "list";
    case map: return "map";
    case ref: return type.kind.empty() ? "ref" : "ref to " + type.kind;
    case secret: return "secret";
    case url: return "url";
    case any: return "any";
    case decimal: return "decimal";
    case money: return "money";
  }
  return {};
}

cel::Type cel_type(const TypeSpec& type, bool nullable) {
  auto made = cel::Type::of(cel_base(type.base), nullable);
  if (type.base == Base::enumeration) made.values = type.values;
  if (type.base == Base::list && type.of) made.element = std::make_shared<const cel::Type>(cel_type(*type.of, false));
  return made;
}

cel::Type record_type(const std::vector<Field>& fields, bool secrets) {
  std::map<std::string, cel::Type, std::less<>> members;
  for (const auto& field : fields) {
    if (!secrets && field.type.base == Base::secret) continue;
    members.emplace(field.name, cel_type(field.type, !field.required && !field.fallback));
  }
  return cel::Type::record(std::move(members));
}

std::string misfit(const TypeSpec& type, const cel::Type& given) {
  using To = cel::Type::Base;
  if (type.base == Base::any || given.base == To::dyn || given.base == To::null) return {};
  if (!bases_fit(cel_base(type.base), given.base)) return fmt::format("takes {}, but this gives {}{}", name_of(type), given.name(), advice(cel_base(type.base), given.base));
  if (type.base == Base::enumeration) {
    for (const auto& value : given.values) {
      if (std::ranges::find(type.values, value) == type.values.end()) return fmt::format("takes {}, but this may give '{}'", name_of(type), value);
    }
  }
  if (type.base == Base::list && type.of && given.element) {
    if (const auto why = misfit(*type.of, *given.element); !why.empty()) return fmt::format("has items each of which {}", why);
  }
  return {};
}

cel::Value decode(const TypeSpec& type, const Json& json) {
  using enum Base;
  switch (type.base) {
    case timestamp:
      // up to microseconds, as the engine keeps its moments
      if (const auto time = json.is_string() ? parse_time(as_view(json.get_string())) : not_text()) return cel::Value::of_time(*time);
      return cel::from_json(json);
    case date:
    case duration:
    case period:
    case decimal:
    case money:
    case real: return cel::from_json(json, cel::Type::of(cel_base(type.base)));
    case list: {
      if (!type.of || !json.is_array()) return cel::from_json(json);
      cel::List items;
      items.reserve(json.get_array().size());
      for (const auto& item : json.get_array()) items.push_back(decode(*type.of, item));
      return cel::Value::of_list(std::move(items));
    }
    case string:
    case integer:
    case boolean:
    case enumeration:
    case map:
    case ref:
    case secret:
    case url:
    case any: return cel::from_json(json);
  }
  return cel::from_json(json);
}

Json encode(const TypeSpec& type, const cel::Value& value) {
  // what authors wrote as text: it becomes the kind, so that the same value is always written the same way
  const bool written = value.kind() == cel::Kind::string || (type.base == Base::money && value.kind() == cel::Kind::map);
  if (written && has_kind_of_its_own(type.base)) return cel::to_json(decode(type, cel::to_json(value)));
  if (type.base == Base::decimal && value.kind() == cel::Kind::integer) return cel::to_json(cel::Value::of_decimal({value.as_int(), 0}));
  if (type.base == Base::list && type.of && value.kind() == cel::Kind::list) {
    JsonArray items;
    for (const auto& item : value.as_list()) items.push_back(encode(*type.of, item));
    return items;
  }
  return cel::to_json(value);
}

cel::Value decode_object(const std::vector<Field>& fields, const Json& object) {
  cel::Entries entries;
  entries.reserve(fields.size());
  for (const auto& field : fields) {
    const auto* member = find_member(object, field.name);
    entries.emplace_back(cel::Value::of_string(field.name), member ? decode(field.type, *member) : cel::Value{});
  }
  return cel::Value::of_map(std::move(entries));
}

Json encode_object(const std::vector<Field>& fields, const cel::Value& map) {
  if (map.kind() != cel::Kind::map) return cel::to_json(map);
  JsonObject object;
  object.reserve(map.as_map().size());
  for (const auto& [key, value] : map.as_map()) {
    const bool named = key.kind() == cel::Kind::string;
    const auto field = named ? std::ranges::find(fields, key.as_string(), &Field::name) : fields.end();
    object.insert_or_assign(named ? key.as_string() : cel::to_text(key), field == fields.end() ? cel::to_json(value) : encode(field->type, value));
  }
  return object;
}

}  // namespace stellwerk::workflows
