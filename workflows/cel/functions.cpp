#include "workflows/cel/functions.hpp"

#include <algorithm>
#include <tuple>

namespace stellwerk::workflows::cel {
namespace {

/// Sorted by style and name, so that the overloads of one name lie side by side.
const std::vector<Overload>& table() {
  static const std::vector<Overload> rows = [] {
    std::vector<Overload> all;
    for (const auto part : {conversion_functions(), string_functions(), text_functions(), format_functions(), regex_functions(), list_functions(),
                            math_functions(), time_functions(), calendar_functions(), money_functions()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    std::stable_sort(all.begin(), all.end(), [](const Overload& a, const Overload& b) { return std::tie(a.method, a.name) < std::tie(b.method, b.name); });
    return all;
  }();
  return rows;
}

}  // namespace

std::size_t Overload::count() const { return static_cast<std::size_t>(std::find(parameters.begin(), parameters.end(), Mask{0}) - parameters.begin()); }

std::span<const Overload> find_overloads(std::string_view name, bool method) {
  const auto& rows = table();
  const auto before = [](const Overload& row, const std::pair<bool, std::string_view>& key) { return std::tie(row.method, row.name) < std::tie(key.first, key.second); };
  const auto first = std::lower_bound(rows.begin(), rows.end(), std::pair{method, name}, before);
  auto last = first;
  while (last != rows.end() && last->name == name && last->method == method) ++last;
  return {first, last};
}

std::vector<std::string> function_names(bool method) {
  std::vector<std::string> names;
  for (const auto& row : table()) {
    if (row.method == method && (names.empty() || names.back() != row.name)) names.emplace_back(row.name);
  }
  return names;
}

std::string no_overload(std::string_view name, std::span<const Value* const> arguments) {
  std::string text = fmt::format("no such overload: {}(", name);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ", ";
    text += kind_name(arguments[i]->kind());
  }
  return text + ")";
}

}  // namespace stellwerk::workflows::cel
