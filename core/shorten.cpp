#include "core/shorten.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace stellwerk {
namespace {

constexpr std::string_view before = "… (", after = " bytes left out)";

std::string mark(std::size_t left_out) { return fmt::format("{}{}{}", before, left_out, after); }

struct Shortened {
  std::size_t kept = 0, left_out = 0;
};

/// What a former shortening says at the end of the text.
std::optional<Shortened> read_mark(std::string_view text) {
  if (!text.ends_with(after)) return std::nullopt;
  const auto from = text.rfind(before);
  if (from == std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(from + before.size(), text.size() - after.size() - from - before.size());
  Shortened former{.kept = from};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), former.left_out);
  if (error != std::errc{} || digits.empty() || end != digits.data() + digits.size() || former.left_out > (std::size_t{1} << 40)) return std::nullopt;
  return former;
}

}  // namespace

std::string shorten(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const auto former = read_mark(text);
  const auto whole = former ? former->kept + former->left_out : text.size();
  if (former) text.resize(former->kept);
  const auto room = mark(whole).size();  // as many digits as it may need
  auto end = max_bytes > room ? max_bytes - room : 0;
  if (end > text.size()) end = text.size();
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + mark(whole - end);
}

}  // namespace stellwerk
