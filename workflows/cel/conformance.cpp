#include "workflows/cel/conformance.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "workflows/cel/compiler.hpp"
#include "workflows/cel/evaluator.hpp"
#include "workflows/cel/numbers.hpp"

namespace stellwerk::workflows::cel {
namespace {

/// Strings of the cases are numbers in text form; those of JSON itself are accepted as well.
std::string plain(const Json& json) {
  if (json.is_string()) return std::string{as_view(json.get_string())};
  return dump_json(json);
}
std::int64_t to_int(const Json& json) { return std::strtoll(plain(json).c_str(), nullptr, 10); }

Result<Value> typed_value(const Json& json);

Result<Value> typed_list(const Json& json) {
  List items;
  if (!json.is_array()) return fail(ErrorCode::invalid_argument, "a list of typed values is expected");
  for (const auto& item : json.get_array()) {
    STELLWERK_TRY(Value value, typed_value(item));
    items.push_back(std::move(value));
  }
  return Value::of_list(std::move(items));
}

Result<Value> typed_map(const Json& json) {
  Entries entries;
  if (!json.is_array()) return fail(ErrorCode::invalid_argument, "a list of [key, value] is expected");
  for (const auto& pair : json.get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2) return fail(ErrorCode::invalid_argument, "[key, value] is expected");
    STELLWERK_TRY(Value key, typed_value(pair.get_array()[0]));
    STELLWERK_TRY(Value value, typed_value(pair.get_array()[1]));
    entries.emplace_back(std::move(key), std::move(value));
  }
  return Value::of_map(std::move(entries));
}

Result<std::string> bytes_of_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    char* end = nullptr;
    const std::string digits = text.substr(i, 2);
    bytes += static_cast<char>(std::strtol(digits.c_str(), &end, 16));
    if (end != digits.c_str() + 2) return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not hexadecimal", text));
  }
  return bytes;
}

Result<Value> typed_value(const Json& json) {
  if (!json.is_object() || json.get_object().size() != 1) return fail(ErrorCode::invalid_argument, "a typed value is an object with one member");
  const auto& member = *json.get_object().begin();
  const std::string_view type{member.key().data(), member.key().size()};
  const Json& body = member.value();
  if (type == "null") return Value{};
  if (type == "bool") return Value::of_bool(body.is_bool() && body.get_bool());
  if (type == "int") return Value::of_int(to_int(body));
  if (type == "uint") return Value::of_uint(std::strtoull(plain(body).c_str(), nullptr, 10));
  if (type == "double") return Value::of_double(std::strtod(plain(body).c_str(), nullptr));
  if (type == "string") return Value::of_string(plain(body));
  if (type == "type") return Value::of_type(plain(body));
  if (type == "list") return typed_list(body);
  if (type == "map") return typed_map(body);
  if (type == "bytes") {
    STELLWERK_TRY(std::string bytes, bytes_of_hex(plain(body)));
    return Value::of_bytes(std::move(bytes));
  }
  if (type == "duration" || type == "timestamp") {
    const Json* seconds = find_member(body, "seconds");
    const auto whole = seconds != nullptr ? to_int(*seconds) : 0;
    const auto nanos = static_cast<std::int32_t>(int_of(body, "nanos"));
    return type == "duration" ? Value::of_duration(whole, nanos) : Value::of_timestamp(whole, nanos);
  }
  return fail(ErrorCode::invalid_argument, fmt::format("unknown type of value '{}'", type));
}

/// Equality for tests: the same kind, NaN equals NaN.
bool is_same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() == Kind::real && std::isnan(a.as_double())) return std::isnan(b.as_double());
  if (a.kind() == Kind::list) {
    if (a.as_list().size() != b.as_list().size()) return false;
    for (std::size_t i = 0; i < a.as_list().size(); ++i) {
      if (!is_same(a.as_list()[i], b.as_list()[i])) return false;
    }
    return true;
  }
  if (a.kind() == Kind::map) {
    if (a.as_map().size() != b.as_map().size()) return false;
    for (const auto& [key, value] : a.as_map()) {
      const Value* other = find_entry(b.as_map(), key);
      if (other == nullptr || !is_same(value, *other)) return false;
    }
    return true;
  }
  return a == b;
}

/// Empty when the case passes, else what came instead.
Result<std::string> failure_of(const Json& item) {
  Environment environment;
  std::vector<Value> frame;
  if (const Json* bindings = find_member(item, "bindings"); bindings != nullptr && bindings->is_object()) {
    for (const auto& binding : bindings->get_object()) {
      STELLWERK_TRY(Value value, typed_value(binding.value()));
      environment.add(std::string{binding.key()}, {}, static_cast<int>(frame.size()));
      frame.push_back(std::move(value));
    }
  }
  const Json* wanted = find_member(item, "value");
  const auto compiled = compile_tree(text_of(item, "expr"), environment, {}, bool_of(item, "unchecked") ? Mode::unchecked : Mode::strict);
  if (!compiled) return wanted == nullptr ? std::string{} : fmt::format("refused: {}", compiled.error().front().message);
  Run run{frame, {}, -1};
  const auto value = evaluate_value(*compiled->root, run);
  if (!value) return wanted == nullptr ? std::string{} : fmt::format("error: {}", value.error().message);
  if (wanted == nullptr) return fmt::format("an error is expected, got {} {}", kind_name(value->kind()), to_text(*value));
  STELLWERK_TRY(const Value right, typed_value(*wanted));
  if (is_same(*value, right)) return std::string{};
  return fmt::format("got {} {}, expected {} {}", kind_name(value->kind()), to_text(*value), kind_name(right.kind()), to_text(right));
}

}  // namespace

Result<ConformanceReport> run_conformance(std::string_view json_text) {
  STELLWERK_TRY(const Json cases, parse_json(json_text, 16 << 20));
  if (!cases.is_array()) return fail(ErrorCode::invalid_argument, "a list of cases is expected");
  ConformanceReport report;
  for (const auto& item : cases.get_array()) {
    const std::string title = fmt::format("{}/{}/{}", text_of(item, "file"), text_of(item, "section"), text_of(item, "name"));
    auto failure = failure_of(item);
    if (!failure) return wrap(std::move(failure).error(), fmt::format("read conformance case {}", title));
    if (failure->empty()) {
      ++report.passed;
      continue;
    }
    ++report.failed;
    report.failures.push_back(fmt::format("{}: {}: {}", title, text_of(item, "expr"), *failure));
  }
  return report;
}

}  // namespace stellwerk::workflows::cel
