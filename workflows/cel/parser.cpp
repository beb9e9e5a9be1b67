#include "workflows/cel/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "workflows/cel/lexer.hpp"
#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

struct BinaryOperator {
  std::string_view spelling;
  int precedence;
  Op op;
};
constexpr std::array<BinaryOperator, 14> binary_operators{{{"||", 1, Op::logical_or},
                                                           {"&&", 2, Op::logical_and},
                                                           {"==", 3, Op::equal},
                                                           {"!=", 3, Op::not_equal},
                                                           {"<", 3, Op::less},
                                                           {"<=", 3, Op::less_equal},
                                                           {">", 3, Op::greater},
                                                           {">=", 3, Op::greater_equal},
                                                           {"in", 3, Op::in},
                                                           {"+", 4, Op::add},
                                                           {"-", 4, Op::subtract},
                                                           {"*", 5, Op::multiply},
                                                           {"/", 5, Op::divide},
                                                           {"%", 5, Op::remainder}}};

/// `variables` 1 or 2; arguments behind them: least and most.
struct MacroForm {
  std::string_view name;
  Macro macro;
  int variables, least, most;
};
constexpr std::array<MacroForm, 12> macro_forms{{{"all", Macro::all, 1, 1, 1},
                                                 {"exists", Macro::exists, 1, 1, 1},
                                                 {"exists_one", Macro::exists_one, 1, 1, 1},
                                                 {"existsOne", Macro::exists_one, 1, 1, 1},
                                                 {"map", Macro::map, 1, 1, 2},
                                                 {"filter", Macro::filter, 1, 1, 1},
                                                 {"all", Macro::all, 2, 1, 1},
                                                 {"exists", Macro::exists, 2, 1, 1},
                                                 {"exists_one", Macro::exists_one, 2, 1, 1},
                                                 {"existsOne", Macro::exists_one, 2, 1, 1},
                                                 {"transformList", Macro::transform_list, 2, 1, 2},
                                                 {"transformMap", Macro::transform_map, 2, 1, 2}}};

bool is_macro(std::string_view name) {
  return std::any_of(macro_forms.begin(), macro_forms.end(), [&](const MacroForm& form) { return form.name == name; });
}

/// Recursive descent with precedence climbing. Each member returns false once a mistake is noted.
class Parser {
 public:
  explicit Parser(std::string_view source) : lexer_{source} { advance(); }

  tl::expected<Node, Mistake> run() {
    Node root;
    if (expression(root) && token_.kind != Token::Kind::end) unexpected("an operator or the end");
    if (mistake_) return tl::unexpected(std::move(*mistake_));
    return root;
  }

 private:
  void advance() {
    token_ = lexer_.next();
    if (token_.kind == Token::Kind::invalid) note(token_.offset, token_.text);
  }
  bool note(std::size_t offset, std::string message, std::string hint = {}) {
    if (!mistake_) mistake_ = Mistake{offset, std::move(message), std::move(hint)};
    return false;
  }
  bool unexpected(std::string_view wanted) {
    if (token_.kind == Token::Kind::end) return note(token_.offset, fmt::format("the expression ends where {} is expected", wanted));
    return note(token_.offset, fmt::format("unexpected '{}', expected {}", token_.spelling, wanted));
  }
  bool expect(std::string_view symbol) {
    if (!token_.is(symbol)) return unexpected(fmt::format("'{}'", symbol));
    advance();
    return !mistake_;
  }
  /// Fixes the depth of a node whose children are complete, and counts it.
  bool finish(Node& node) {
    int deepest = 0;
    for (const auto& child : node.children) deepest = std::max<int>(deepest, child.depth);
    if (deepest + 1 > max_tree_depth) return note(node.offset, fmt::format("a chain of more than {} operations", max_tree_depth), "split the expression");
    node.depth = static_cast<std::uint16_t>(deepest + 1);
    if (++nodes_ > max_nodes) return note(node.offset, fmt::format("more than {} parts in one expression", max_nodes), "split the expression");
    return true;
  }

  bool expression(Node& out) {
    if (mistake_) return false;
    if (++nesting_ > max_nesting) return note(token_.offset, fmt::format("nested deeper than {} levels", max_nesting));
    const bool fine = conditional(out);
    --nesting_;
    return fine;
  }

  bool conditional(Node& out) {
    if (!binary(out, 1)) return false;
    if (!token_.is("?")) return true;
    Node node;
    node.op = Op::conditional;
    node.offset = static_cast<std::uint32_t>(token_.offset);
    advance();
    Node yes, no;
    if (!expression(yes) || !expect(":") || !expression(no)) return false;
    node.children.push_back(std::move(out));
    node.children.push_back(std::move(yes));
    node.children.push_back(std::move(no));
    out = std::move(node);
    return finish(out);
  }

