#include "config/yaml.hpp"

#include <algorithm>
#include <cmath>

namespace stellwerk::config {
namespace {

/// Edit distance with swaps of neighbours (optimal string alignment): the four slips of a typing hand count one each.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const YamlEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Json Yaml::to_json() const {
  switch (kind) {
    case Kind::null: return nullptr;
    case Kind::boolean: return boolean;
    case Kind::integer: return integer;
    case Kind::real:
      if (!std::isfinite(real)) return Json(text);  // JSON has no infinity
      return real;
    case Kind::text: return Json(text);
    case Kind::list: {
      JsonArray array;
      array.reserve(items.size());
      for (const auto& item : items) array.push_back(item.to_json());
      return array;
    }
    case Kind::map: {
      JsonObject object;
      object.reserve(entries.size());
      for (const auto& entry : entries) object.emplace(entry.key, entry.value.to_json());
      return object;
    }
  }
  return nullptr;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  const auto limit = std::max<std::size_t>(1, word.size() / 3);
  std::string best;
  auto best_distance = limit + 1;
  if (word.empty()) return best;
  for (const auto& candidate : candidates) {
    const auto longer = std::max(candidate.size(), word.size());
    if (longer - std::min(candidate.size(), word.size()) >= best_distance) continue;
    if (const auto d = distance(word, candidate); d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace stellwerk::config
