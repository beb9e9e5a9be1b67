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
    case url:
    case period: return To::string;
    case integer: return To::integer;
    case boolean: return To::boolean;
    case real: return To::real;
    case date:
    case timestamp: return To::timestamp;
    case duration: return To::duration;
    case list: return To::list;
    case map: return To::map;
    case any: return To::dyn;
  }
  return To::dyn;
}

/// May a value of `given` be taken where `wanted` is? Kinds that numbers convert between are one.
bool bases_fit(cel::Type::Base wanted, cel::Type::Base given) {
  using To = cel::Type::Base;
  if (wanted == given) return true;
  if (wanted == To::integer) return given == To::uinteger;
  return wanted == To::real && (given == To::integer || given == To::uinteger);
}

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
  if (!bases_fit(cel_base(type.base), given.base)) return fmt::format("takes {}, but this gives {}", name_of(type), given.name());
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
  if (json.is_string()) {
    const auto text = as_view(json.get_string());
    switch (type.base) {
      case timestamp:
        if (const auto time = parse_time(text)) return cel::Value::of_time(*time);
        break;
      case date:
        if (is_date(text)) {
          if (const auto time = parse_time(fmt::format("{}T00:00:00Z", text))) return cel::Value::of_time(*time);
        }
        break;
      case duration:
        if (const auto span = parse_duration(text)) return cel::Value::of_span(*span);
        break;
      case string:
      case integer:
      case boolean:
      case real:
      case period:
      case enumeration:
      case list:
      case map:
      case ref:
      case secret:
      case url:
      case any: break;
    }
  }
  if (type.base == real && json.is_int64()) return cel::Value::of_double(static_cast<double>(json.get_int64()));
  if (type.base == list && type.of && json.is_array()) {
    cel::List items;
    items.reserve(json.get_array().size());
    for (const auto& item : json.get_array()) items.push_back(decode(*type.of, item));
    return cel::Value::of_list(std::move(items));
  }
  return cel::from_json(json);
}

Json encode(const TypeSpec& type, const cel::Value& value) {
  if (type.base == Base::date && value.kind() == cel::Kind::timestamp) return Json(format_time(value.as_time()).substr(0, 10));
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
  auto json = cel::to_json(map);
  if (!json.is_object()) return json;
  for (const auto& field : fields) {
    if (const auto* member = map.find(field.name)) json.get_object()[field.name] = encode(field.type, *member);
  }
  return json;
}

}  // namespace stellwerk::workflows
