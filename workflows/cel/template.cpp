// Literals with ${…} holes, over scalars, lists and maps.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "workflows/cel/compiler.hpp"
#include "workflows/cel/evaluator.hpp"
#include "workflows/cel/lexer.hpp"
#include "workflows/cel/result_bounds.hpp"
#include "workflows/cel/slots.hpp"
#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {

struct Template::Part {
  enum class Form : std::uint8_t { literal, expression, text, list, map };
  Form form = Form::literal;
  Type type;
  Value value;                       ///< of literal
  std::shared_ptr<const Node> root;  ///< of expression
  std::vector<Part> parts;           ///< of text, list and map
  std::vector<Value> keys;           ///< of map, one for each part
};

namespace {

using Part = Template::Part;

Part literal_part(Value value) {
  Part part;
  part.type = type_of_value(value);
  part.value = std::move(value);
  return part;
}

/// The offset of the brace that closes a hole whose expression starts at `from`; npos when there is none. Strings and maps in
/// the expression may hold braces: only the lexer knows.
std::size_t end_of_hole(std::string_view text, std::size_t from) {
  Lexer lexer{text, from};
  for (int depth = 0;;) {
    const Token token = lexer.next();
    if (token.kind == Token::Kind::end || token.kind == Token::Kind::invalid) return std::string_view::npos;
    if (token.is("{")) ++depth;
    if (token.is("}") && depth-- == 0) return token.offset;
  }
}

/// What the lexer has against the expression from `from` on, for holes that have no end.
Mistake unclosed_hole(std::string_view text, std::size_t hole, std::size_t from) {
  Lexer lexer{text, from};
  Token token = lexer.next();
  while (token.kind != Token::Kind::end && token.kind != Token::Kind::invalid) token = lexer.next();
  if (token.kind == Token::Kind::invalid) return {token.offset, token.text, {}};
  return {hole, "${ has no closing }", "write $${ for the two characters themselves"};
}

std::optional<Part> compile_hole(std::string_view text, std::size_t from, std::size_t end, const Environment& environment, std::vector<Mistake>& mistakes) {
  auto compiled = compile_tree(text.substr(from, end - from), environment, {}, Mode::strict);
  if (!compiled) {
    for (Mistake& mistake : compiled.error()) {
      mistake.offset += from;
      mistakes.push_back(std::move(mistake));
    }
    return std::nullopt;
  }
  Part part;
  part.form = Part::Form::expression;
  part.type = std::move(compiled->type);
  part.root = std::move(compiled->root);
  return part;
}

Part compile_part(std::string_view text, const Environment& environment, std::vector<Mistake>& mistakes) {
  std::vector<Part> parts;
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) parts.push_back(literal_part(Value::of_string(std::exchange(plain, {}))));
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with("$${")) {
      plain += "${";
      at += 3;
      continue;
    }
    if (!text.substr(at).starts_with("${")) {
      plain += text[at++];
      continue;
    }
    flush();
    const std::size_t end = end_of_hole(text, at + 2);
    if (end == std::string_view::npos) {
      mistakes.push_back(unclosed_hole(text, at, at + 2));
      break;
    }
    if (auto part = compile_hole(text, at + 2, end, environment, mistakes)) parts.push_back(std::move(*part));
    at = end + 1;
  }
  flush();
  if (parts.empty()) return literal_part(Value::of_string({}));
  if (parts.size() == 1) return std::move(parts.front());
  Part whole;
  whole.form = Part::Form::text;
  whole.type = Type::of(Type::Base::string);
  whole.parts = std::move(parts);
  return whole;
}

bool evaluate_part(const Part& part, Run& run, Value& out);

bool evaluate_text(const Part& part, Run& run, Value& out) {
  std::string text;
  for (const Part& piece : part.parts) {
    Value value;
    if (!evaluate_part(piece, run, value)) return false;
    const bool plain = value.kind() == Kind::string;
    if (!plain && !check_result(value, run.left().bytes, run)) return false;
    const std::string made = plain ? std::string{} : to_text(value);
    const std::string& added = plain ? value.as_string() : made;
    if (!run.charge(added.size())) return false;
    text += added;
  }
  out = Value::of_string(std::move(text));
  return true;
}

bool evaluate_part(const Part& part, Run& run, Value& out) {
  switch (part.form) {
    case Part::Form::literal: out = part.value; return true;
    case Part::Form::expression: {
      Value scratch;
      const Value* value = evaluate(*part.root, run, scratch);
      if (value == nullptr) return false;
      out = *value;
      return true;
    }
    case Part::Form::text: return evaluate_text(part, run, out);
    case Part::Form::list: {
      List items(part.parts.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (!evaluate_part(part.parts[i], run, items[i])) return false;
      }
      out = Value::of_list(std::move(items));
      return true;
    }
    case Part::Form::map: {
      Entries entries(part.parts.size());
      for (std::size_t i = 0; i < entries.size(); ++i) {
        entries[i].first = part.keys[i];
        if (!evaluate_part(part.parts[i], run, entries[i].second)) return false;
      }
      out = Value::of_map(std::move(entries));
      return true;
    }
  }
  return false;
}

