#pragma once
// Values of the expression language. Scalars live inside the value; strings, lists and maps are shared and immutable, so copying
// a value never allocates. Thread-safe to read and copy.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/money.hpp"

namespace stellwerk::workflows::cel {

/// CEL's kinds, then the language's own: `date` is a day of the calendar, `period` a stretch of it (months and days, which have no
/// fixed length), `decimal` an exact number, `money` an amount of one currency.
enum class Kind : std::uint8_t { null, boolean, integer, uinteger, real, string, bytes, list, map, timestamp, duration, type, date, period, decimal, money };

/// A stretch of the calendar: years are 12 months, weeks 7 days. Either part may be negative. Bounds: 9,999 years each.
struct Period {
  std::int32_t months = 0;
  std::int32_t days = 0;
  friend bool operator==(const Period&, const Period&) = default;
};

class Value;
using List = std::vector<Value>;
using Entries = std::vector<std::pair<Value, Value>>;  ///< of a map: in insertion order, keys unique

/// One value. `integer` is CEL's int, `real` its double. Timestamps and durations have microseconds in the engine; the full
/// nanosecond range of CEL is kept as seconds and nanos.
class Value {
 public:
  Value() = default;  ///< null
  static Value of_bool(bool value);
  static Value of_int(std::int64_t value);
  static Value of_uint(std::uint64_t value);
  static Value of_double(double value);
  static Value of_string(std::string value);
  static Value of_bytes(std::string value);
  static Value of_list(List items);
  static Value of_map(Entries entries);
  static Value of_timestamp(std::int64_t seconds, std::int32_t nanos);
  static Value of_duration(std::int64_t seconds, std::int32_t nanos);
  static Value of_time(Time time);
  static Value of_span(Duration duration);
  static Value of_type(std::string name);
  static Value of_date(std::int64_t days);  ///< since 1970-01-01
  static Value of_period(Period period);
  static Value of_decimal(Decimal decimal);
  static Value of_money(Money money);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
  /// Each accessor requires its kind.
  [[nodiscard]] bool as_bool() const { return scalar_.boolean; }
  [[nodiscard]] std::int64_t as_int() const { return scalar_.integer; }
  [[nodiscard]] std::uint64_t as_uint() const { return scalar_.uinteger; }
  [[nodiscard]] double as_double() const { return scalar_.real; }
  [[nodiscard]] const std::string& as_string() const;  ///< also of bytes and type
  [[nodiscard]] const List& as_list() const;
  [[nodiscard]] const Entries& as_map() const;
  [[nodiscard]] std::int64_t seconds() const { return scalar_.integer; }  ///< of timestamp and duration
  [[nodiscard]] std::int32_t nanos() const { return nanos_; }
  [[nodiscard]] Time as_time() const;
  [[nodiscard]] Duration as_span() const;
  [[nodiscard]] std::int64_t as_date() const { return scalar_.integer; }  ///< days since 1970-01-01
  [[nodiscard]] Period as_period() const { return {static_cast<std::int32_t>(scalar_.integer), nanos_}; }
  [[nodiscard]] Decimal as_decimal() const { return {scalar_.integer, nanos_}; }
  [[nodiscard]] Money as_money() const { return {scalar_.integer, Currency{static_cast<std::uint32_t>(nanos_)}}; }

  /// The member of a map with a string key, or nullptr.
  [[nodiscard]] const Value* find(std::string_view key) const;

  /// CEL's `==`: numbers compare across int, uint and double, decimals by their number with each other and with int; lists and maps
  /// by content; other kinds differ. Periods are equal when months and days are, amounts when currency and minor units are.
  friend bool operator==(const Value& a, const Value& b);

 private:
  union Scalar {
    bool boolean;
    std::int64_t integer = 0;
    std::uint64_t uinteger;
    double real;
  };
  Kind kind_ = Kind::null;
  std::int32_t nanos_ = 0;  ///< of timestamp and duration; days of a period, scale of a decimal, currency of money
  Scalar scalar_;
  std::shared_ptr<const void> shared_;  ///< std::string, List or Entries, by kind
};

inline Value Value::of_bool(bool value) {
  Value made;
  made.kind_ = Kind::boolean;
  made.scalar_.boolean = value;
  return made;
}
inline Value Value::of_int(std::int64_t value) {
  Value made;
  made.kind_ = Kind::integer;
  made.scalar_.integer = value;
  return made;
}
inline Value Value::of_uint(std::uint64_t value) {
  Value made;
  made.kind_ = Kind::uinteger;
  made.scalar_.uinteger = value;
  return made;
}
inline Value Value::of_double(double value) {
  Value made;
  made.kind_ = Kind::real;
  made.scalar_.real = value;
  return made;
}
inline const std::string& Value::as_string() const { return *static_cast<const std::string*>(shared_.get()); }
inline const List& Value::as_list() const { return *static_cast<const List*>(shared_.get()); }
inline const Entries& Value::as_map() const { return *static_cast<const Entries*>(shared_.get()); }

/// "int", "string", "google.protobuf.Timestamp", "date", "period", "decimal", "money", … as type() names them.
[[nodiscard]] std::string_view kind_name(Kind kind);

/// JSON to value: integers become int (uint when beyond int64), other numbers double.
[[nodiscard]] Value from_json(const Json& json);
/// Value to JSON: timestamps as RFC 3339, durations as ISO 8601 ("PT5M"), bytes as base64, uint as number, NaN and infinities as text;
/// dates as "2026-03-31", periods as "P1M10D", decimals as text "12.50", money as {"minor": 1299, "currency": "EUR"}.
[[nodiscard]] Json to_json(const Value& value);
/// Text as `${…}` puts it into a string: strings as they are, others like CEL's string() (money: "12.99 EUR"); lists and maps as JSON; null as "".
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace stellwerk::workflows::cel
