// Answers as values, and what outcome lists make of them.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/execution_parts.hpp"
#include "core/shorten.hpp"
#include "core/utf8.hpp"

namespace stellwerk::connectors {
namespace {

/// Vendors put any bytes into a reason phrase: malformed ones and NUL become '?'.
std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_length(text, at);
    if (length == 0 || text[at] == '\0') {
      valid += '?';
      ++at;
    } else {
      valid += text.substr(at, length);
      at += length;
    }
  }
  return valid;
}

cel::Value headers_value(const DriverResponse& response) {
  std::map<std::string, std::string> joined;
  for (const auto& [name, value] : response.headers) {
    auto& text = joined[name];
    text += (text.empty() ? "" : ", ") + valid_utf8(value);
  }
  cel::Entries entries;
  for (auto& [name, value] : joined) entries.emplace_back(cel::Value::of_string(name), cel::Value::of_string(std::move(value)));
  return cel::Value::of_map(std::move(entries));
}

/// Whether a JSON body says anything beyond members that are null.
bool says_something(const cel::Value& body) {
  if (body.is_null()) return false;
  if (body.kind() != cel::Kind::map) return true;
  return std::any_of(body.as_map().begin(), body.as_map().end(), [](const auto& entry) { return !entry.second.is_null(); });
}

}  // namespace

Answer read_answer(const DriverResponse& response, Parse parse) {
  Answer answer;
  answer.status = response.status;
  const auto raw = valid_utf8(response.body);
  cel::Value body;
  if (parse == Parse::text) {
    body = cel::Value::of_string(raw);
  } else if (auto json = parse_json(response.body, max_answer)) {
    body = cel::from_json(*json);
  } else {
    answer.parse_error = !(response.body.empty() && (response.status == 204 || response.status == 205));
  }
  cel::Entries entries;
  const auto add = [&](const char* name, cel::Value value) { entries.emplace_back(cel::Value::of_string(name), std::move(value)); };
  add("status", cel::Value::of_int(response.status));
  add("reason", cel::Value::of_string(valid_utf8(response.reason)));
  add("headers", headers_value(response));
  add("body", std::move(body));
  add("raw", cel::Value::of_string(raw));
  add("parse_error", cel::Value::of_bool(answer.parse_error));
  answer.value = cel::Value::of_map(std::move(entries));
  return answer;
}

std::string words_of(const Answer& answer) {
  auto words = answer.value.find("reason")->as_string();
  const auto& body = *answer.value.find("body");
  const auto& raw = answer.value.find("raw")->as_string();
  const bool more = answer.parse_error ? !raw.empty() : says_something(body);
  if (words.empty()) words = fmt::format("HTTP {}", answer.status);
  return more ? fmt::format("{}: {}", words, raw) : words;
}

Result<const Rule*> first_match(const Rules& rules, const std::vector<cel::Value>& frame) {
  for (const auto& rule : rules) {
    if (!rule.when) return &rule;
    const auto value = rule.when.evaluate(frame, answer_budget);
    if (!value) return wrap(value.error(), fmt::format("decide '{}'", rule.when.source()));
    if (value->kind() != cel::Kind::boolean) {
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' gives {}, not a bool", rule.when.source(), cel::kind_name(value->kind())));
    }
    if (value->as_bool()) return &rule;
  }
  return nullptr;
}

Result<Outcome> state_outcome(const Rule& rule, const std::vector<cel::Value>& frame, const Answer* answer) {
  Outcome outcome;
  outcome.is = rule.is;
  outcome.code = rule.code.empty() ? std::string{to_string(rule.is)} : rule.code;
  outcome.after = rule.after;
  outcome.hold = rule.hold;
  if (rule.text) {
    STELLWERK_TRY(const auto text, rule.text.evaluate(frame, answer_budget));
    outcome.text = cel::to_text(text);
  } else if (answer != nullptr && rule.is != OutcomeClass::done && rule.is != OutcomeClass::pending) {
    outcome.text = words_of(*answer);
  }
  if (rule.handle) {
    STELLWERK_TRY(const auto handle, rule.handle.evaluate(frame, answer_budget));
    outcome.handle = cel::to_text(handle);
    if (outcome.handle.empty()) return fail(ErrorCode::invalid_argument, "the answer names no task to wait for");
    if (outcome.handle.size() > max_handle)
      return fail(ErrorCode::invalid_argument, fmt::format("the answer names a task in {} bytes; at most {} are kept", outcome.handle.size(), max_handle));
  }
  return outcome;
}

SecretMap all_secrets(const Call& call, const std::vector<workflows::Field>& input_fields, const Json& input) {
  auto secrets = call.secrets;
  for (const auto& field : input_fields) {
    if (field.type.base != workflows::TypeSpec::Base::secret) continue;
    if (const auto value = text_of(input, field.name); !value.empty()) secrets.insert_or_assign("input." + field.name, config::Secret{value});
  }
  return secrets;
}

Masker masker_of(const SecretMap& secrets) {
  Masker masker;
  for (const auto& [name, secret] : secrets) masker.add(secret.reveal());
  return masker;
}

std::string mask(std::string text, const std::map<std::string, config::Secret>& secrets) { return masker_of(secrets).mask(std::move(text)); }

std::string clean_text(std::string text, const SecretMap& secrets) {
  if (text.empty()) return text;
  return shorten(mask(valid_utf8(text), secrets), max_text);
}

Json clean_output(Json json, const SecretMap& secrets) { return masker_of(secrets).mask_json(std::move(json)); }

}  // namespace stellwerk::connectors
