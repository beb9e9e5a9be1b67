// lists and maps: size, first, latest and earliest

#include "workflows/cel/functions.hpp"
#include "workflows/cel/numbers.hpp"
#include "workflows/cel/operators.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool size_of_list(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(static_cast<std::int64_t>(a[0].as_list().size()));
  return true;
}
bool size_of_map(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(static_cast<std::int64_t>(a[0].as_map().size()));
  return true;
}
bool first(Run&, const Arguments& a, Value& out) {
  out = a[0].as_list().empty() ? Value{} : a[0].as_list().front();
  return true;
}

/// The extreme of comparable values; null values do not take part, null when there is no other.
bool extreme(Run& run, const Arguments& a, Value& out, bool latest) {
  const Value* best = nullptr;
  for (const Value* candidate : a.items()) {
    if (candidate->is_null()) continue;
    if (best == nullptr) {
      best = candidate;
      continue;
    }
    const auto order = compare_values(*candidate, *best);
    if (!order) {
      auto why = why_incomparable(*candidate, *best, true);
      return run.fail(why.empty() ? no_overload(latest ? "latest" : "earliest", a.items()) : std::move(why));
    }
    if (latest ? *order > 0 : *order < 0) best = candidate;
  }
  out = best != nullptr ? *best : Value{};
  return true;
}
bool latest(Run& run, const Arguments& a, Value& out) { return extreme(run, a, out, true); }
bool earliest(Run& run, const Arguments& a, Value& out) { return extreme(run, a, out, false); }

}  // namespace

std::span<const Overload> list_functions() {
  using enum Type::Base;
  static constexpr Mask point = takes::timestamp | takes::null, day = takes::date | takes::null, span = takes::duration | takes::null, length = takes::period | takes::null;
  static const Overload rows[] = {
      {"size", false, {takes::list}, integer, size_of_list},
      {"size", true, {takes::list}, integer, size_of_list},
      {"size", false, {takes::map}, integer, size_of_map},
      {"size", true, {takes::map}, integer, size_of_map},
      {"first", false, {takes::list}, dyn, first, Shape::element_or_null},
      {"first", true, {takes::list}, dyn, first, Shape::element_or_null},
      // a row for each kind: a date and a timestamp have no order
      {"latest", false, {point}, dyn, latest, Shape::first_argument, true},
      {"latest", false, {day}, dyn, latest, Shape::first_argument, true},
      {"latest", false, {span}, dyn, latest, Shape::first_argument, true},
      {"latest", false, {length}, dyn, latest, Shape::first_argument, true},
      {"earliest", false, {point}, dyn, earliest, Shape::first_argument, true},
      {"earliest", false, {day}, dyn, earliest, Shape::first_argument, true},
      {"earliest", false, {span}, dyn, earliest, Shape::first_argument, true},
      {"earliest", false, {length}, dyn, earliest, Shape::first_argument, true},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
