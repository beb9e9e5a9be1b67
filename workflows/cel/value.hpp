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

namespace stellwerk::workflows::cel {

enum class Kind : std::uint8_t { null, boolean, integer, uinteger, real, string, bytes, list, map, timestamp, duration, type };

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

  /// The member of a map with a string key, or nullptr.
  [[nodiscard]] const Value* find(std::string_view key) const;

  /// CEL's `==`: numbers compare across int, uint and double; lists and maps by content; other kinds differ.
  friend bool operator==(const Value& a, const Value& b);

 private:
  union Scalar {
    bool boolean;
    std::int64_t integer = 0;
    std::uint64_t uinteger;
    double real;
  };
  Kind kind_ = Kind::null;
  std::int32_t nanos_ = 0;
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

/// "int", "string", "google.protobuf.Timestamp", … as CEL's type() names them.
[[nodiscard]] std::string_view kind_name(Kind kind);

/// JSON to value: integers become int (uint when beyond int64), other numbers double.
[[nodiscard]] Value from_json(const Json& json);
/// Value to JSON: timestamps as RFC 3339, durations as ISO 8601 ("PT5M"), bytes as base64, uint as number, NaN and infinities as text.
[[nodiscard]] Json to_json(const Value& value);
/// Text as `${…}` puts it into a string: strings as they are, others like CEL's string(); lists and maps as JSON; null as "".
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace stellwerk::workflows::cel
