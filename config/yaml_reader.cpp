// yaml-cpp's parser under checks of our own. Its nodes are never used: they share aliases, accept duplicate keys and any tag,
// and know YAML 1.1 numbers. Only its events are, so an alias is seen once and never followed.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "config/yaml.hpp"
#include "config/yaml_scalar.hpp"
#include "core/utf8.hpp"

namespace stellwerk::config {
namespace {

constexpr std::size_t max_bytes = 256 * 1024;
constexpr std::size_t max_depth = 64;
constexpr std::size_t max_problems = 100;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Byte offsets of lines, to turn yaml-cpp's marks (0-based, in bytes) into places and back into the source.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_{text} {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos;) starts_.push_back(++at);
  }
  [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
    const auto line = std::min(static_cast<std::size_t>(std::max(mark.line, 0)), starts_.size() - 1);
    return std::min(starts_[line] + static_cast<std::size_t>(std::max(mark.column, 0)), text_.size());
  }
  [[nodiscard]] Place place(std::size_t offset) {
    const auto line = static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) - 1;
    // events come in order: counting on from the last place keeps a file that is one long line linear
    if (line != last_line_ || offset < last_offset_) {
      last_line_ = line;
      last_offset_ = starts_[line];
      last_column_ = 0;
    }
    last_column_ += count_characters(text_.substr(last_offset_, offset - last_offset_));
    last_offset_ = offset;
    return {static_cast<int>(line) + 1, static_cast<int>(last_column_) + 1};
  }
  [[nodiscard]] Place place(const YAML::Mark& mark) { return place(offset(mark)); }
  [[nodiscard]] bool is_indented_by_tab(const YAML::Mark& mark) {
    const auto line = text_.substr(starts_[static_cast<std::size_t>(place(mark).line) - 1]);
    return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
  }
  [[nodiscard]] std::string_view rest(const YAML::Mark& mark) const { return text_.substr(offset(mark)); }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_{0};
  std::size_t last_line_ = 0, last_offset_ = 0, last_column_ = 0;
};

/// yaml-cpp names what its grammar misses; the commonest slips get the words of the person who made them.
std::pair<std::string, std::string> explain(const std::string& message) {
  if (message == "end of map not found" || message == "end of sequence not found")
    return {"the line does not fit the indentation above", "entries of one map or list begin in the same column"};
  if (message == "illegal map value") return {"no ':' is possible here", "put text that holds ': ' in quotes, and check the indentation"};
  if (message == "illegal block entry") return {"no '- ' is possible here", "begin the list on a line of its own, or write [a, b]"};
  if (message == "end of map flow not found") return {"a map that begins with '{' is not closed before this", "close it with '}', and put values with ${…} in quotes"};
  if (message == "end of sequence flow not found") return {"a list that begins with '[' is not closed before this", "close it with ']', and put values with ${…} in quotes"};
  if (message == "unknown token") return {"no value begins with this character", "put the text in quotes"};
  return {fmt::format("not valid YAML: {}", message), ""};
}