bool is_literal_part(const Part& part) { return part.form == Part::Form::literal; }

/// Lists and maps without holes become one shared value.
Part folded(Part part) {
  if (part.parts.empty() || !std::all_of(part.parts.begin(), part.parts.end(), is_literal_part)) return part;
  Run unbounded{{}, {}, -1};
  Value value;
  if (!evaluate_part(part, unbounded, value)) return part;
  Part whole;
  whole.type = part.type;
  whole.value = std::move(value);
  return whole;
}

Part compile_yaml(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes) {
  switch (yaml.kind) {
    case config::Yaml::Kind::null: return literal_part({});
    case config::Yaml::Kind::boolean: return literal_part(Value::of_bool(yaml.boolean));
    case config::Yaml::Kind::integer: return literal_part(Value::of_int(yaml.integer));
    case config::Yaml::Kind::real: return literal_part(Value::of_double(yaml.real));
    case config::Yaml::Kind::text: {
      std::vector<Mistake> found;
      Part part = compile_part(yaml.text, environment, found);
      for (Mistake& mistake : found) {
        const auto place = place_in(yaml, mistake.offset);
        mistakes.emplace_back(place, std::move(mistake));
      }
      return part;
    }
    case config::Yaml::Kind::list: {
      Part part;
      part.form = Part::Form::list;
      Type element;
      for (const auto& item : yaml.items) {
        part.parts.push_back(compile_yaml(item, environment, mistakes));
        element = part.parts.size() == 1 ? part.parts.back().type : common_type(element, part.parts.back().type);
      }
      part.type = yaml.items.empty() ? Type::of(Type::Base::list) : Type::list_of(std::move(element));
      if (yaml.items.empty()) part = literal_part(Value::of_list({}));
      return folded(std::move(part));
    }
    case config::Yaml::Kind::map: {
      if (yaml.entries.empty()) return literal_part(Value::of_map({}));
      Part part;
      part.form = Part::Form::map;
      std::map<std::string, Type, std::less<>> fields;
      for (const auto& entry : yaml.entries) {
        part.keys.push_back(Value::of_string(entry.key));
        part.parts.push_back(compile_yaml(entry.value, environment, mistakes));
        fields[entry.key] = part.parts.back().type;
      }
      part.type = Type::record(std::move(fields));
      return folded(std::move(part));
    }
  }
  return {};
}

}  // namespace

Result<Value> Template::evaluate(std::span<const Value> frame, Budget budget) const {
  STELLWERK_ASSERT(root_ != nullptr, "evaluation of an empty template");
  Run run{frame, budget, zone_slot_};
  Value value;
  if (evaluate_part(*root_, run, value) && (is_literal() || check_result(value, max_result_bytes, run))) return value;
  Failure failure = run.take_failure();
  return fail(failure.code, std::move(failure.message));
}

bool Template::is_literal() const { return root_ == nullptr || is_literal_part(*root_); }

const Type& Template::type() const {
  static const Type open;
  return root_ == nullptr ? open : root_->type;
}

std::vector<int> Template::slots() const {
  std::vector<int> slots;
  const auto collect = [&](const auto& self, const Part& part) -> void {
    if (part.root) collect_slots(*part.root, slots);
    for (const auto& piece : part.parts) self(self, piece);
  };
  if (root_) collect(collect, *root_);
  return sorted_slots(std::move(slots));
}

Template compile_template(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes) {
  Template compiled;
  compiled.zone_slot_ = environment.zone_slot();
  compiled.root_ = std::make_shared<const Part>(compile_yaml(yaml, environment, mistakes));
  return compiled;
}

tl::expected<Template, std::vector<Mistake>> compile_text(std::string_view text, const Environment& environment) {
  config::Yaml scalar;
  scalar.kind = config::Yaml::Kind::text;
  scalar.text = text;
  std::vector<std::pair<config::Place, Mistake>> placed;
  Template compiled = compile_template(scalar, environment, placed);
  if (placed.empty()) return compiled;
  std::vector<Mistake> mistakes;
  for (auto& [place, mistake] : placed) mistakes.push_back(std::move(mistake));
  return tl::unexpected(std::move(mistakes));
}

config::Place place_in(const config::Yaml& scalar, std::size_t offset) {
  config::Place place = scalar.place;
  // a text with line breaks was folded or stands in a block: its columns are not known here
  if (scalar.text.find('\n') != std::string::npos) return place;
  const auto before = std::string_view{scalar.text}.substr(0, offset);
  place.column += static_cast<int>(utf8::length(before)) + (scalar.quoted ? 1 : 0);
  return place;
}

}  // namespace stellwerk::workflows::cel
