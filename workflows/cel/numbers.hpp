#pragma once
// Numbers across int, uint and double: exact comparison, conversions that notice loss of range.

#include <compare>
#include <cstdint>
#include <optional>

#include "workflows/cel/value.hpp"

namespace stellwerk::workflows::cel {

[[nodiscard]] constexpr bool is_number(Kind kind) { return kind == Kind::integer || kind == Kind::uinteger || kind == Kind::real; }

/// Compares the mathematical values; NaN is unordered. Both must be numbers.
[[nodiscard]] std::partial_ordering compare_numbers(const Value& a, const Value& b);

/// Towards zero; nothing when the result does not fit (or NaN).
[[nodiscard]] std::optional<std::int64_t> int_from(double value);
[[nodiscard]] std::optional<std::uint64_t> uint_from(double value);
/// The int of a number that has no fraction and fits; nothing otherwise or for other kinds. For indexes.
[[nodiscard]] std::optional<std::int64_t> whole_number(const Value& value);

/// Order of two strings, bytes, bools, timestamps, durations, dates, numbers or decimals (also with int), of periods both in months or
/// both in days, of money of one currency; nothing for others.
[[nodiscard]] std::optional<std::partial_ordering> compare_values(const Value& a, const Value& b);

/// Content equality as operator==, each element counted against `steps`; stops with false at 0.
[[nodiscard]] bool equal_within(const Value& a, const Value& b, int& steps);
/// The value under `key` of any kind, or nullptr. Numbers match across kinds.
[[nodiscard]] const Value* find_entry(const Entries& entries, const Value& key);

}  // namespace stellwerk::workflows::cel