/// Builds the tree from the parser's events and notes everything that is refused.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, std::string_view text) : file_{std::move(file)}, lines_{text} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ != 2) return;
    // yaml-cpp also takes what follows a finished value for the next document
    if (lines_.rest(mark).starts_with("---"))
      add("SW006", lines_.place(mark), "a second document begins here", "one file holds one document; remove '---'");
    else add("SW001", lines_.place(mark), "the value of the file has ended before this", "check indentation, brackets and quotes above");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}  // refused where its node is

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_properties(mark, "?", anchor);
    Yaml node{.place = lines_.place(mark)};
    const auto source = lines_.rest(mark);
    for (const std::string_view word : {"~", "null", "Null", "NULL"})
      if (source.starts_with(word)) node.text = word;
    // yaml-cpp marks an absent value with the token that follows (which may be the key `null`); the key is the better place
    if (const auto* frame = open_map(); frame != nullptr && frame->key && (node.text.empty() || is_after_line_of_key(node.place, *frame))) {
      node.place = frame->key->place;
      node.text.clear();
    }
    if (!frames_.empty() && frames_.back().node.is_list() && (source.starts_with(',') || (source.starts_with(']') && node.text.empty())))
      add("SW001", node.place, "a value is missing here", "remove the comma, or write null");
    put(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse_alias(lines_.place(mark));
    put(Yaml{.place = lines_.place(mark)});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    check_properties(mark, tag, anchor);
    Yaml node{.place = lines_.place(mark), .text = value};
    const bool is_plain = tag == "?";
    if (!is_plain) check_quotes(mark);
    if (value.find('\0') != std::string::npos) add("SW003", node.place, "the text holds the character NUL", "");
    if (is_plain && !awaits_key()) {
      if (!resolve_plain(node))
        add("SW007", node.place, fmt::format("the number {} does not fit 64 bits", value.substr(0, 40)), "put it in quotes if it is text");
    } else {
      node.kind = Yaml::Kind::text;
      node.quoted = !is_plain;
    }
    put(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Yaml::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Yaml::Kind::map);
  }
  void OnMapEnd() override { close(); }

  void add_syntax_error(const YAML::Exception& error) {
    if (too_deep_) return;  // yaml-cpp gives up at 500 levels; ours was reported at 64
    if (error.mark.is_null()) return add("SW001", {1, 1}, fmt::format("not valid YAML: {}", error.msg), "");
    if (lines_.rest(error.mark).starts_with('*')) return refuse_alias(lines_.place(error.mark));
    auto [message, hint] = explain(error.msg);
    if (lines_.is_indented_by_tab(error.mark)) hint = "indent with spaces, not with tabs";
    add("SW001", lines_.place(error.mark), std::move(message), std::move(hint));
  }

  [[nodiscard]] Yaml take_root() { return std::move(root_); }
  [[nodiscard]] std::vector<Problem>& problems() { return problems_; }

 private:
  struct Key {
    std::string text;
    Place place;
  };
  struct Frame {
    Yaml node;
    std::optional<Key> key;  ///< of a map: read, its value not yet
    std::map<std::string, Place> seen;
  };

  void add(std::string code, Place place, std::string message, std::string hint) {
    if (problems_.size() < max_problems) problems_.push_back({std::move(code), file_, place, std::move(message), std::move(hint)});
  }
  void refuse_alias(Place place) {
    add("SW004", place, "aliases are not allowed", "repeat the value; 'extends' and 'defaults' avoid most repetition");
  }

  /// yaml-cpp drops the tag of a null and gives "!" to quoted scalars, so the source decides.
  void check_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const auto source = lines_.rest(mark);
    if (anchor != 0) add("SW004", lines_.place(mark), "anchors are not allowed", "write the value out where it is needed");
    if (source.starts_with('!') || (tag != "?" && tag != "!" && !tag.empty()))
      add("SW004", lines_.place(mark), "tags are not allowed", "remove the tag; quotes make a value text");
  }

  /// yaml-cpp takes a quoted text that is never closed if a line feed ends the file, and text directly behind the closing quote.
  void check_quotes(const YAML::Mark& mark) {
    const auto source = lines_.rest(mark);
    const char quote = source.empty() ? ' ' : source[0];
    if (quote != '"' && quote != '\'') return;  // a block scalar, or a tag that is refused anyway
    std::size_t at = 1;
    for (; at < source.size(); ++at) {
      if (quote == '"' && source[at] == '\\') ++at;
      else if (source[at] == quote && quote == '\'' && at + 1 < source.size() && source[at + 1] == quote) ++at;
      else if (source[at] == quote) break;
    }
    if (at >= source.size()) return add("SW001", lines_.place(mark), fmt::format("the quote {} is never closed", quote), "");
    if (at + 1 < source.size() && std::string_view{" \t\r\n,:]}"}.find(source[at + 1]) == std::string_view::npos)
      add("SW001", lines_.place(lines_.offset(mark) + at + 1), "text follows the closing quote",
          "put the whole text in quotes, or escape the quotes in it");
  }

  [[nodiscard]] Frame* open_map() { return !frames_.empty() && frames_.back().node.is_map() ? &frames_.back() : nullptr; }
  [[nodiscard]] bool awaits_key() { return open_map() != nullptr && !frames_.back().key; }
  static bool is_after_line_of_key(const Place& place, const Frame& frame) {
    return place.line > frame.key->place.line && place.column <= frame.node.place.column;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Yaml::Kind kind) {
    check_properties(mark, tag, anchor);
    if (too_deep_ || frames_.size() >= max_depth) {
      if (!too_deep_)
        add("SW002", lines_.place(mark), fmt::format("nested deeper than {} levels", max_depth), "split the file or flatten the structure");
      too_deep_ = true;
      ++skipped_;
      return;
    }
    frames_.push_back({Yaml{.kind = kind, .place = lines_.place(mark)}, std::nullopt, {}});
  }

  void close() {
    if (skipped_ > 0) {
      --skipped_;
      if (skipped_ == 0) put(Yaml{});
      return;
    }
    Yaml node = std::move(frames_.back().node);
    frames_.pop_back();
    put(std::move(node));
  }

  /// The finished value goes to where it belongs: the root, a list, the key or the value of a map.
  void put(Yaml node) {
    if (skipped_ > 0) return;
    if (frames_.empty()) {
      if (documents_ == 1) root_ = std::move(node);
      return;
    }
    auto& frame = frames_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      take_key(frame, std::move(node));
    } else {
      frame.node.entries.push_back({std::move(frame.key->text), frame.key->place, std::move(node)});
      frame.key.reset();
    }
  }

  void take_key(Frame& frame, Yaml node) {
    if (node.is_null() && node.text.empty()) add("SW001", node.place, "a key is missing before ':'", "");
    if (!node.is_scalar()) add("SW001", node.place, "a key must be one word or a quoted text", "put text that begins with [ or { in quotes");
    frame.key = Key{node.is_scalar() ? std::move(node.text) : std::string{}, node.place};
    if (!node.is_scalar()) return;
    const auto [first, is_new] = frame.seen.emplace(frame.key->text, frame.key->place);
    if (!is_new)
      add("SW005", frame.key->place,
          fmt::format("the key '{}' occurs twice; first in line {}", printable(frame.key->text.substr(0, 80)), first->second.line),
          "remove one of the two");
  }

  std::string file_;
  Lines lines_;
  std::vector<Frame> frames_;
  std::vector<Problem> problems_;
  Yaml root_;
  int documents_ = 0;
  std::size_t skipped_ = 0;  ///< open collections below the depth limit
  bool too_deep_ = false;
};

