#include "core/money.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace stellwerk {
namespace {

__extension__ using Wide = __int128;

constexpr std::array<std::int64_t, 10> powers{1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
std::int64_t power(std::int32_t exponent) { return powers[static_cast<std::size_t>(exponent)]; }

bool fits(Wide number) { return number >= std::numeric_limits<std::int64_t>::min() && number <= std::numeric_limits<std::int64_t>::max(); }

/// Takes zeros at the end away until the scale is allowed; nothing when digits would be lost.
std::optional<Decimal> made(Wide coefficient, std::int32_t scale) {
  for (; scale > Decimal::max_scale || (!fits(coefficient) && scale > 0); --scale) {
    if (coefficient % 10 != 0) return std::nullopt;
    coefficient /= 10;
  }
  if (!fits(coefficient)) return std::nullopt;
  return Decimal{static_cast<std::int64_t>(coefficient), scale};
}

Wide at_scale(Decimal decimal, std::int32_t scale) { return static_cast<Wide>(decimal.coefficient) * power(scale - decimal.scale); }

struct Digits {
  std::string_view currency;
  int digits;
};
/// Currencies whose minor unit has not two digits (ISO 4217 list one; UYW, CLF and the metals are no currencies to pay in).
constexpr std::array<Digits, 24> other_digits{{{"BHD", 3}, {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3}, {"ISK", 0}, {"JOD", 3},
                                               {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"PYG", 0}, {"RWF", 0},
                                               {"TND", 3}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0}}};

}  // namespace

Result<Decimal> parse_decimal(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no decimal: {}", text.substr(0, 64), why)); };
  std::size_t at = 0;
  const bool minus = text.starts_with('-');
  if (minus || text.starts_with('+')) ++at;
  Wide number = 0;
  std::int32_t scale = 0;
  bool point = false, digits = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && digits && !point) {
      point = true;
      digits = false;
      continue;
    }
    if (c < '0' || c > '9') return wrong("write digits and a point, such as 12.50");
    if (point && ++scale > Decimal::max_scale) return wrong("at most nine digits behind the point");
    number = number * 10 + (c - '0');
    if (!fits(-number)) return wrong("it does not fit 64 bits");
    digits = true;
  }
  if (!digits) return wrong("write digits and a point, such as 12.50");
  if (minus) number = -number;
  if (!fits(number)) return wrong("it does not fit 64 bits");
  return Decimal{static_cast<std::int64_t>(number), scale};
}

std::string format_decimal(Decimal decimal) {
  if (decimal.scale == 0) return fmt::format("{}", decimal.coefficient);
  const bool minus = decimal.coefficient < 0;
  const auto magnitude = minus ? 0 - static_cast<std::uint64_t>(decimal.coefficient) : static_cast<std::uint64_t>(decimal.coefficient);
  const auto unit = static_cast<std::uint64_t>(power(decimal.scale));
  return fmt::format("{}{}.{:0{}}", minus ? "-" : "", magnitude / unit, magnitude % unit, decimal.scale);
}

int compare(Decimal a, Decimal b) {
  const auto scale = std::max(a.scale, b.scale);
  const Wide left = at_scale(a, scale), right = at_scale(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

std::optional<Decimal> add(Decimal a, Decimal b) {
  const auto scale = std::max(a.scale, b.scale);
  return made(at_scale(a, scale) + at_scale(b, scale), scale);
}

std::optional<Decimal> subtract(Decimal a, Decimal b) {
  const auto scale = std::max(a.scale, b.scale);
  return made(at_scale(a, scale) - at_scale(b, scale), scale);
}

std::optional<Decimal> multiply(Decimal a, Decimal b) { return made(static_cast<Wide>(a.coefficient) * b.coefficient, a.scale + b.scale); }

std::optional<Currency> Currency::of(std::string_view letters) {
  if (letters.size() != 3 || !std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return std::nullopt;
  std::uint32_t packed = 0;
  for (const char c : letters) packed = packed << 8 | static_cast<unsigned char>(c);
  return Currency{packed};
}

std::string Currency::text() const { return {static_cast<char>(packed_ >> 16 & 0xFF), static_cast<char>(packed_ >> 8 & 0xFF), static_cast<char>(packed_ & 0xFF)}; }

int Currency::digits() const {
  const auto found = std::find_if(other_digits.begin(), other_digits.end(), [&](const Digits& row) { return Currency::of(row.currency) == *this; });
  return found == other_digits.end() ? 2 : found->digits;
}

Result<Money> parse_money(std::string_view text) {
  const auto space = text.rfind(' ');
  const auto currency = space == std::string_view::npos ? std::nullopt : Currency::of(text.substr(space + 1));
  if (!currency) return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no amount of money; write 12.99 EUR", text.substr(0, 64)));
  STELLWERK_TRY(const Decimal amount, parse_decimal(text.substr(0, space)));
  return to_money(amount, *currency);
}

std::string format_money(Money money) { return format_decimal(to_decimal(money)) + " " + money.currency.text(); }

Decimal to_decimal(Money money) { return {money.minor, money.currency.digits()}; }

Result<Money> to_money(Decimal amount, Currency currency) {
  const auto digits = currency.digits();
  Wide minor = amount.coefficient;
  for (auto scale = amount.scale; scale > digits; --scale) {
    if (minor % 10 != 0) {
      return fail(ErrorCode::invalid_argument, fmt::format("{} is no amount of {}: it has {} digits behind the point", format_decimal(amount), currency.text(), digits));
    }
    minor /= 10;
  }
  if (amount.scale < digits) minor *= power(digits - amount.scale);
  if (!fits(minor)) return fail(ErrorCode::invalid_argument, fmt::format("{} {} is out of range", format_decimal(amount), currency.text()));
  return Money{static_cast<std::int64_t>(minor), currency};
}

}  // namespace stellwerk
