#include "api/members.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/yaml.hpp"

namespace stellwerk::api {
namespace {

/// A body may hold a hundred thousand wrong entries; nobody reads that many.
constexpr std::size_t most_problems = 50;

std::string pointer_to(std::string_view name) { return json_pointer("", name); }

}  // namespace

Members::Members(const Json& body, std::string message, std::string reason)
    : body_{body}, error_{ErrorCode::invalid_argument, std::move(message), std::move(reason)} {}

const Json* Members::take(std::string_view name) {
  known_.emplace_back(name);
  const auto* member = find_member(body_, name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

void Members::problem(std::string pointer, std::string message) {
  if (error_.fields.size() < most_problems) error_.fields.push_back({std::move(pointer), std::move(message)});
}

std::string Members::text(std::string_view name, std::size_t min, std::size_t max) {
  const auto* member = take(name);
  if (member == nullptr && min == 0) return {};
  if (member == nullptr || !member->is_string() || member->get_string().size() < min || member->get_string().size() > max) {
    problem(pointer_to(name), fmt::format("a text of {} to {} bytes is expected", min, max));
    return {};
  }
  return std::string{as_view(member->get_string())};
}

std::int64_t Members::number(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto* member = take(name);
  if (member != nullptr && member->is_int64() && member->get_int64() >= min && member->get_int64() <= max) return member->get_int64();
  problem(pointer_to(name), fmt::format("a whole number from {} to {} is expected", min, max));
  return min;
}

std::int64_t Members::number_or(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t fallback) {
  if (const auto* member = find_member(body_, name); member != nullptr && !member->is_null()) return number(name, min, max);
  known_.emplace_back(name);
  return fallback;
}

bool Members::flag_or(std::string_view name, bool fallback) {
  const auto* member = take(name);
  if (member == nullptr) return fallback;
  if (member->is_bool()) return member->get_bool();
  problem(pointer_to(name), "true or false is expected");
  return fallback;
}

Json Members::any(std::string_view name) {
  const auto* member = take(name);
  return member == nullptr ? Json{} : *member;
}

Json Members::object(std::string_view name) {
  const auto* member = take(name);
  if (member != nullptr && member->is_object()) return *member;
  if (member != nullptr) problem(pointer_to(name), "an object is expected");
  return JsonObject{};
}

std::vector<std::string> Members::texts(std::string_view name, std::size_t most) {
  const auto* member = take(name);
  const auto* list = member == nullptr ? nullptr : member->if_array();
  if (list == nullptr || list->empty() || list->size() > most) {
    problem(pointer_to(name), fmt::format("a list of 1 to {} texts is expected", most));
    return {};
  }
  std::vector<std::string> texts;
  for (const auto& entry : *list) {
    if (!entry.is_string()) problem(json_pointer(pointer_to(name), std::to_string(texts.size())), "a text is expected");
    texts.push_back(entry.is_string() ? std::string{as_view(entry.get_string())} : std::string{});
  }
  return texts;
}

Result<void> Members::finish() {
  for (const auto& member : body_.as_object()) {
    const std::string name{member.key()};
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const auto meant = config::closest(name, known_);
    problem(pointer_to(name), meant.empty() ? "is unknown" : fmt::format("is unknown; did you mean '{}'?", meant));
  }
  if (error_.fields.empty()) return {};
  return fail(std::move(error_));
}

std::optional<std::string> find_nul(const Json& json) {
  const auto has_nul = [](std::string_view text) { return text.find('\0') != std::string_view::npos; };
  if (const auto* text = json.if_string()) return has_nul(as_view(*text)) ? std::optional<std::string>{""} : std::nullopt;
  // depth is bounded by the parser
  if (const auto* list = json.if_array())
    for (std::size_t i = 0; i < list->size(); ++i)
      if (auto below = find_nul((*list)[i])) return json_pointer("", std::to_string(i)) + *below;
  if (const auto* object = json.if_object())
    for (const auto& member : *object) {
      if (has_nul(std::string_view{member.key()})) return std::string{};
      if (auto below = find_nul(member.value())) return json_pointer("", std::string_view{member.key()}) + *below;
    }
  return std::nullopt;
}

}  // namespace stellwerk::api