  bool binary(Node& out, int least) {
    if (!unary(out)) return false;
    while (true) {
      const auto found = std::find_if(binary_operators.begin(), binary_operators.end(), [&](const BinaryOperator& o) { return token_.is(o.spelling); });
      if (found == binary_operators.end() || found->precedence < least) return !mistake_;
      const auto offset = static_cast<std::uint32_t>(token_.offset);
      advance();
      Node right;
      if (!binary(right, found->precedence + 1)) return false;
      // a && b && c is one node, with or without parentheses on the left: depth and evaluation stay flat
      if ((found->op == Op::logical_and || found->op == Op::logical_or) && out.op == found->op) {
        out.children.push_back(std::move(right));
      } else {
        Node node;
        node.op = found->op;
        node.offset = offset;
        node.children.push_back(std::move(out));
        node.children.push_back(std::move(right));
        out = std::move(node);
      }
      if (!finish(out)) return false;
    }
  }

  bool unary(Node& out) {
    if (mistake_) return false;
    if (!token_.is("-") && !token_.is("!")) return member(out);
    const bool minus = token_.is("-");
    const auto offset = static_cast<std::uint32_t>(token_.offset);
    advance();
    if (minus && (token_.kind == Token::Kind::integer || token_.kind == Token::Kind::real)) {
      negative_ = true;  // -9223372036854775808 is a literal: its magnitude alone is no int
      return member(out);
    }
    if (++nesting_ > max_nesting) return note(offset, fmt::format("nested deeper than {} levels", max_nesting));
    Node operand;
    const bool fine = unary(operand);
    --nesting_;
    if (!fine) return false;
    out = Node{};
    out.op = minus ? Op::negate : Op::logical_not;
    out.offset = offset;
    out.children.push_back(std::move(operand));
    return finish(out);
  }

  bool member(Node& out) {
    if (!primary(out)) return false;
    while (!mistake_) {
      if (token_.is(".")) {
        advance();
        if (!selection(out)) return false;
      } else if (token_.is("[")) {
        Node node;
        node.op = Op::index;
        node.offset = static_cast<std::uint32_t>(token_.offset);
        advance();
        Node key;
        if (!expression(key) || !expect("]")) return false;
        node.children.push_back(std::move(out));
        node.children.push_back(std::move(key));
        out = std::move(node);
        if (!finish(out)) return false;
      } else {
        return true;
      }
    }
    return false;
  }

  /// Behind the dot: a member or a method.
  bool selection(Node& out) {
    const bool escaped = token_.kind == Token::Kind::escaped_name;
    if (token_.kind != Token::Kind::name && token_.kind != Token::Kind::keyword && !escaped) return unexpected("a member name");
    Node node;
    node.offset = static_cast<std::uint32_t>(token_.offset);
    node.name = escaped ? token_.text : std::string{token_.spelling};
    advance();
    if (!token_.is("(") || escaped) {
      node.op = Op::select;
      node.children.push_back(std::move(out));
      out = std::move(node);
      return finish(out);
    }
    node.op = Op::call;
    node.method = true;
    node.children.push_back(std::move(out));
    if (!arguments(node.children, ")")) return false;
    out = std::move(node);
    return is_macro(out.name) ? expand(out) : finish(out);
  }

  /// From the opening bracket to the closing one.
  bool arguments(std::vector<Node>& into, std::string_view close) {
    advance();
    while (!mistake_ && !token_.is(close)) {
      Node argument;
      if (!expression(argument)) return false;
      into.push_back(std::move(argument));
      if (!token_.is(",")) break;
      advance();
      if (close == ")" && token_.is(")")) return unexpected("an argument");
    }
    return expect(close);
  }

