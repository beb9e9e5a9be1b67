// size, search, parts of strings; the standard library and the strings extension of CEL

#include <algorithm>

#include "workflows/cel/functions.hpp"
#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool give(Run& run, std::string text, Value& out) {
  if (!run.charge(text.size())) return false;
  out = Value::of_string(std::move(text));
  return true;
}
bool out_of_range(Run& run, std::int64_t index) { return run.fail(fmt::format("index out of range: {}", index)); }

/// Byte offset of a character index from 0 to the length, or npos with the error noted.
std::size_t offset(Run& run, const std::string& text, std::int64_t index) {
  const std::size_t at = index < 0 || index > static_cast<std::int64_t>(text.size()) ? std::string::npos : utf8::offset_of(text, static_cast<std::size_t>(index));
  if (at == std::string::npos) out_of_range(run, index);
  return at;
}
Value characters_before(const std::string& text, std::size_t at) {
  if (at == std::string::npos) return Value::of_int(-1);
  return Value::of_int(static_cast<std::int64_t>(utf8::length(std::string_view{text}.substr(0, at))));
}
/// Searching costs steps: what std::string::find may compare in the worst case, 64 KiB a step.
bool scan(Run& run, const Arguments& a) {
  const std::size_t text = a[0].as_string().size();
  const std::size_t part = a.size() > 1 && a[1].kind() == Kind::string ? std::min(a[1].as_string().size(), text) : 1;
  return run.step(text / 1'024 + text * std::min(part, text - part + 1) / 65'536);
}

bool size_of_string(Run& run, const Arguments& a, Value& out) {
  if (!scan(run, a)) return false;
  out = Value::of_int(static_cast<std::int64_t>(utf8::length(a[0].as_string())));
  return true;
}
bool size_of_bytes(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(static_cast<std::int64_t>(a[0].as_string().size()));
  return true;
}
bool contains(Run& run, const Arguments& a, Value& out) {
  if (!scan(run, a)) return false;
  out = Value::of_bool(a[0].as_string().find(a[1].as_string()) != std::string::npos);
  return true;
}
bool starts_with(Run&, const Arguments& a, Value& out) {
  out = Value::of_bool(a[0].as_string().starts_with(a[1].as_string()));
  return true;
}
bool ends_with(Run&, const Arguments& a, Value& out) {
  out = Value::of_bool(a[0].as_string().ends_with(a[1].as_string()));
  return true;
}

bool char_at(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  const std::size_t at = offset(run, text, a[1].as_int());
  if (at == std::string::npos) return false;
  return give(run, at == text.size() ? std::string{} : text.substr(at, utf8::width(text[at])), out);
}
bool index_of(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  const std::size_t from = a.size() > 2 ? offset(run, text, a[2].as_int()) : 0;
  if (from == std::string::npos || !scan(run, a)) return false;
  out = characters_before(text, text.find(a[1].as_string(), from));
  return true;
}
bool last_index_of(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  std::size_t from = std::string::npos;
  if (a.size() > 2) {
    from = offset(run, text, a[2].as_int());
    if (from == std::string::npos) return false;
  }
  if (!scan(run, a)) return false;
  out = characters_before(text, text.rfind(a[1].as_string(), from));
  return true;
}
bool substring(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  const std::size_t from = offset(run, text, a[1].as_int());
  if (from == std::string::npos) return false;
  if (a.size() == 2) return give(run, text.substr(from), out);
  const std::size_t to = offset(run, text, a[2].as_int());
  if (to == std::string::npos) return false;
  if (to < from) return run.fail(fmt::format("invalid substring range. start: {}, end: {}", a[1].as_int(), a[2].as_int()));
  return give(run, text.substr(from, to - from), out);
}

bool replace(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  const std::string& from = a[1].as_string();
  const std::string& to = a[2].as_string();
  std::int64_t times = a.size() > 3 ? a[3].as_int() : -1;
  if (!scan(run, a)) return false;
  std::string made;
  std::size_t at = 0;
  while (times != 0 && at <= text.size()) {
    const std::size_t found = text.find(from, at);
    if (found == std::string::npos) break;
    if (!run.charge(to.size() + (found - at))) return false;
    made.append(text, at, found - at).append(to);
    at = found + from.size();
    if (from.empty()) {  // between all characters
      if (at == text.size()) return out = Value::of_string(std::move(made)), true;
      made.append(text, at, utf8::width(text[at]));
      at += utf8::width(text[at]);
    }
    --times;
  }
  if (!run.charge(text.size() - at)) return false;
  made.append(text, at, std::string::npos);
  out = Value::of_string(std::move(made));
  return true;
}

bool split(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  const std::string& by = a[1].as_string();
  const std::int64_t limit = a.size() > 2 ? a[2].as_int() : -1;
  if (!scan(run, a)) return false;
  List parts;
  const auto push = [&](std::size_t from, std::size_t to) {
    if (!run.charge(to - from + 64)) return false;
    parts.push_back(Value::of_string(text.substr(from, to - from)));
    return true;
  };
  std::size_t at = 0;
  bool open = limit != 0 && !(by.empty() && text.empty());
  while (open) {
    std::size_t end = by.empty() ? at + utf8::width(text[at]) : text.find(by, at);
    const bool last = end == std::string::npos || (by.empty() && end >= text.size()) || (limit > 0 && static_cast<std::int64_t>(parts.size()) + 1 == limit);
    if (last) end = text.size();
    if (!push(at, end)) return false;
    at = end + by.size();
    open = !last;
  }
  out = Value::of_list(std::move(parts));
  return true;
}

}  // namespace

std::span<const Overload> string_functions() {
  static const Overload rows[] = {
      {"size", false, {takes::string}, Type::Base::integer, size_of_string},
      {"size", true, {takes::string}, Type::Base::integer, size_of_string},
      {"size", false, {takes::bytes}, Type::Base::integer, size_of_bytes},
      {"size", true, {takes::bytes}, Type::Base::integer, size_of_bytes},
      {"contains", true, {takes::string, takes::string}, Type::Base::boolean, contains},
      {"startsWith", true, {takes::string, takes::string}, Type::Base::boolean, starts_with},
      {"endsWith", true, {takes::string, takes::string}, Type::Base::boolean, ends_with},
      {"charAt", true, {takes::string, takes::integer}, Type::Base::string, char_at},
      {"indexOf", true, {takes::string, takes::string}, Type::Base::integer, index_of},
      {"indexOf", true, {takes::string, takes::string, takes::integer}, Type::Base::integer, index_of},
      {"lastIndexOf", true, {takes::string, takes::string}, Type::Base::integer, last_index_of},
      {"lastIndexOf", true, {takes::string, takes::string, takes::integer}, Type::Base::integer, last_index_of},
      {"substring", true, {takes::string, takes::integer}, Type::Base::string, substring},
      {"substring", true, {takes::string, takes::integer, takes::integer}, Type::Base::string, substring},
      {"replace", true, {takes::string, takes::string, takes::string}, Type::Base::string, replace},
      {"replace", true, {takes::string, takes::string, takes::string, takes::integer}, Type::Base::string, replace},
      {"split", true, {takes::string, takes::string}, Type::Base::list, split, Shape::strings},
      {"split", true, {takes::string, takes::string, takes::integer}, Type::Base::list, split, Shape::strings},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
