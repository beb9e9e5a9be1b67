// JSON read by a declared type: JSON itself has no timestamps, durations or doubles without a fraction.

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/cel.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

const Type& open_type() {
  static const Type open;
  return open;
}

Value text_value(const boost::json::string& text, Type::Base base) {
  if (base == Type::Base::timestamp) {
    if (const auto instant = parse_timestamp(as_view(text))) return Value::of_timestamp(instant->seconds, instant->nanos);
  }
  if (base == Type::Base::duration) {
    if (const auto span = parse_span(as_view(text))) return Value::of_duration(span->seconds, span->nanos);
  }
  if (base == Type::Base::date) {
    if (const auto day = parse_date(as_view(text))) return Value::of_date(*day);
  }
  if (base == Type::Base::period) {
    if (const auto period = parse_period(as_view(text))) return Value::of_period(*period);
  }
  if (base == Type::Base::decimal) {
    if (const auto decimal = parse_decimal(as_view(text))) return Value::of_decimal(*decimal);
  }
  if (base == Type::Base::money) {
    if (const auto money = parse_money(as_view(text))) return Value::of_money(*money);
  }
  return Value::of_string(std::string{as_view(text)});
}

/// {"minor": 1299, "currency": "EUR"} and nothing else.
std::optional<Money> money_of(const JsonObject& object) {
  const auto* minor = object.if_contains("minor");
  const auto* letters = object.if_contains("currency");
  if (object.size() != 2 || minor == nullptr || letters == nullptr || !minor->is_int64() || !letters->is_string()) return std::nullopt;
  const auto currency = Currency::of(as_view(letters->get_string()));
  return currency ? std::optional{Money{minor->get_int64(), *currency}} : std::nullopt;
}

}  // namespace

Value from_json(const Json& json, const Type& type) {
  if (json.is_string()) return text_value(json.get_string(), type.base);
  if (type.base == Type::Base::real && json.is_int64()) return Value::of_double(static_cast<double>(json.get_int64()));
  if (type.base == Type::Base::real && json.is_uint64()) return Value::of_double(static_cast<double>(json.get_uint64()));
  if (type.base == Type::Base::decimal && json.is_int64()) return Value::of_decimal({json.get_int64(), 0});
  if (json.is_array()) {
    List items;
    items.reserve(json.get_array().size());
    for (const auto& item : json.get_array()) items.push_back(from_json(item, type.element ? *type.element : open_type()));
    return Value::of_list(std::move(items));
  }
  if (json.is_object()) {
    if (type.base == Type::Base::money) {
      if (const auto money = money_of(json.get_object())) return Value::of_money(*money);
    }
    Entries entries;
    entries.reserve(json.get_object().size());
    for (const auto& member : json.get_object()) {
      const Type* declared = type.element ? type.element.get() : &open_type();
      if (type.fields) {
        const auto found = type.fields->find(std::string_view{member.key().data(), member.key().size()});
        if (found != type.fields->end()) declared = &found->second;
      }
      entries.emplace_back(Value::of_string(std::string{member.key()}), from_json(member.value(), *declared));
    }
    return Value::of_map(std::move(entries));
  }
  return from_json(json);
}

}  // namespace stellwerk::workflows::cel
