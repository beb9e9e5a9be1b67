#include "workflows/cel/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "workflows/cel/calendar.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr double two_63 = 9223372036854775808.0, two_64 = 18446744073709551616.0;

std::partial_ordering compare(std::int64_t a, std::uint64_t b) { return a < 0 ? std::partial_ordering::less : static_cast<std::uint64_t>(a) <=> b; }

std::partial_ordering compare(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= two_63) return std::partial_ordering::less;
  if (b < -two_63) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto order = a <=> static_cast<std::int64_t>(whole); order != 0) return order;
  return 0.0 <=> b - whole;
}

std::partial_ordering compare(std::uint64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= two_64) return std::partial_ordering::less;
  if (b < 0) return std::partial_ordering::greater;
  const double whole = std::trunc(b);
  if (const auto order = a <=> static_cast<std::uint64_t>(whole); order != 0) return order;
  return 0.0 <=> b - whole;
}

/// A decimal and an int, or two decimals: exact numbers, apart from the doubles.
bool are_decimals(Kind a, Kind b) { return (a == Kind::decimal && (b == Kind::decimal || b == Kind::integer)) || (a == Kind::integer && b == Kind::decimal); }
int compare_decimals(const Value& a, const Value& b) {
  const auto decimal = [](const Value& value) { return value.kind() == Kind::decimal ? value.as_decimal() : Decimal{value.as_int(), 0}; };
  return compare(decimal(a), decimal(b));
}

}  // namespace

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::integer) {
    if (b.kind() == Kind::integer) return a.as_int() <=> b.as_int();
    return b.kind() == Kind::uinteger ? compare(a.as_int(), b.as_uint()) : compare(a.as_int(), b.as_double());
  }
  if (a.kind() == Kind::uinteger) {
    if (b.kind() == Kind::uinteger) return a.as_uint() <=> b.as_uint();
    return b.kind() == Kind::integer ? 0 <=> compare(b.as_int(), a.as_uint()) : compare(a.as_uint(), b.as_double());
  }
  if (b.kind() == Kind::real) return a.as_double() <=> b.as_double();
  return 0 <=> (b.kind() == Kind::integer ? compare(b.as_int(), a.as_double()) : compare(b.as_uint(), a.as_double()));
}

std::optional<std::int64_t> int_from(double value) {
  // the lower bound itself is excluded: CEL calls it out of range for doubles
  if (!(value > -two_63 && value < two_63)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::uint64_t> uint_from(double value) {
  if (!(value > -1 && value < two_64)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::int64_t> whole_number(const Value& value) {
  if (value.kind() == Kind::integer) return value.as_int();
  if (value.kind() == Kind::uinteger) return value.as_uint() <= static_cast<std::uint64_t>(INT64_MAX) ? std::optional{static_cast<std::int64_t>(value.as_uint())} : std::nullopt;
  if (value.kind() == Kind::real && std::trunc(value.as_double()) == value.as_double()) return int_from(value.as_double());
  return std::nullopt;
}

std::optional<std::partial_ordering> compare_values(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b);
  if (are_decimals(a.kind(), b.kind())) return compare_decimals(a, b) <=> 0;
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case Kind::boolean: return a.as_bool() <=> b.as_bool();
    case Kind::string:
    case Kind::bytes: return a.as_string().compare(b.as_string()) <=> 0;  // code point order is byte order in UTF-8
    case Kind::timestamp:
    case Kind::duration:
      if (const auto order = a.seconds() <=> b.seconds(); order != 0) return order;
      return a.nanos() <=> b.nanos();
    case Kind::date: return a.as_date() <=> b.as_date();
    case Kind::period: return compare_periods(a.as_period(), b.as_period());
    case Kind::money:
      if (a.as_money().currency != b.as_money().currency) return std::nullopt;
      return a.as_money().minor <=> b.as_money().minor;
    case Kind::decimal:  // handled above
    case Kind::null:
    case Kind::integer:
    case Kind::uinteger:
    case Kind::real:
    case Kind::list:
    case Kind::map:
    case Kind::type: return std::nullopt;
  }
  return std::nullopt;
}

const Value* find_entry(const Entries& entries, const Value& key) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
  return found == entries.end() ? nullptr : &found->second;
}

bool equal_within(const Value& a, const Value& b, int& steps) {
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b) == 0;
  if (are_decimals(a.kind(), b.kind())) return compare_decimals(a, b) == 0;
  if (a.kind() != b.kind() || steps <= 0) return false;
  switch (a.kind()) {
    case Kind::null: return true;
    case Kind::boolean: return a.as_bool() == b.as_bool();
    case Kind::string:
    case Kind::bytes:
    case Kind::type: return a.as_string() == b.as_string();
    case Kind::timestamp:
    case Kind::duration: return a.seconds() == b.seconds() && a.nanos() == b.nanos();
    case Kind::date: return a.as_date() == b.as_date();
    case Kind::period: return a.as_period() == b.as_period();
    case Kind::money: return a.as_money() == b.as_money();
    case Kind::list: {
      const auto& left = a.as_list();
      const auto& right = b.as_list();
      if (left.size() != right.size()) return false;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (--steps <= 0 || !equal_within(left[i], right[i], steps)) return false;
      }
      return true;
    }
    case Kind::map: {
      const auto& left = a.as_map();
      const auto& right = b.as_map();
      if (left.size() != right.size()) return false;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (--steps <= 0) return false;
        const bool same_place = left[i].first == right[i].first;
        if (!same_place) steps -= static_cast<int>(std::min<std::size_t>(right.size() / 16, 1'000'000));
        const Value* other = same_place ? &right[i].second : find_entry(right, left[i].first);
        if (other == nullptr || !equal_within(left[i].second, *other, steps)) return false;
      }
      return true;
    }
    case Kind::integer:
    case Kind::uinteger:
    case Kind::real:
    case Kind::decimal: return false;  // handled above
  }
  return false;
}

bool operator==(const Value& a, const Value& b) {
  int unbounded = std::numeric_limits<int>::max();
  return equal_within(a, b, unbounded);
}

}  // namespace stellwerk::workflows::cel
