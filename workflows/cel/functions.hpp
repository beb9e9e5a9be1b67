#pragma once
// The functions of the language: one table row per overload, read by the checker (kinds, counts, result) and by the evaluator.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workflows/cel/ast.hpp"
#include "workflows/cel/run.hpp"

namespace stellwerk::workflows::cel {

/// Arguments of a call, the receiver of a method first.
class Arguments {
 public:
  Arguments(std::span<const Value* const> items, const void* prepared) : items_{items}, prepared_{prepared} {}
  const Value& operator[](std::size_t i) const { return *items_[i]; }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::span<const Value* const> items() const { return items_; }
  /// The pattern compiled when the expression was, or nullptr.
  [[nodiscard]] const void* prepared() const { return prepared_; }

 private:
  std::span<const Value* const> items_;
  const void* prepared_;
};

/// Kinds as bits: what a parameter takes.
using Mask = std::uint16_t;
constexpr Mask mask_of(Kind kind) { return static_cast<Mask>(1u << static_cast<unsigned>(kind)); }
namespace takes {
constexpr Mask null = mask_of(Kind::null), boolean = mask_of(Kind::boolean), integer = mask_of(Kind::integer), uinteger = mask_of(Kind::uinteger),
               real = mask_of(Kind::real), string = mask_of(Kind::string), bytes = mask_of(Kind::bytes), list = mask_of(Kind::list), map = mask_of(Kind::map),
               timestamp = mask_of(Kind::timestamp), duration = mask_of(Kind::duration), type = mask_of(Kind::type),
               date = mask_of(Kind::date), period = mask_of(Kind::period), decimal = mask_of(Kind::decimal), money = mask_of(Kind::money);
constexpr Mask whole = integer | uinteger, number = whole | real, any = 0xFFFF;
}  // namespace takes

/// What the result is, beyond its base.
enum class Shape : std::uint8_t {
  plain,
  element_or_null,  ///< of the first argument, a list
  strings,          ///< a list of strings
  first_argument,   ///< the type of the first argument
  nullable,
};

struct Overload {
  std::string_view name;
  bool method = false;
  std::array<Mask, 4> parameters{};  ///< 0 ends the list
  Type::Base result = Type::Base::dyn;
  /// Gives the value in `out`, or notes the error and returns false.
  bool (*call)(Run& run, const Arguments& arguments, Value& out) = nullptr;
  Shape shape = Shape::plain;
  bool variadic = false;  ///< the last parameter may be repeated

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] bool takes_count(std::size_t arguments) const { return variadic ? arguments >= count() : arguments == count(); }
  [[nodiscard]] Mask parameter(std::size_t i) const { return parameters[i < count() ? i : count() - 1]; }
};

/// Every overload of a name in one style; empty: there is no such function.
[[nodiscard]] std::span<const Overload> find_overloads(std::string_view name, bool method);
/// Names of one style, for hints.
[[nodiscard]] std::vector<std::string> function_names(bool method);

// Rows by subject; each in its functions_*.cpp.
[[nodiscard]] std::span<const Overload> conversion_functions();
[[nodiscard]] std::span<const Overload> string_functions();
[[nodiscard]] std::span<const Overload> text_functions();
[[nodiscard]] std::span<const Overload> format_functions();
[[nodiscard]] std::span<const Overload> regex_functions();
[[nodiscard]] std::span<const Overload> list_functions();
[[nodiscard]] std::span<const Overload> math_functions();
[[nodiscard]] std::span<const Overload> time_functions();
[[nodiscard]] std::span<const Overload> calendar_functions();
[[nodiscard]] std::span<const Overload> money_functions();

/// "no such overload: name(int, string)".
[[nodiscard]] std::string no_overload(std::string_view name, std::span<const Value* const> arguments);

/// Compiles a pattern within the bounds of the language. Errors: what RE2 says.
[[nodiscard]] Result<std::shared_ptr<const void>> prepare_regex(std::string_view pattern);

}  // namespace stellwerk::workflows::cel
