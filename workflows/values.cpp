// Checking of JSON values against declared types.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/numbers.hpp"
#include "workflows/cel/utf8.hpp"
#include "workflows/formats.hpp"
#include "workflows/types.hpp"

namespace stellwerk::workflows {
namespace {

using Base = TypeSpec::Base;

constexpr std::size_t max_text = 64 * 1024;  ///< characters of a text whose type sets no bound

std::string bounds(const TypeSpec& type) {
  if (type.min && type.max) return *type.min == *type.max ? fmt::format("exactly {:.15g}", *type.min) : fmt::format("from {:.15g} to {:.15g}", *type.min, *type.max);
  return type.min ? fmt::format("at least {:.15g}", *type.min) : fmt::format("at most {:.15g}", type.max.value_or(0));
}

bool is_within(const TypeSpec& type, double value) { return (!type.min || value >= *type.min) && (!type.max || value <= *type.max); }

/// One value; `say` appends a problem.
class Check {
 public:
  Check(const std::string& pointer, std::vector<FieldProblem>& problems) : pointer_{pointer}, problems_{problems} {}

  void value(const TypeSpec& type, const Json& json) {
    using enum Base;
    switch (type.base) {
      case string: return text(type, json);
      case integer: return whole(type, json);
      case boolean:
        if (!json.is_bool()) say("must be true or false");
        return;
      case real: return number(type, json);
      case date: return kind(type, json, cel::Kind::date, "must be a date such as 2026-03-02");
      case timestamp: return kind(type, json, cel::Kind::timestamp, "must be a time such as 2026-03-02T08:00:00Z");
      case decimal: return kind(type, json, cel::Kind::decimal, "must be a decimal in quotes such as \"12.50\", or a whole number");
      case money: return kind(type, json, cel::Kind::money, "must be an amount such as 12.99 EUR or {\"minor\": 1299, \"currency\": \"EUR\"}");
      case duration: return span(type, json);
      case period:
        if (json.is_string() && !is_period(as_view(json.get_string()))) return say(not_a_period(as_view(json.get_string())));
        return kind(type, json, cel::Kind::period, "must be a period such as P1M or P14D");
      case enumeration:
        if (!json.is_string() || std::ranges::find(type.values, as_view(json.get_string())) == type.values.end()) say("must be " + name_of(type));
        return;
      case list: return items(type, json);
      case map:
        if (!json.is_object()) say("must be a map");
        return;
      case ref: return form(json, [](std::string_view t) { return !t.empty() && t.size() <= 128; }, "must be an id");
      case secret:
        if (!json.is_string()) say("must be text");
        return;
      case url: return form(json, is_url, "must be a URL such as https://host.example.com");
      case any: return;
    }
  }

 private:
  void say(std::string message) { problems_.push_back({pointer_, std::move(message)}); }

  template <class Fits>
  void form(const Json& json, Fits fits, const char* message) {
    if (!json.is_string() || !fits(as_view(json.get_string()))) say(message);
  }

  /// What expressions see as a kind of its own, and its bounds.
  void kind(const TypeSpec& type, const Json& json, cel::Kind kind, const char* message) {
    const auto value = decode(type, json);
    if (value.kind() != kind) return say(message);
    const auto beyond = [&](const cel::Value& bound, bool least) {
      if (bound.is_null()) return false;
      const auto order = cel::compare_values(value, bound);
      if (!order) {
        say(fmt::format("cannot be compared with its {}, {}", least ? "least" : "most", cel::to_text(bound)));
        return true;
      }
      if (least ? *order >= 0 : *order <= 0) return false;
      say(fmt::format("must be {} {}", least ? "at least" : "at most", cel::to_text(bound)));
      return true;
    };
    if (!beyond(type.least, true)) beyond(type.most, false);
  }

  static std::string not_a_period(std::string_view text) {
    if (text.find('T') != std::string_view::npos) return "must be a period of days, weeks, months or years such as P1M or P14D; hours are of type duration";
    return "must be a period such as P1M or P14D";
  }

  void text(const TypeSpec& type, const Json& json) {
    if (!json.is_string()) return say("must be text");
    const auto text = as_view(json.get_string());
    const auto length = cel::utf8::length(text);
    if (type.min || type.max) {
      if (!is_within(type, static_cast<double>(length))) say(fmt::format("must have {} characters, not {}", bounds(type), length));
    }
    if (!type.max && length > max_text) say(fmt::format("must have at most {} characters", max_text));
    if (!type.format.empty() && !has_format(type.format, text)) say(fmt::format("must be a valid {}", type.format == "ip" ? "IP address" : type.format));
    if (!type.pattern.empty() && !matches(type, text)) say(fmt::format("must match {}", type.pattern));
  }

