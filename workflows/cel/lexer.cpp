#include "workflows/cel/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_string_prefix(std::string_view word) {
  if (word.empty() || word.size() > 2) return false;
  bool raw = false, bytes = false;
  for (char c : word) {
    bool& flag = c == 'r' || c == 'R' ? raw : bytes;
    if ((c != 'r' && c != 'R' && c != 'b' && c != 'B') || flag) return false;
    flag = true;
  }
  return true;
}

}  // namespace

bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 17> words{"as", "break", "const", "continue", "else", "for", "function", "if", "import",
                                                          "let", "loop", "namespace", "package", "return", "var", "void", "while"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

Token Lexer::invalid(std::size_t offset, std::string what) const {
  Token token;
  token.kind = Token::Kind::invalid;
  token.offset = offset;
  token.text = std::move(what);
  return token;
}

void Lexer::skip_space() {
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_space();
  if (at_ >= source_.size()) {
    Token token;
    token.offset = source_.size();
    return token;
  }
  const char c = peek();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (is_letter(c)) return word();
  if (c == '"' || c == '\'') return quoted(0);
  if (c == '`') return escaped_name();
  return symbol();
}

Token Lexer::word() {
  std::size_t end = at_ + 1;
  while (end < source_.size() && (is_letter(source_[end]) || is_digit(source_[end]))) ++end;
  const auto spelling = source_.substr(at_, end - at_);
  if (end < source_.size() && (source_[end] == '"' || source_[end] == '\'') && is_string_prefix(spelling)) return quoted(spelling.size());
  Token token;
  token.offset = at_;
  token.spelling = spelling;
  const bool keyword = spelling == "true" || spelling == "false" || spelling == "null" || spelling == "in";
  token.kind = keyword ? Token::Kind::keyword : Token::Kind::name;
  at_ = end;
  return token;
}

Token Lexer::escaped_name() {
  const std::size_t end = source_.find('`', at_ + 1);
  if (end == std::string_view::npos) return invalid(at_, "a name in backquotes has no end");
  Token token;
  token.kind = Token::Kind::escaped_name;
  token.offset = at_;
  token.spelling = source_.substr(at_, end + 1 - at_);
  token.text = source_.substr(at_ + 1, end - at_ - 1);
  const bool fine = !token.text.empty() && std::all_of(token.text.begin(), token.text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' ';
  });
  if (!fine) return invalid(at_, "a name in backquotes may hold letters, digits, '_', '.', '-', '/' and spaces");
  at_ = end + 1;
  return token;
}

Token Lexer::number() {
  Token token;
  token.offset = at_;
  std::size_t end = at_;
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    end += 2;
    const std::size_t first = end;
    bool overflow = false;
    for (; end < source_.size() && hex_digit(source_[end]) >= 0; ++end) {
      overflow = overflow || token.integer >> 60 != 0;
      token.integer = token.integer << 4 | static_cast<std::uint64_t>(hex_digit(source_[end]));
    }
    if (end == first) return invalid(at_, "a hexadecimal number needs digits after 0x");
    if (overflow) return invalid(at_, "the number is beyond 64 bits");
    token.kind = Token::Kind::integer;
  } else {
    while (end < source_.size() && is_digit(source_[end])) ++end;
    bool real = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      real = true;
      for (++end; end < source_.size() && is_digit(source_[end]);) ++end;
    }
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      std::size_t digits = end + 1;
      if (digits < source_.size() && (source_[digits] == '+' || source_[digits] == '-')) ++digits;
      if (digits < source_.size() && is_digit(source_[digits])) {
        real = true;
        for (end = digits; end < source_.size() && is_digit(source_[end]);) ++end;
      }
    }
    token.kind = real ? Token::Kind::real : Token::Kind::integer;
    const std::string digits{source_.substr(at_, end - at_)};
    if (real) {
      token.real = std::strtod(digits.c_str(), nullptr);
      if (!std::isfinite(token.real)) return invalid(at_, "the number is beyond the range of double");
    } else {
      for (char c : digits) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (token.integer > (UINT64_MAX - digit) / 10) return invalid(at_, "the number is beyond 64 bits");
        token.integer = token.integer * 10 + digit;
      }
    }
  }
  if (token.kind == Token::Kind::integer && end < source_.size() && (source_[end] == 'u' || source_[end] == 'U')) {
    token.kind = Token::Kind::uinteger;
    ++end;
  }
  if (end < source_.size() && (is_letter(source_[end]) || is_digit(source_[end]))) return invalid(at_, "a number runs into a name");
  token.spelling = source_.substr(at_, end - at_);
  at_ = end;
  return token;
}

