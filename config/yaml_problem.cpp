// How a problem looks on a terminal.
#include <fmt/format.h>

#include <algorithm>

#include "config/yaml.hpp"
#include "core/utf8.hpp"

namespace stellwerk::config {
namespace {

constexpr std::size_t window = 120;  ///< characters shown of a long line

std::string_view line_of(std::string_view source, int line) {
  for (int i = 1; i < line; ++i) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

/// `count` characters from character `first` of valid UTF-8.
std::string_view characters(std::string_view text, std::size_t first, std::size_t count) {
  const auto skip = [&](std::size_t at, std::size_t n) {
    for (; n > 0 && at < text.size(); --n) at += utf8_length(text, at);
    return at;
  };
  const auto begin = skip(0, first);
  return text.substr(begin, skip(begin, count) - begin);
}

}  // namespace

std::string render(const Problem& problem, std::string_view source) {
  const int line = problem.place.line, column = problem.place.column;
  std::string text = problem.file;
  if (line > 0) text += fmt::format(":{}", line);
  if (line > 0 && column > 0) text += fmt::format(":{}", column);
  text += fmt::format(": error {}: {}\n", problem.code, problem.message);
  if (line > 0 && column > 0 && !source.empty()) {
    const auto whole = printable(line_of(source, line));
    const auto length = count_characters(whole);
    const auto caret = std::min(static_cast<std::size_t>(column) - 1, length);
    // of a very long line the part around the caret
    const auto first = length <= window || caret <= window / 2 ? 0 : std::min(caret - window / 2, length - window);
    std::string shown{characters(whole, first, window)};
    auto indent = caret - first;
    if (first > 0) {
      shown = "… " + shown;
      indent += 2;
    }
    if (first + window < length) shown += " …";
    const auto number = std::to_string(line);
    text += fmt::format("  {} | {}\n  {} | {}^\n", number, shown, std::string(number.size(), ' '), std::string(indent, ' '));
  }
  if (!problem.hint.empty()) text += fmt::format("  hint: {}\n", problem.hint);
  return text;
}

}  // namespace stellwerk::config
