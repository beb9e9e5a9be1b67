#include "workflows/cel/encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

/// RFC 3492 §6.3 with the parameters of §5.
std::string punycode_label(std::string_view label) {
  constexpr std::uint32_t base = 36, low = 1, high = 26, skew = 38, damp = 700;
  std::vector<std::uint32_t> points;
  for (std::size_t at = 0; at < label.size();) points.push_back(utf8::next(label, at));
  std::string out;
  for (const auto point : points) {
    if (point < 0x80) out += static_cast<char>(point);
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out += '-';
  std::uint32_t code = 128, bias = 72, handled = basic;
  std::uint64_t delta = 0;
  while (handled < points.size()) {
    std::uint32_t next = UINT32_MAX;
    for (const auto point : points) {
      if (point >= code) next = std::min(next, point);
    }
    delta += static_cast<std::uint64_t>(next - code) * (handled + 1);
    code = next;
    for (const auto point : points) {
      if (point < code) ++delta;
      if (point != code) continue;
      std::uint64_t rest = delta;
      for (std::uint32_t k = base;; k += base) {
        const std::uint32_t threshold = k <= bias ? low : k >= bias + high ? high : k - bias;
        if (rest < threshold) break;
        const auto digit = threshold + (rest - threshold) % (base - threshold);
        out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + (digit - 26));
        rest = (rest - threshold) / (base - threshold);
      }
      out += static_cast<char>(rest < 26 ? 'a' + rest : '0' + (rest - 26));
      std::uint64_t adapted = handled == basic ? delta / damp : delta / 2;
      adapted += adapted / (handled + 1);
      std::uint32_t k = 0;
      for (; adapted > (base - low) * high / 2; k += base) adapted /= base - low;
      bias = k + static_cast<std::uint32_t>((base - low + 1) * adapted / (adapted + skew));
      delta = 0;
      ++handled;
    }
    ++delta;
    ++code;
  }
  return out;
}

}  // namespace

std::string base64_text(std::string_view bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) { return at + i < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0u; };
    const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += digits[group >> 18];
    out += digits[group >> 12 & 63];
    out += at + 1 < bytes.size() ? digits[group >> 6 & 63] : '=';
    out += at + 2 < bytes.size() ? digits[group & 63] : '=';
  }
  return out;
}

std::string url_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", value);
}

std::string punycode_text(std::string_view host) {
  std::string out;
  for (std::size_t at = 0; at <= host.size();) {
    const std::size_t end = std::min(host.find('.', at), host.size());
    const auto label = host.substr(at, end - at);
    std::string lowered{label};
    for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    const bool ascii = std::all_of(label.begin(), label.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    out += ascii ? lowered : "xn--" + punycode_label(lowered);
    if (end < host.size()) out += '.';
    at = end + 1;
  }
  return out;
}

}  // namespace stellwerk::workflows::cel
