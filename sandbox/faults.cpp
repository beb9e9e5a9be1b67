#include "sandbox/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stellwerk::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, FaultKind>, 13> kinds{{{"refuse", FaultKind::refuse},
                                                                        {"timeout_before", FaultKind::timeout_before},
                                                                        {"timeout_after", FaultKind::timeout_after},
                                                                        {"close_after", FaultKind::close_after},
                                                                        {"status", FaultKind::status},
                                                                        {"error_after", FaultKind::error_after},
                                                                        {"latency", FaultKind::latency},
                                                                        {"task_error", FaultKind::task_error},
                                                                        {"task_warnings", FaultKind::task_warnings},
                                                                        {"wrong_content_type", FaultKind::wrong_content_type},
                                                                        {"truncated", FaultKind::truncated},
                                                                        {"down", FaultKind::down},
                                                                        {"stranger_takes", FaultKind::stranger_takes}}};

constexpr std::array<std::string_view, 16> members{"match",   "times", "after",      "fault", "status",       "reason", "body", "headers",
                                                   "seconds", "ms",    "exitstatus", "count", "content_type", "until",  "for",  "hits"};
constexpr std::array<std::string_view, 4> match_members{"method", "path", "operation", "vmid"};

tl::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::invalid_argument, std::move(what)); }

template <std::size_t size>
Result<void> check_members(const Json& object, const std::array<std::string_view, size>& known, std::string_view where) {
  for (const auto& [name, value] : object.get_object()) {
    if (std::find(known.begin(), known.end(), std::string_view{name.data(), name.size()}) == known.end())
      return wrong(fmt::format("{} has no member '{}'; it has {}", where, std::string_view{name.data(), name.size()}, fmt::join(known, ", ")));
  }
  return {};
}

/// A whole number within bounds, or `fallback` when the member is absent.
Result<std::int64_t> read_number(const Json& object, std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum) {
  if (find_member(object, name) == nullptr) return fallback;
  const auto number = int_of(object, name, minimum - 1);
  if (number < minimum || number > maximum) return wrong(fmt::format("'{}' must be a whole number from {} to {}", name, minimum, maximum));
  return number;
}

bool is_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

Result<std::string> read_line(const Json& object, std::string_view name, std::string fallback = {}) {
  const auto* member = find_member(object, name);
  if (member == nullptr) return fallback;
  if (!member->is_string() || !is_line(as_view(member->get_string()))) return wrong(fmt::format("'{}' must be a text of one line", name));
  return std::string{as_view(member->get_string())};
}

Result<void> read_match(const Json& rule, FaultRule& out) {
  const auto* match = find_member(rule, "match");
  if (match == nullptr) return {};
  if (!match->is_object()) return wrong("'match' must be an object");
  STELLWERK_CHECK(check_members(*match, match_members, "match"));
  STELLWERK_TRY(out.method, read_line(*match, "method"));
  STELLWERK_TRY(out.path, read_line(*match, "path"));
  STELLWERK_TRY(out.operation, read_line(*match, "operation"));
  STELLWERK_TRY(const auto vmid, read_number(*match, "vmid", 0, 100, 999'999'999));
  out.vmid = static_cast<int>(vmid);
  if (out.operation.empty()) return {};
  const auto all = calls();
  // a rule with a misspelt operation would never strike, and the test that relies on it would pass for no reason
  if (std::none_of(all.begin(), all.end(), [&](const Call& call) { return call.name == out.operation; }))
    return wrong(fmt::format("'{}' is no operation", out.operation));
  return {};
}

