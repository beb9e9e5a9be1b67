#pragma once
// Tokens of an expression (cel-spec, "Syntax").

#include <cstdint>
#include <string>
#include <string_view>

#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {

struct Token {
  enum class Kind : std::uint8_t { end, invalid, name, escaped_name, keyword, integer, uinteger, real, string, bytes, symbol };
  Kind kind = Kind::end;
  std::size_t offset = 0;
  std::string_view spelling;   ///< as written
  std::string text;            ///< decoded string, bytes or escaped name; of an invalid token: what is wrong
  std::uint64_t integer = 0;   ///< magnitude of integer and uinteger
  double real = 0;

  [[nodiscard]] bool is(std::string_view symbol) const { return (kind == Kind::symbol || kind == Kind::keyword) && spelling == symbol; }
};

/// Reads one token after another. `source` must outlive it.
class Lexer {
 public:
  explicit Lexer(std::string_view source, std::size_t offset = 0) : source_{source}, at_{offset} {}
  /// At the end of the source it gives `end` again and again; after `invalid` it must not be asked again.
  [[nodiscard]] Token next();
  [[nodiscard]] std::size_t position() const { return at_; }

 private:
  void skip_space();
  Token number();
  Token word();
  Token symbol();
  Token quoted(std::size_t prefix);
  Token escaped_name();
  bool escape(std::string& text, bool bytes, std::string& problem);
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  Token invalid(std::size_t offset, std::string what) const;

  std::string_view source_;
  std::size_t at_;
};

/// True for words the language keeps for itself (`break`, `let`, …): no names, but members may have them.
[[nodiscard]] bool is_reserved(std::string_view word);

}  // namespace stellwerk::workflows::cel
