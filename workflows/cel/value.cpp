#include "workflows/cel/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/encoding.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;

std::int64_t to_micros(std::int64_t seconds, std::int32_t nanos) { return seconds * micros_per_second + nanos / 1'000; }

}  // namespace

Value Value::of_string(std::string value) {
  Value made;
  made.kind_ = Kind::string;
  made.shared_ = std::make_shared<const std::string>(std::move(value));
  return made;
}
Value Value::of_bytes(std::string value) {
  Value made = of_string(std::move(value));
  made.kind_ = Kind::bytes;
  return made;
}
Value Value::of_type(std::string name) {
  Value made = of_string(std::move(name));
  made.kind_ = Kind::type;
  return made;
}
Value Value::of_list(List items) {
  Value made;
  made.kind_ = Kind::list;
  made.shared_ = std::make_shared<const List>(std::move(items));
  return made;
}
Value Value::of_map(Entries entries) {
  Value made;
  made.kind_ = Kind::map;
  made.shared_ = std::make_shared<const Entries>(std::move(entries));
  return made;
}
Value Value::of_timestamp(std::int64_t seconds, std::int32_t nanos) {
  Value made;
  made.kind_ = Kind::timestamp;
  made.scalar_.integer = seconds;
  made.nanos_ = nanos;
  return made;
}
Value Value::of_duration(std::int64_t seconds, std::int32_t nanos) {
  Value made = of_timestamp(seconds, nanos);
  made.kind_ = Kind::duration;
  return made;
}
Value Value::of_date(std::int64_t days) {
  Value made = of_int(days);
  made.kind_ = Kind::date;
  return made;
}
Value Value::of_period(Period period) {
  Value made = of_timestamp(period.months, period.days);
  made.kind_ = Kind::period;
  return made;
}
Value Value::of_decimal(Decimal decimal) {
  Value made = of_timestamp(decimal.coefficient, decimal.scale);
  made.kind_ = Kind::decimal;
  return made;
}
Value Value::of_money(Money money) {
  Value made = of_timestamp(money.minor, static_cast<std::int32_t>(money.currency.packed()));
  made.kind_ = Kind::money;
  return made;
}
Value Value::of_time(Time time) {
  const auto micros = time.time_since_epoch().count();
  const auto seconds = micros / micros_per_second - (micros % micros_per_second < 0 ? 1 : 0);
  return of_timestamp(seconds, static_cast<std::int32_t>((micros - seconds * micros_per_second) * 1'000));
}
Value Value::of_span(Duration duration) {
  return of_duration(duration.count() / micros_per_second, static_cast<std::int32_t>(duration.count() % micros_per_second * 1'000));
}

Time Value::as_time() const { return Time{Duration{to_micros(seconds(), nanos_)}}; }
Duration Value::as_span() const { return Duration{to_micros(seconds(), nanos_)}; }

const Value* Value::find(std::string_view key) const {
  if (kind_ != Kind::map) return nullptr;
  for (const auto& [name, value] : as_map()) {
    if (name.kind() == Kind::string && name.as_string() == key) return &value;
  }
  return nullptr;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::null: return "null_type";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::uinteger: return "uint";
    case Kind::real: return "double";
    case Kind::string: return "string";
    case Kind::bytes: return "bytes";
    case Kind::list: return "list";
    case Kind::map: return "map";
    case Kind::timestamp: return "google.protobuf.Timestamp";
    case Kind::duration: return "google.protobuf.Duration";
    case Kind::type: return "type";
    case Kind::date: return "date";
    case Kind::period: return "period";
    case Kind::decimal: return "decimal";
    case Kind::money: return "money";
  }
  return "unknown";
}

Value from_json(const Json& json) {
  switch (json.kind()) {
    case boost::json::kind::null: return {};
    case boost::json::kind::bool_: return Value::of_bool(json.get_bool());
    case boost::json::kind::int64: return Value::of_int(json.get_int64());
    case boost::json::kind::uint64:
      return json.get_uint64() <= static_cast<std::uint64_t>(INT64_MAX) ? Value::of_int(static_cast<std::int64_t>(json.get_uint64())) : Value::of_uint(json.get_uint64());
    case boost::json::kind::double_: return Value::of_double(json.get_double());
    case boost::json::kind::string: return Value::of_string(std::string{as_view(json.get_string())});
    case boost::json::kind::array: {
      List items;
      items.reserve(json.get_array().size());
      for (const auto& item : json.get_array()) items.push_back(from_json(item));
      return Value::of_list(std::move(items));
    }
    case boost::json::kind::object: {
      Entries entries;
      entries.reserve(json.get_object().size());
      for (const auto& member : json.get_object()) entries.emplace_back(Value::of_string(std::string{member.key()}), from_json(member.value()));
      return Value::of_map(std::move(entries));
    }
  }
  return {};
}

Json to_json(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return nullptr;
    case Kind::boolean: return value.as_bool();
    case Kind::integer: return value.as_int();
    case Kind::uinteger: return value.as_uint();
    case Kind::real:
      if (!std::isfinite(value.as_double())) return Json(boost::json::string(double_text(value.as_double())));
      return value.as_double();
    case Kind::string:
    case Kind::type: return Json(boost::json::string(value.as_string()));
    case Kind::bytes: return Json(boost::json::string(base64_text(value.as_string())));
    case Kind::timestamp: return Json(boost::json::string(timestamp_text(value.seconds(), value.nanos())));
    case Kind::duration: return Json(boost::json::string(format_duration(value.as_span())));
    case Kind::date:
    case Kind::period:
    case Kind::decimal: return Json(boost::json::string(to_text(value)));
    case Kind::money: return JsonObject{{"minor", value.as_money().minor}, {"currency", value.as_money().currency.text()}};
    case Kind::list: {
      JsonArray items;
      items.reserve(value.as_list().size());
      for (const auto& item : value.as_list()) items.push_back(to_json(item));
      return items;
    }
    case Kind::map: {
      JsonObject members;
      for (const auto& [key, member] : value.as_map()) members[to_text(key)] = to_json(member);
      return members;
    }
  }
  return nullptr;
}

std::string to_text(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return {};
    case Kind::boolean: return value.as_bool() ? "true" : "false";
    case Kind::integer: return fmt::format("{}", value.as_int());
    case Kind::uinteger: return fmt::format("{}", value.as_uint());
    case Kind::real: return double_text(value.as_double());
    case Kind::string:
    case Kind::bytes:
    case Kind::type: return value.as_string();
    case Kind::timestamp: return timestamp_text(value.seconds(), value.nanos());
    case Kind::duration: return duration_text(value.seconds(), value.nanos());
    case Kind::date: return date_text(value.as_date());
    case Kind::period: return period_text(value.as_period());
    case Kind::decimal: return format_decimal(value.as_decimal());
    case Kind::money: return format_money(value.as_money());
    case Kind::list:
    case Kind::map: return dump_json(to_json(value));
  }
  return {};
}

}  // namespace stellwerk::workflows::cel
