// Moments and lengths of time: keys of `after`, `at`, `every`, hours that count.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

using To = cel::Type::Base;

bool looks_like_literal(std::string_view text) {
  return text.size() > 1 && text[0] == 'P' && (text[1] == 'T' || (text[1] >= '0' && text[1] <= '9')) && text.find_first_not_of("PYMWDTHS0123456789.") == std::string_view::npos;
}

/// "30s", "5 min", "2days": lengths as people say them.
bool looks_like_spoken_length(std::string_view text) {
  const auto unit = text.find_first_not_of("0123456789 ");
  return !text.empty() && text[0] >= '0' && text[0] <= '9' && unit != std::string_view::npos && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", unit) == std::string_view::npos;
}

std::string words_of(const std::vector<To>& types) {
  std::vector<std::string> words;
  for (const auto type : types) words.push_back("a " + cel::Type::of(type).name());
  return join(words);
}

const std::vector<std::string> weekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/// "09:30": from midnight, up to 24:00.
std::optional<Duration> read_time_of_day(Context& context, const Yaml* yaml, std::string_view key, Duration fallback) {
  if (!yaml) return fallback;
  const auto& text = yaml->text;
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (yaml->is_text() && text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4)) {
    const auto hours = (text[0] - '0') * 10 + (text[1] - '0');
    const auto minutes = (text[3] - '0') * 10 + (text[4] - '0');
    const Duration time = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    if (minutes < 60 && time <= Duration{std::chrono::hours{24}}) return time;
  }
  context.report.add(code::wrong_value, yaml->place, fmt::format("'{}' takes a time of day such as 09:00", key));
  return std::nullopt;
}

void read_hours(Context& context, const Yaml& yaml, WorkingHours& hours) {
  static const KeySet keys{"an entry of 'calendar'", {"days", "from", "to"}};
  if (!check_keys(context.report, yaml, keys)) return;
  const auto* days = find_key(yaml, keys, "days");
  if (!days) context.report.add(code::missing_key, yaml.place, "an entry of 'calendar' lacks 'days'", "such as { days: [mon, tue], from: 09:00, to: 17:00 }");
  const auto from = read_time_of_day(context, find_key(yaml, keys, "from"), "from", Duration::zero());
  const auto to = read_time_of_day(context, find_key(yaml, keys, "to"), "to", std::chrono::hours{24});
  if (from && to && *from >= *to) context.report.add(code::out_of_bounds, yaml.place, "'from' must be before 'to'");
  for (const auto& [day, place] : read_words(context.report, days, "days")) {
    const auto found = std::ranges::find(weekdays, day);
    if (found == weekdays.end()) {
      context.report.add(code::wrong_value, place, fmt::format("there is no weekday '{}'", day), suggest(day, weekdays));
    } else if (from && to) {
      const int weekday = static_cast<int>(found - weekdays.begin());
      const auto overlaps = [&](const WorkingHours::Span& other) { return other.weekday == weekday && other.from < *to && *from < other.to; };
      if (std::ranges::any_of(hours.spans, overlaps)) context.report.add(code::duplicate_name, place, fmt::format("these hours of {} are there already", day));
      hours.spans.push_back({weekday, *from, *to});
    }
  }
}

}  // namespace

cel::Program read_time(Context& context, std::string_view key, const Yaml& time, const Scope& scope, const std::vector<To>& types) {
  if (const auto fixed = time.is_text() ? parse_duration(time.text) : Result<Duration>{fail(ErrorCode::invalid_argument, "no text")}; fixed && std::ranges::find(types, To::duration) != types.end()) {
    // PT5M is itself an expression; P2D would be two days of the calendar, whose length the seconds fix
    if (auto literal = cel::compile(time.text, scope.all); literal && literal->type().base == To::duration) return *literal;
    const auto constant = cel::compile(fmt::format("duration('{}.{:06}s')", fixed->count() / 1'000'000, fixed->count() % 1'000'000), scope.all);
    STELLWERK_ASSERT(constant.has_value(), "a duration in seconds is an expression");
    return *constant;
  }
  if (looks_like_literal(time.text) && !cel::compile(time.text, scope.all)) {
    const auto length = parse_duration(time.text);
    context.report.add(code::bad_expression, time.place, length ? fmt::format("'{}' takes {}, not a length of time", key, words_of(types)) : length.error().message);
    return {};
  }
  if (time.is_text() && looks_like_spoken_length(time.text)) {
    context.report.add(code::bad_expression, time.place, fmt::format("'{}' is no length of time", time.text), "write it as ISO 8601 does: PT30S, PT5M, PT2H, P7D, P1M");
    return {};
  }
  auto program = read_expression(context, &time, key, scope, {});
  if (!program) return program;
  const auto& type = program.type();
  auto base = type.base;
  if (base == To::list && std::ranges::find(types, To::list) != types.end()) base = type.element ? type.element->base : To::dyn;
  if (base == To::dyn || base == To::null || std::ranges::find(types, base) != types.end()) return program;
  context.report.add(code::wrong_type, time.place, fmt::format("'{}' takes {}, but this gives {}", key, words_of(types), type.name()),
                     looks_like_literal(time.text) ? "calendar lengths have no fixed duration" : "");
  return {};
}

WorkingHours read_calendar(Context& context, const Yaml& yaml) {
  WorkingHours hours;
  if (yaml.is_text() && yaml.text == "workdays") {
    for (int day = 1; day <= 5; ++day) hours.spans.push_back({day, Duration::zero(), std::chrono::hours{24}});
    return hours;
  }
  if (!yaml.is_list() || yaml.items.empty()) {
    wrong_value(context.report, yaml, "calendar", "the word workdays, or a list such as [ { days: [mon, tue], from: 09:00, to: 17:00 } ]");
    return hours;
  }
  for (const auto& item : yaml.items) read_hours(context, item, hours);
  std::ranges::sort(hours.spans, {}, [](const WorkingHours::Span& span) { return std::pair{span.weekday, span.from}; });
  return hours;
}

}  // namespace stellwerk::workflows::loading