  /// Turns `range.all(x, condition)` and its like into a comprehension.
  bool expand(Node& call) {
    const int given = static_cast<int>(call.children.size()) - 1;
    const auto is_name = [&](int i) { return i < given && call.children[i + 1].op == Op::name && !call.children[i + 1].absolute; };
    const MacroForm* form = nullptr;
    for (const auto& candidate : macro_forms) {
      const int rest = given - candidate.variables;
      if (candidate.name == call.name && rest >= candidate.least && rest <= candidate.most) form = &candidate;
    }
    // no count of arguments fits two forms of one name
    if (form == nullptr) {
      return note(call.offset, fmt::format("{}() does not take {} argument{}", call.name, given, given == 1 ? "" : "s"), fmt::format("write list.{}(x, …)", call.name));
    }
    for (int i = 0; i < form->variables; ++i) {
      if (!is_name(i)) return note(call.children[i + 1].offset, fmt::format("argument {} of {}() must be the name of a variable", i + 1, call.name));
    }
    Node node;
    node.op = Op::comprehension;
    node.macro = form->macro;
    node.offset = call.offset;
    node.name = call.children[1].name;
    if (form->variables == 2) {
      node.second = call.children[2].name;
      if (node.second == node.name) return note(call.children[2].offset, fmt::format("both variables are called {}", node.name));
    }
    node.children.push_back(std::move(call.children[0]));
    for (int i = form->variables + 1; i <= given; ++i) node.children.push_back(std::move(call.children[i]));
    call = std::move(node);
    return finish(call);
  }

  bool primary(Node& out) {
    const bool negative = std::exchange(negative_, false);
    out = Node{};
    out.offset = static_cast<std::uint32_t>(token_.offset);
    switch (token_.kind) {
      case Token::Kind::integer:
        if (token_.integer > (negative ? std::uint64_t{1} << 63 : static_cast<std::uint64_t>(INT64_MAX))) {
          return note(token_.offset, "the number is beyond the range of int", "append u for a uint");
        }
        out.value = Value::of_int(negative ? static_cast<std::int64_t>(0 - token_.integer) : static_cast<std::int64_t>(token_.integer));
        break;
      case Token::Kind::uinteger: out.value = Value::of_uint(token_.integer); break;
      case Token::Kind::real: out.value = Value::of_double(negative ? -token_.real : token_.real); break;
      case Token::Kind::string: out.value = Value::of_string(token_.text); break;
      case Token::Kind::bytes: out.value = Value::of_bytes(token_.text); break;
      case Token::Kind::keyword:
        if (token_.is("in")) return unexpected("a value");
        if (!token_.is("null")) out.value = Value::of_bool(token_.is("true"));
        break;
      case Token::Kind::name: return named(out);
      case Token::Kind::symbol: return bracketed(out);
      case Token::Kind::end:
      case Token::Kind::invalid:
      case Token::Kind::escaped_name: return unexpected("a value");
    }
    advance();
    return !mistake_ && finish(out);
  }

  bool named(Node& out) {
    if (is_reserved(token_.spelling)) return note(token_.offset, fmt::format("'{}' is a reserved word", token_.spelling));
    out.op = Op::name;
    out.name = token_.spelling;
    advance();
    if (!token_.is("(")) return !mistake_ && finish(out);
    out.op = Op::call;
    if (!arguments(out.children, ")")) return false;
    if (out.name != "has" || out.absolute) return finish(out);
    if (out.children.size() != 1 || out.children[0].op != Op::select) return note(out.offset, "has() takes one member", "write has(x.member)");
    Node member = std::move(out.children[0]);
    member.op = Op::has;
    out = std::move(member);
    return finish(out);
  }

  bool bracketed(Node& out) {
    if (token_.is("(")) {
      advance();
      return expression(out) && expect(")");
    }
    if (token_.is(".")) {
      advance();
      if (token_.kind != Token::Kind::name) return unexpected("a name");
      out.absolute = true;
      return named(out);
    }
    if (token_.is("[")) {
      out.op = Op::list;
      return arguments(out.children, "]") && finish(out);
    }
    if (!token_.is("{")) return unexpected("a value");
    out.op = Op::map;
    advance();
    while (!mistake_ && !token_.is("}")) {
      Node key, value;
      if (!expression(key) || !expect(":") || !expression(value)) return false;
      out.children.push_back(std::move(key));
      out.children.push_back(std::move(value));
      if (!token_.is(",")) break;
      advance();
    }
    return expect("}") && finish(out);
  }

  Lexer lexer_;
  Token token_;
  std::optional<Mistake> mistake_;
  int nesting_ = 0;
  int nodes_ = 0;
  bool negative_ = false;  ///< the literal that follows had a minus
};

}  // namespace

tl::expected<Node, Mistake> parse(std::string_view source) {
  if (source.size() > max_source_bytes) {
    return tl::unexpected(Mistake{max_source_bytes, fmt::format("the expression has {} bytes, at most {} are allowed", source.size(), max_source_bytes), {}});
  }
  if (!utf8::is_valid(source)) return tl::unexpected(Mistake{0, "the expression is not valid UTF-8", {}});
  return Parser{source}.run();
}

}  // namespace stellwerk::workflows::cel
