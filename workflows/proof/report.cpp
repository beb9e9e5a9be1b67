// Reports of workflow tests, for people and for build servers.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/cel/time_text.hpp"
#include "workflows/proof/tester.hpp"

namespace stellwerk::workflows::proof {
namespace {

std::string line_at(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return std::string{text.substr(0, text.find('\n'))};
}

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string::npos ? std::string{} : text.substr(first);
}

std::string render(const TestReport& report, const Failure& failure) {
  return fmt::format("  {}:{}:{}: {}\n    | {}\n    expected: {}\n    actual:   {}\n", report.file, failure.place.line, failure.place.column, failure.what,
                     trimmed(line_at(report.text, failure.place.line)), failure.expected, failure.actual);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string failed_case(const TestReport& report, const CaseResult& result) {
  std::string text;
  for (const auto& failure : result.failures) text += render(report, failure);
  if (!result.journal.empty()) text += "    journal since the line before:\n";
  for (const auto& line : result.journal) text += "      " + line + "\n";
  return text;
}

/// What matters of an entry beside its type.
std::string details_of(const Json& entry) {
  const auto type = text_of(entry, "type");
  if (type == "state") {
    const auto from = text_of(entry, "from");
    return from.empty() ? text_of(entry, "to") : fmt::format("{} -> {}", from, text_of(entry, "to"));
  }
  if (type == "set") return dump_json(entry.at("attributes"));
  JsonObject rest;
  for (const auto& member : entry.get_object()) {
    const std::string_view key{member.key()};
    if (key == "type" || key == "run" || key == "attempt" || key == "id" || key == "by" || key == "key") continue;
    const bool empty = (member.value().is_object() && member.value().get_object().empty()) || (member.value().is_string() && member.value().get_string().empty());
    if (!empty) rest[key] = member.value();
  }
  std::string text;
  for (const auto& member : rest) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{}: {}", std::string_view{member.key()}, member.value().is_string() ? std::string{as_view(member.value().get_string())} : dump_json(member.value()));
  }
  return text;
}

}  // namespace

std::string told(const Error& error) {
  auto text = stellwerk::describe(error);
  for (const auto& field : error.fields) text += fmt::format("; {} {}", field.pointer, field.message);
  return error.reason.empty() ? text : fmt::format("{} ({})", text, error.reason);
}

std::string describe(const JournalLine& line, const Calendar& calendar) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(line.at).time_since_epoch().count();
  const auto offset = cel::offset_at(calendar.zone, seconds).value_or(0);
  const auto local = format_time(line.at + std::chrono::seconds{offset});
  return fmt::format("{} {:<14} {}", local.substr(0, 10) + " " + local.substr(11, 8), text_of(line.entry, "type"), details_of(line.entry));
}

std::string render(const TestReport& report) {
  std::string text;
  std::size_t passed = 0;
  for (const auto& one : report.cases) {
    passed += one.passed() ? 1 : 0;
    text += fmt::format("{} {}: {}\n", one.passed() ? "ok    " : "FAILED", report.workflow, one.name);
    if (!one.passed()) text += failed_case(report, one);
  }
  for (const auto& failure : report.shortfalls) text += render(report, failure);
  text += fmt::format("{}: {} of {} cases passed", report.file, passed, report.cases.size());
  for (const auto& coverage : report.coverage) text += fmt::format(", {} {}/{}", coverage.what, coverage.count(), coverage.things.size());
  return text + "\n";
}

std::string render_junit(const std::vector<TestReport>& reports) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& report : reports) {
    const auto failed = std::ranges::count_if(report.cases, [](const CaseResult& one) { return !one.passed(); });
    const bool short_of = !report.shortfalls.empty();
    text += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", escaped(report.file), report.cases.size() + (short_of ? 1 : 0), failed + (short_of ? 1 : 0));
    const auto add = [&](std::string_view name, int line, std::string_view failure) {
      text += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\"", escaped(report.workflow), escaped(name), escaped(report.file), line);
      if (failure.empty()) text += "/>\n";
      else text += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", escaped(failure.substr(0, failure.find('\n'))), escaped(failure));
    };
    for (const auto& one : report.cases) add(one.name, one.place.line, one.passed() ? std::string{} : trimmed(failed_case(report, one)));
    for (const auto& failure : report.shortfalls) add(failure.what, failure.place.line, trimmed(render(report, failure)));
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace stellwerk::workflows::proof
