// Values written back as YAML that people read: blocks, and what is small in one line.
#include <fmt/format.h>

#include <algorithm>

#include "config/yaml.hpp"
#include "config/yaml_scalar.hpp"
#include "core/utf8.hpp"

namespace stellwerk::config {
namespace {

constexpr std::size_t max_line = 120;  ///< characters; a longer map or list takes a line for each entry

/// True when the text stands bare and is read back as this text, in a block as in a line.
bool is_plain(const std::string& text) {
  const auto is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80; };
  const auto fits = [&](char c) { return is_word(c) || c == '.' || c == '-' || c == '+' || c == '/' || c == ' '; };
  if (text.empty() || !is_word(text.front()) || text.back() == ' ' || !std::ranges::all_of(text, fits)) return false;
  // spaces and breaks of Unicode are better seen between quotes
  if (text.find_first_of("\xC2\xE2\xEF") != std::string::npos) return false;
  if (text == "null" || text == "Null" || text == "NULL") return false;
  Yaml read;
  read.text = text;
  return resolve_plain(read) && read.kind == Yaml::Kind::text;
}

std::string quoted(const std::string& text) {
  const bool controls = std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  const bool needs_escapes = controls || text.find('"') != std::string::npos || text.find('\\') != std::string::npos;
  if (!needs_escapes) return '"' + text + '"';
  std::string out;
  if (!controls && text.find('\'') == std::string::npos) return '\'' + text + '\'';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += fmt::format("\\{}", c);
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) out += fmt::format("\\x{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    else out += c;
  }
  return '"' + out + '"';
}

std::string text_of(const std::string& text) { return is_plain(text) ? text : quoted(text); }

std::string scalar(const Yaml& value) {
  switch (value.kind) {
    case Yaml::Kind::null: return "null";
    case Yaml::Kind::boolean: return value.boolean ? "true" : "false";
    case Yaml::Kind::integer:
    case Yaml::Kind::real: return value.text;
    case Yaml::Kind::text: return text_of(value.text);
    case Yaml::Kind::list: return "[]";
    case Yaml::Kind::map: return "{}";
  }
  return {};
}

/// In one line; gives up, with what there is, beyond `max_line` bytes.
void write_flow(const Yaml& value, std::string& out) {
  if (value.is_scalar() || (value.items.empty() && value.entries.empty())) {
    out += scalar(value);
    return;
  }
  out += value.is_map() ? "{ " : "[";
  for (std::size_t i = 0; i < value.entries.size() && out.size() <= 4 * max_line; ++i) {
    if (i > 0) out += ", ";
    out += text_of(value.entries[i].key) + ": ";
    write_flow(value.entries[i].value, out);
  }
  for (std::size_t i = 0; i < value.items.size() && out.size() <= 4 * max_line; ++i) {
    if (i > 0) out += ", ";
    write_flow(value.items[i], out);
  }
  out += value.is_map() ? " }" : "]";
}

/// The value behind "key:" or "-" at this indentation: in the same line, or below it. `top`: each entry has a line of its own.
void write_block(const Yaml& value, std::size_t indent, std::size_t used, bool top, std::string& out) {
  std::string line;
  write_flow(value, line);
  const bool is_small = value.is_scalar() || (value.items.empty() && value.entries.empty()) || (!top && used + count_characters(line) <= max_line);
  if (is_small) {
    out += ' ' + line + '\n';
    return;
  }
  out += '\n';
  for (const auto& [key, place, entry] : value.entries) {
    const auto name = text_of(key);
    out += std::string(indent, ' ') + name + ':';
    write_block(entry, indent + 2, indent + count_characters(name) + 2, false, out);
  }
  for (const auto& item : value.items) {
    std::string block;
    // a map begins behind its dash, and one of a single entry, such as a step, needs no braces
    write_block(item, indent + 2, indent + 2, item.is_map() && item.entries.size() == 1, block);
    out += std::string(indent, ' ') + '-';
    out += item.is_map() && block.starts_with('\n') ? ' ' + block.substr(indent + 3) : block;
  }
}

}  // namespace

std::string write_yaml(const Yaml& value) {
  std::string out;
  if (value.is_scalar() || (value.items.empty() && value.entries.empty())) return scalar(value) + '\n';
  // each entry of the file itself begins a line
  write_block(value, 0, 0, true, out);
  return out.substr(1);
}

}  // namespace stellwerk::config
