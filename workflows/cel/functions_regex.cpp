// matches and extract: RE2, linear in the text, bounded in the pattern

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include "workflows/cel/functions.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::size_t max_pattern_bytes = 1'024;
constexpr std::int64_t max_program_bytes = 1 << 20;

/// The regex of a call: compiled with the expression when the pattern is a literal, else now and paid for.
const re2::RE2* regex_of(Run& run, const Arguments& a, std::shared_ptr<const void>& keep) {
  if (a.prepared() != nullptr) return static_cast<const re2::RE2*>(a.prepared());
  if (!run.step(200)) return nullptr;
  auto made = prepare_regex(a[1].as_string());
  if (!made) {
    run.fail(made.error().message);
    return nullptr;
  }
  keep = std::move(*made);
  return static_cast<const re2::RE2*>(keep.get());
}

bool matches(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  std::shared_ptr<const void> keep;
  const auto* regex = regex_of(run, a, keep);
  if (regex == nullptr || !run.step(text.size() / 64)) return false;
  out = Value::of_bool(regex->Match(text, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0));
  return true;
}

/// The first group, or the whole match when the pattern has none.
bool extract(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  std::shared_ptr<const void> keep;
  const auto* regex = regex_of(run, a, keep);
  if (regex == nullptr || !run.step(text.size() / 64)) return false;
  re2::StringPiece groups[2];
  const int wanted = regex->NumberOfCapturingGroups() > 0 ? 1 : 0;
  out = {};
  if (!regex->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups, wanted + 1) || groups[wanted].data() == nullptr) return true;
  if (!run.charge(groups[wanted].size())) return false;
  out = Value::of_string(std::string{groups[wanted].data(), groups[wanted].size()});
  return true;
}

}  // namespace

Result<std::shared_ptr<const void>> prepare_regex(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes) return fail(ErrorCode::invalid_argument, fmt::format("a pattern has at most {} bytes", max_pattern_bytes));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_program_bytes);
  auto regex = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) return fail(ErrorCode::invalid_argument, fmt::format("invalid pattern: {}", regex->error()));
  return std::shared_ptr<const void>{std::move(regex)};
}

std::span<const Overload> regex_functions() {
  using enum Type::Base;
  static const Overload rows[] = {
      {"matches", true, {takes::string, takes::string}, boolean, matches},
      {"matches", false, {takes::string, takes::string}, boolean, matches},
      {"extract", true, {takes::string, takes::string}, string, extract, Shape::nullable},
      {"extract", false, {takes::string, takes::string}, string, extract, Shape::nullable},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
