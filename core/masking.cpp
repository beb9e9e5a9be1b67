#include "core/masking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace stellwerk {
namespace {

constexpr std::size_t shortest_anywhere = 4;  ///< bytes
constexpr std::size_t shortest_inner = 6;     ///< characters of base64 that two texts hardly have in common by chance

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}
bool is_word(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80U) != 0; }

std::string percent_encoded(std::string_view text, bool upper, std::string_view plain_too = {}) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || plain_too.find(c) != std::string_view::npos) out += c;
    else if (upper) out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else out += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

/// As JSON has it: dump_json() writes one form, others escape the slash or all that is not ASCII.
std::vector<std::string> json_escaped(std::string_view text) {
  const auto quoted = dump_json(Json(boost::json::string(text)));
  const auto inner = quoted.substr(1, quoted.size() - 2);
  return {inner, replaced(inner, "/", "\\/")};
}

std::string base64(std::string_view data, std::string_view alphabet) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : data) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> static_cast<unsigned>(count - 6) & 0x3FU];
  }
  if (count > 0) out += alphabet[bits << static_cast<unsigned>(6 - count) & 0x3FU];
  return out;
}

constexpr std::array<std::string_view, 2> alphabets{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

/// The characters that stand for the secret alone, whatever was encoded before and behind it: one text for each of the three places at
/// which it may begin.
std::vector<std::string> base64_forms(std::string_view secret) {
  std::vector<std::string> forms;
  for (const auto alphabet : alphabets) {
    forms.push_back(base64(secret, alphabet));
    for (std::size_t before = 0; before < 3; ++before) {
      const auto text = base64(std::string(before, '\0').append(secret), alphabet);
      const std::size_t first = (before * 8 + 5) / 6;
      const std::size_t end = (before + secret.size()) * 8 / 6;
      if (end > first && end - first >= shortest_inner) forms.push_back(text.substr(first, end - first));
    }
  }
  return forms;
}

/// Where `what` stands alone in `text` at or after `from`.
std::size_t find_alone(std::string_view text, std::string_view what, std::size_t from) {
  for (auto at = text.find(what, from); at != std::string_view::npos; at = text.find(what, at + 1)) {
    const auto end = at + what.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return at;
  }
  return std::string_view::npos;
}

}  // namespace

void Masker::add(std::string_view secret) {
  if (secret.empty()) return;
  if (secret.size() < shortest_anywhere) {
    if (std::ranges::find(short_, secret) == short_.end()) short_.emplace_back(secret);
    return;
  }
  std::vector<std::string> forms{std::string{secret}, percent_encoded(secret, true), percent_encoded(secret, false), replaced(percent_encoded(secret, true), "%20", "+"),
                                 percent_encoded(secret, true, "!$&'()*+,;=:@")};
  for (auto& form : json_escaped(secret)) forms.push_back(std::move(form));
  for (auto& form : base64_forms(secret)) forms.push_back(std::move(form));
  for (auto& form : forms)
    if (std::ranges::find(forms_, form) == forms_.end()) forms_.push_back(std::move(form));
  std::ranges::stable_sort(forms_, [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void Masker::add_all(const Json& secrets) {
  if (const auto* text = secrets.if_string()) add(as_view(*text));
  else if (const auto* list = secrets.if_array()) std::ranges::for_each(*list, [this](const Json& item) { add_all(item); });
  else if (const auto* object = secrets.if_object())
    for (const auto& member : *object) add_all(member.value());
}

std::string Masker::mask(std::string text) const {
  for (const auto& form : forms_) text = replaced(std::move(text), form, masked);
  for (const auto& alone : short_)
    for (auto at = find_alone(text, alone, 0); at != std::string::npos; at = find_alone(text, alone, at + masked.size())) text.replace(at, alone.size(), masked);
  return text;
}

Json Masker::mask_json(Json json) const {
  if (empty()) return json;
  if (const auto* text = json.if_string()) return finds(as_view(*text)) ? Json(boost::json::string(mask(std::string{as_view(*text)}))) : json;
  if (auto* list = json.if_array()) {
    for (auto& item : *list) item = mask_json(std::move(item));
  } else if (auto* object = json.if_object()) {
    const bool in_names = std::ranges::any_of(*object, [this](const auto& member) { return finds(member.key()); });
    for (auto& member : *object) member.value() = mask_json(std::move(member.value()));
    if (in_names) {
      JsonObject renamed;
      for (auto& member : *object) renamed[mask(std::string{member.key()})] = std::move(member.value());
      return renamed;
    }
  }
  return json;
}

bool Masker::finds(std::string_view text) const {
  return std::ranges::any_of(forms_, [&](const std::string& form) { return text.find(form) != std::string_view::npos; }) ||
         std::ranges::any_of(short_, [&](const std::string& alone) { return find_alone(text, alone, 0) != std::string_view::npos; });
}

}  // namespace stellwerk