std::optional<Problem> check_bytes(const std::string& name, std::string_view text) {
  if (text.size() > max_bytes)
    return Problem{"SW002", name, {1, 1}, fmt::format("the file has {} bytes; at most {} are read", text.size(), max_bytes), "split it"};
  const auto bad = find_bad_character(text);
  if (!bad) return std::nullopt;
  const auto c = static_cast<unsigned char>(text[*bad]);
  return Problem{"SW003", name, Lines{text}.place(*bad),
                 c < 0x80 ? fmt::format("the control character U+{:04X} is not allowed", c) : fmt::format("the byte 0x{:02X} is not valid UTF-8", c),
                 "save the file as UTF-8 text"};
}

}  // namespace

tl::expected<YamlFile, std::vector<Problem>> read_yaml(std::string name, std::string text) {
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  if (auto problem = check_bytes(name, text)) return tl::unexpected(std::vector{std::move(*problem)});
  Builder builder{name, text};
  try {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    // a second document is read for its problems, no further ones
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    builder.add_syntax_error(error);
  }
  auto& problems = builder.problems();
  if (!problems.empty()) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) { return a.place < b.place; });
    return tl::unexpected(std::move(problems));
  }
  return YamlFile{std::move(name), std::move(text), builder.take_root()};
}

}  // namespace stellwerk::config