  static bool matches(const TypeSpec& type, std::string_view text) {
    const cel::Value frame[] = {cel::Value::of_string(std::string{text})};
    return type.pattern_test && type.pattern_test.test(frame).value_or(false);
  }

  void whole(const TypeSpec& type, const Json& json) {
    if (!json.is_int64() && !json.is_uint64()) return say("must be a whole number");
    if (json.is_uint64() && json.get_uint64() > static_cast<std::uint64_t>(INT64_MAX)) return say("is too large");
    if (!is_within(type, json.to_number<double>())) say("must be " + bounds(type));
  }

  void number(const TypeSpec& type, const Json& json) {
    if (!json.is_number()) return say("must be a number");
    const auto value = json.to_number<double>();
    if (!std::isfinite(value) || !is_within(type, value)) say("must be " + bounds(type));
  }

  void span(const TypeSpec& type, const Json& json) {
    const auto duration = json.is_string() ? parse_duration(as_view(json.get_string())) : fail(ErrorCode::invalid_argument, "");
    if (!duration) {
      const bool calendar = json.is_string() && cel::parse_period(as_view(json.get_string())).has_value();
      return say(calendar ? "must be a duration of fixed length such as P3D or PT5M; months and years are of type period" : "must be a duration such as P3D or PT5M");
    }
    const auto iso = [](double seconds) { return format_duration(std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds})); };
    const auto seconds = std::chrono::duration<double>{*duration}.count();
    if (type.min && seconds < *type.min) say("must be at least " + iso(*type.min));
    if (type.max && seconds > *type.max) say("must be at most " + iso(*type.max));
  }

  void items(const TypeSpec& type, const Json& json) {
    if (!json.is_array()) return say("must be a list");
    const auto& array = json.get_array();
    if (!is_within(type, static_cast<double>(array.size()))) say(fmt::format("must have {} items, not {}", bounds(type), array.size()));
    for (std::size_t i = 0; i < array.size(); ++i) {
      const auto pointer = json_pointer(pointer_, std::to_string(i));
      if (array[i].is_null()) problems_.push_back({pointer, "must not be null"});
      else if (type.of) check_value(*type.of, array[i], pointer, problems_);
      if (type.unique && std::find(array.begin(), array.begin() + static_cast<std::ptrdiff_t>(i), array[i]) != array.begin() + static_cast<std::ptrdiff_t>(i))
        problems_.push_back({pointer, "is in the list already"});
    }
  }

  const std::string& pointer_;
  std::vector<FieldProblem>& problems_;
};

}  // namespace

Json canonical(const TypeSpec& type, const Json& value) {
  if (type.base == Base::money || type.base == Base::decimal) return encode(type, decode(type, value));
  if (type.base != Base::list || !type.of || !value.is_array()) return value;
  JsonArray items;
  for (const auto& item : value.get_array()) items.push_back(canonical(*type.of, item));
  return items;
}

void check_value(const TypeSpec& type, const Json& value, const std::string& pointer, std::vector<FieldProblem>& problems) {
  if (!value.is_null()) Check{pointer, problems}.value(type, value);
}

Result<Json> check_object(const std::vector<Field>& fields, const Json& value, const std::string& pointer) {
  const auto refuse = [](std::vector<FieldProblem> problems) {
    return fail(Error{.code = ErrorCode::invalid_argument, .message = "the values do not fit their declaration", .fields = std::move(problems)});
  };
  if (!value.is_object() && !value.is_null()) return refuse({{pointer, "must be an object"}});
  static const JsonObject nothing;
  const auto& given = value.is_object() ? value.get_object() : nothing;

  std::vector<FieldProblem> problems;
  JsonObject checked;
  for (const auto& field : fields) {
    const auto* member = given.if_contains(field.name);
    if (!member || member->is_null()) {
      if (field.fallback) checked[field.name] = *field.fallback;
      else if (field.required) problems.push_back({json_pointer(pointer, field.name), "is required"});
      else if (member) checked[field.name] = nullptr;
      continue;
    }
    check_value(field.type, *member, json_pointer(pointer, field.name), problems);
    checked[field.name] = canonical(field.type, *member);
  }
  for (const auto& member : given) {
    const std::string_view name{member.key()};
    if (std::ranges::find(fields, name, &Field::name) != fields.end()) continue;
    std::vector<std::string> names;
    for (const auto& field : fields) names.push_back(field.name);
    const auto meant = config::closest(name, names);
    problems.push_back({json_pointer(pointer, name), meant.empty() ? "is unknown" : fmt::format("is unknown; did you mean '{}'?", meant)});
  }
  if (!problems.empty()) return refuse(std::move(problems));
  return Json(std::move(checked));
}

}  // namespace stellwerk::workflows
