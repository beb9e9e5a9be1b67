#pragma once
// Exact numbers: decimals, currencies, amounts of money. No floating point anywhere, no rounding: what does not fit is an error.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace stellwerk {

/// A number in decimal notation: coefficient / 10^scale. The scale is kept as written ("12.50" has 2); two decimals are the same
/// number when compare() says so.
struct Decimal {
  static constexpr std::int32_t max_scale = 9;
  std::int64_t coefficient = 0;
  std::int32_t scale = 0;  ///< 0 to max_scale
};

/// "12.50", "-3", "+0.125": at most nine digits behind the point. Errors: invalid_argument.
[[nodiscard]] Result<Decimal> parse_decimal(std::string_view text);
[[nodiscard]] std::string format_decimal(Decimal decimal);
/// Below, at or above 0 as a < b, a == b, a > b by number.
[[nodiscard]] int compare(Decimal a, Decimal b);
// The scale of a sum is the larger one, of a product both together (zeros at the end go first when that is beyond nine). Nothing when
// the result does not fit.
[[nodiscard]] std::optional<Decimal> add(Decimal a, Decimal b);
[[nodiscard]] std::optional<Decimal> subtract(Decimal a, Decimal b);
[[nodiscard]] std::optional<Decimal> multiply(Decimal a, Decimal b);

/// A currency by its three letters (ISO 4217).
class Currency {
 public:
  constexpr Currency() = default;
  /// As packed() gives it.
  explicit constexpr Currency(std::uint32_t packed) : packed_{packed} {}
  /// Three capital letters; nothing otherwise.
  [[nodiscard]] static std::optional<Currency> of(std::string_view letters);
  [[nodiscard]] std::string text() const;
  /// Digits of the minor unit: EUR 2, JPY 0, KWD 3 (ISO 4217 list one); 2 for currencies not in the list.
  [[nodiscard]] int digits() const;
  [[nodiscard]] constexpr std::uint32_t packed() const { return packed_; }
  friend constexpr bool operator==(Currency, Currency) = default;

 private:
  std::uint32_t packed_ = 0;
};

/// An amount in minor units (cents).
struct Money {
  std::int64_t minor = 0;
  Currency currency;
  friend bool operator==(const Money&, const Money&) = default;
};

/// "12.99 EUR": not more digits than the currency has, fewer are filled up. Errors: invalid_argument.
[[nodiscard]] Result<Money> parse_money(std::string_view text);
/// "12.99 EUR", "-0.05 EUR", "1299 JPY".
[[nodiscard]] std::string format_money(Money money);
/// The amount as a number of whole units: 12.99.
[[nodiscard]] Decimal to_decimal(Money money);
/// The other way; errors: invalid_argument when the currency has fewer digits than the amount needs.
[[nodiscard]] Result<Money> to_money(Decimal amount, Currency currency);

}  // namespace stellwerk
