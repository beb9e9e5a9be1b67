#include "core/outcome.hpp"

#include <array>
#include <utility>

namespace stellwerk {
namespace {

constexpr std::array<std::pair<OutcomeClass, std::string_view>, 11> names{{
    {OutcomeClass::done, "done"},
    {OutcomeClass::already, "already"},
    {OutcomeClass::not_done, "not_done"},
    {OutcomeClass::pending, "pending"},
    {OutcomeClass::retry, "retry"},
    {OutcomeClass::retry_after, "retry_after"},
    {OutcomeClass::unclear, "unclear"},
    {OutcomeClass::conflict, "conflict"},
    {OutcomeClass::gone, "gone"},
    {OutcomeClass::rejected_customer, "rejected_customer"},
    {OutcomeClass::rejected_operator, "rejected_operator"},
}};

}  // namespace

std::string_view to_string(OutcomeClass outcome) {
  for (const auto& [value, name] : names)
    if (value == outcome) return name;
  return "unclear";
}

std::optional<OutcomeClass> parse_outcome(std::string_view text) {
  for (const auto& [value, name] : names)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace stellwerk