Token Lexer::symbol() {
  static constexpr std::array<std::string_view, 6> pairs{"==", "!=", "<=", ">=", "&&", "||"};
  Token token;
  token.kind = Token::Kind::symbol;
  token.offset = at_;
  const auto two = source_.substr(at_, 2);
  if (std::find(pairs.begin(), pairs.end(), two) != pairs.end()) {
    token.spelling = two;
  } else if (std::string_view{"+-*/%<>!?:.,()[]{}"}.find(peek()) != std::string_view::npos) {
    token.spelling = source_.substr(at_, 1);
  } else {
    const auto length = std::min(utf8::width(peek()), source_.size() - at_);
    const char c = peek();
    const auto what = static_cast<unsigned char>(c) < 0x20 ? fmt::format("control character {}", static_cast<int>(c)) : fmt::format("'{}'", source_.substr(at_, length));
    if (c == '=') return invalid(at_, "'=' is no operator; write == to compare");
    if (c == '&' || c == '|') return invalid(at_, fmt::format("'{0}' is no operator; write {0}{0}", c));
    return invalid(at_, fmt::format("unexpected {}", what));
  }
  at_ += token.spelling.size();
  return token;
}

Token Lexer::quoted(std::size_t prefix) {
  const std::size_t start = at_;
  bool raw = false, bytes = false;
  for (std::size_t i = 0; i < prefix; ++i) (source_[start + i] == 'r' || source_[start + i] == 'R' ? raw : bytes) = true;
  at_ += prefix;
  const char quote = peek();
  const bool triple = peek(1) == quote && peek(2) == quote;
  const std::size_t quotes = triple ? 3 : 1;
  at_ += quotes;
  Token token;
  token.kind = bytes ? Token::Kind::bytes : Token::Kind::string;
  token.offset = start;
  while (true) {
    if (at_ >= source_.size()) return invalid(start, "a string has no closing quote");
    const char c = peek();
    if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
    if (!triple && (c == '\n' || c == '\r')) return invalid(start, "a string has no closing quote on its line");
    if (c == '\\' && !raw) {
      const std::size_t at = at_;
      std::string problem;
      if (!escape(token.text, bytes, problem)) return invalid(at, std::move(problem));
      continue;
    }
    token.text += c;
    ++at_;
  }
  at_ += quotes;
  token.spelling = source_.substr(start, at_ - start);
  return token;
}

bool Lexer::escape(std::string& text, bool bytes, std::string& problem) {
  ++at_;  // the backslash
  const char c = peek();
  static constexpr std::string_view simple = "abfnrtv\\?\"'`", meaning = "\a\b\f\n\r\t\v\\?\"'`";
  if (const auto found = simple.find(c); c != '\0' && found != std::string_view::npos) {
    text += meaning[found];
    ++at_;
    return true;
  }
  std::size_t digits = 0;
  unsigned base = 16;
  if (c == 'x' || c == 'X') {
    digits = 2;
  } else if (c == 'u' && !bytes) {
    digits = 4;
  } else if (c == 'U' && !bytes) {
    digits = 8;
  } else if (c >= '0' && c <= '3') {
    digits = 3;
    base = 8;
  } else {
    problem = bytes && (c == 'u' || c == 'U') ? "\\u has no meaning in bytes; write \\x" : "unknown escape; a backslash itself is written \\\\";
    return false;
  }
  if (base == 16) ++at_;
  std::uint64_t code = 0;
  for (std::size_t i = 0; i < digits; ++i, ++at_) {
    const int digit = hex_digit(peek());
    if (digit < 0 || static_cast<unsigned>(digit) >= base) {
      problem = fmt::format("the escape needs {} {} digits", digits, base == 16 ? "hexadecimal" : "octal");
      return false;
    }
    code = code * base + static_cast<unsigned>(digit);
  }
  if (bytes) {
    text += static_cast<char>(code);
    return true;
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    problem = "the escape is no Unicode character";
    return false;
  }
  utf8::append(text, static_cast<std::uint32_t>(code));
  return true;
}

}  // namespace stellwerk::workflows::cel