Result<void> read_times(const Json& rule, Time now, FaultRule& out) {
  if (find_member(rule, "times") != nullptr) {
    STELLWERK_TRY(out.times, read_number(rule, "times", 0, 0, 1'000'000'000));
  }
  STELLWERK_TRY(out.after, read_number(rule, "after", 0, 0, 1'000'000'000));
  STELLWERK_TRY(out.hits, read_number(rule, "hits", 0, 0, INT64_MAX));  // of a rule that comes from render()
  if (find_member(rule, "for") != nullptr) {
    STELLWERK_TRY(const auto length, parse_duration(text_of(rule, "for")));
    out.until = now + length;
  }
  if (find_member(rule, "until") != nullptr) {
    STELLWERK_TRY(out.until, parse_time(text_of(rule, "until")));
  }
  STELLWERK_TRY(const auto seconds, read_number(rule, "seconds", 120, 1, 600));
  STELLWERK_TRY(const auto ms, read_number(rule, "ms", 100, 0, 600'000));
  if (out.kind == FaultKind::latency) out.delay = std::chrono::milliseconds{ms};
  else if (out.kind == FaultKind::timeout_before || out.kind == FaultKind::timeout_after) out.delay = std::chrono::seconds{seconds};
  return {};
}

Result<void> read_answer(const Json& rule, FaultRule& out) {
  const bool needs_status = out.kind == FaultKind::status || out.kind == FaultKind::error_after;
  STELLWERK_TRY(const auto status, read_number(rule, "status", needs_status ? 500 : 0, 200, 599));
  out.status = static_cast<int>(status);
  STELLWERK_TRY(out.reason, read_line(rule, "reason"));
  STELLWERK_TRY(out.exit_status, read_line(rule, "exitstatus", "simulated error"));
  STELLWERK_TRY(out.content_type, read_line(rule, "content_type", "text/html"));
  STELLWERK_TRY(const auto warnings, read_number(rule, "count", 1, 1, 1000));
  out.warnings = static_cast<int>(warnings);
  if (const auto* body = find_member(rule, "body")) out.body = body->is_string() ? text_of(rule, "body") : dump_json(*body);
  if (const auto* headers = find_member(rule, "headers")) {
    if (!headers->is_object()) return wrong("'headers' must be an object of texts");
    for (const auto& [name, value] : headers->get_object()) {
      STELLWERK_TRY(auto text, read_line(*headers, name));
      out.headers.emplace_back(name, std::move(text));
    }
  }
  return {};
}

bool fits(const FaultRule& rule, const CallView& call, Time now) {
  if (rule.until && now >= *rule.until) return false;
  if (rule.times && *rule.times <= 0) return false;
  if (!rule.method.empty() && rule.method != call.method) return false;
  if (!rule.operation.empty() && rule.operation != call.operation) return false;
  if (!rule.path.empty() && !fits_glob(rule.path, call.path)) return false;
  if (rule.vmid != 0 && rule.vmid != call.vmid && rule.vmid != call.new_id) return false;
  if ((rule.kind == FaultKind::task_error || rule.kind == FaultKind::task_warnings) && !call.makes_task) return false;
  return rule.kind != FaultKind::stranger_takes || call.operation == "clone";
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  return std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) { return entry.second == kind; })->first;
}

Result<FaultRule> FaultBook::read_rule(const Json& rule, Time now) {
  if (!rule.is_object()) return wrong("a fault rule must be an object");
  STELLWERK_CHECK(check_members(rule, members, "a fault rule"));
  FaultRule out;
  const auto kind = text_of(rule, "fault");
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) { return entry.first == kind; });
  if (found == kinds.end()) {
    std::string known;
    for (const auto& [name, which] : kinds) known.append(known.empty() ? "" : ", ").append(name);
    return wrong(fmt::format("there is no fault '{}'; known are {}", kind, known));
  }
  out.kind = found->second;
  STELLWERK_CHECK(read_match(rule, out));
  STELLWERK_CHECK(read_times(rule, now, out));
  STELLWERK_CHECK(read_answer(rule, out));
  return out;
}

Strike FaultBook::strike(const CallView& call, Time now) {
  Strike strike;
  for (auto& rule : rules_) {
    if (!fits(rule, call, now)) continue;
    if (strike.rule && rule.kind != FaultKind::latency) continue;  // one fault a call; a later rule does not count it
    changed_ = true;
    if (rule.after > 0) {
      --rule.after;
      continue;
    }
    ++rule.hits;
    if (rule.times) --*rule.times;
    if (rule.kind == FaultKind::latency) strike.latency += rule.delay;
    else strike.rule = rule;
  }
  return strike;
}

JsonArray FaultBook::render() const {
  JsonArray all;
  for (const auto& rule : rules_) {
    JsonObject match;
    if (!rule.method.empty()) match["method"] = rule.method;
    if (!rule.path.empty()) match["path"] = rule.path;
    if (!rule.operation.empty()) match["operation"] = rule.operation;
    if (rule.vmid != 0) match["vmid"] = rule.vmid;
    const auto name = to_string(rule.kind);
    JsonObject entry{
        {"match", std::move(match)}, {"fault", boost::json::string_view{name.data(), name.size()}}, {"after", rule.after}, {"hits", rule.hits}};
    if (rule.times) entry["times"] = *rule.times;
    if (rule.until) entry["until"] = format_time(*rule.until);
    if (rule.status != 0) entry["status"] = rule.status;
    if (!rule.reason.empty()) entry["reason"] = rule.reason;
    if (!rule.body.empty()) entry["body"] = rule.body;
    if (rule.kind == FaultKind::latency) entry["ms"] = rule.delay / 1ms;
    else if (rule.delay > 0s) entry["seconds"] = rule.delay / 1s;
    if (rule.kind == FaultKind::task_error) entry["exitstatus"] = rule.exit_status;
    if (rule.kind == FaultKind::task_warnings) entry["count"] = rule.warnings;
    if (rule.kind == FaultKind::wrong_content_type) entry["content_type"] = rule.content_type;
    if (!rule.headers.empty()) {
      JsonObject headers;
      for (const auto& [header, value] : rule.headers) headers[header] = value;
      entry["headers"] = std::move(headers);
    }
    all.emplace_back(std::move(entry));
  }
  return all;
}

bool fits_glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;  // let the last star take one more
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace stellwerk::sandbox
