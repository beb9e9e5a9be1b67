#include "workflows/proof/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/id.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows::proof {

void Answers::set(const std::string& name, std::vector<Answer> list) { lists_[name] = {std::move(list), 0}; }

Next Answers::next(const std::string& name, const std::string& sub) {
  auto found = sub.empty() ? lists_.end() : lists_.find(name + "/" + sub);
  if (found == lists_.end()) found = lists_.find(name);
  if (found == lists_.end() || found->second.entries.empty()) return {};
  auto& [entries, used] = found->second;
  const auto index = std::min(used, entries.size() - 1);
  used = std::min(used + 1, entries.size());
  return {&entries[index], used >= entries.size()};
}

Json Outputs::make(const std::string& name, Time now) {
  JsonObject output;
  const auto add = [&](const std::vector<Field>& fields) {
    for (const auto& field : fields) output[field.name] = value(field, now);
  };
  if (const auto operation = catalog_->operations.find(name); operation != catalog_->operations.end()) add(operation->second.output);
  else if (const auto action = catalog_->actions.find(name); action != catalog_->actions.end()) add(action->second.output);
  if (const auto known = catalog_->answers.find(name); known != catalog_->answers.end() && known->second.is_object())
    for (const auto& member : known->second.get_object()) output[member.key()] = member.value();
  return output;
}

Json Outputs::value(const Field& field, Time now) {
  using enum TypeSpec::Base;
  const auto& type = field.type;
  switch (type.base) {
    case integer: {
      const auto made = number_++;
      const auto low = type.min ? static_cast<std::int64_t>(*type.min) : made;
      const auto high = type.max ? static_cast<std::int64_t>(*type.max) : std::max(made, low);
      return std::clamp(made, low, std::max(low, high));
    }
    case real: return type.min.value_or(1.0);
    case decimal: return "1";
    case money: return JsonObject{{"minor", 100}, {"currency", "EUR"}};
    case boolean: return false;
    case date: return Json(format_time(now).substr(0, 10));
    case timestamp: return Json(format_time(now));
    case duration: return "PT1H";
    case period: return "P1M";
    case enumeration: return type.values.empty() ? Json{} : Json(type.values.front());
    case list: return JsonArray{};
    case map: return JsonObject{};
    case any: return {};
    case url: return Json(fmt::format("https://{}-{}.example.com", field.name, text_++));
    case ref: {
      const auto prefix = type.kind == "server" ? "srv" : type.kind == "product" || type.kind == "plan" ? "prd" : prefix_of(type.kind);
      return Json(format_id(prefix, derive_uuid(Uuid{}, fmt::format("made {}", text_++))));
    }
    case string:
      if (type.format == "ip") return Json(fmt::format("192.0.2.{}", text_++ % 250 + 1));
      if (type.format == "email") return Json(fmt::format("{}-{}@example.com", field.name, text_++));
      if (type.format == "hostname") return Json(fmt::format("host-{}.example.com", text_++));
      if (type.format == "uuid") return "00000000-0000-7000-8000-000000000001";
      return Json(fmt::format("{}-{}", field.name, text_++));
    case secret: return Json(fmt::format("{}-{}", field.name, text_++));
  }
  return {};
}

}  // namespace stellwerk::workflows::proof
