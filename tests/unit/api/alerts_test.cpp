// The alert rules that are shipped speak of metrics, and of labels, that exist.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/yaml.hpp"
#include "core/text_file.hpp"
#include "monitoring/metrics.hpp"

using namespace stellwerk;

namespace {

bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Names of our metrics in an expression, with the labels in braces behind them and what they are compared with.
struct Use {
  std::string metric;
  std::vector<std::pair<std::string, std::string>> labels;
};
std::vector<Use> uses_in(std::string_view text) {
  std::vector<Use> uses;
  for (auto at = text.find("stellwerk_"); at != std::string_view::npos; at = text.find("stellwerk_", at)) {
    auto end = at;
    while (end < text.size() && is_of_name(text[end])) ++end;
    Use use{std::string{text.substr(at, end - at)}, {}};
    if (end < text.size() && text[end] == '{') {
      auto inside = text.substr(end + 1, text.find('}', end) - end - 1);
      while (!inside.empty()) {
        const auto first = inside.find('"'), second = inside.find('"', first + 1);
        use.labels.emplace_back(inside.substr(0, inside.find_first_of("=!")), inside.substr(first + 1, second - first - 1));
        const auto comma = inside.find(',');
        inside = comma == std::string_view::npos ? std::string_view{} : inside.substr(comma + 1);
      }
    }
    uses.push_back(std::move(use));
    at = end;
  }
  return uses;
}

const monitoring::MetricInfo* find_metric(std::string name) {
  const auto& all = monitoring::metric_reference();
  const auto known = [&](const std::string& wanted) { return std::find_if(all.begin(), all.end(), [&](const auto& m) { return m.name == wanted; }); };
  if (const auto found = known(name); found != all.end()) return &*found;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    if (const auto found = known(name.substr(0, name.size() - suffix.size())); found != all.end() && found->type == "histogram") return &*found;
  }
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alerts)

BOOST_AUTO_TEST_CASE(speak_of_metrics_that_exist_and_say_what_to_do) {
  const auto file = config::read_yaml("alerts.yaml", read_text_file(STELLWERK_SOURCE_DIR "/monitoring/prometheus/alerts.yaml").value());
  BOOST_REQUIRE(file.has_value());
  std::set<std::string> alerts, metrics;
  for (const auto& group : file->root.find("groups")->items) {
    for (const auto& rule : group.find("rules")->items) {
      const auto name = rule.find("alert")->text;
      BOOST_TEST(alerts.insert(name).second, name);
      for (const auto& [metric, labels] : uses_in(rule.find("expr")->text)) {
        const auto* known = find_metric(metric);
        BOOST_TEST_REQUIRE(known != nullptr, name << " speaks of " << metric << ", which monitoring/metrics.cpp does not declare");
        metrics.insert(known->name);
        for (const auto& [label, value] : labels) {
          BOOST_TEST((std::find(known->labels.begin(), known->labels.end(), label) != known->labels.end()), name << ": " << metric << " has no label " << label);
          // increase() does not see a series whose first value is 1, so every value that a rule waits for is there from the start
          BOOST_TEST((std::find(known->values.begin(), known->values.end(), value) != known->values.end()), name << ": " << metric << " does not begin with " << label << " " << value);
        }
      }
      BOOST_TEST(rule.find("labels")->find("severity") != nullptr, name);
      for (const char* text : {"summary", "description"}) BOOST_TEST(!rule.find("annotations")->find(text)->text.empty(), name);
    }
  }
  // both halves of promise 4, incidents, the database, nodes that end or are fenced, the guard, backups
  for (const char* must : {"stellwerk_actors_stuck", "stellwerk_incidents_open", "stellwerk_database_up", "stellwerk_build_info", "stellwerk_node_took_over_seconds", "stellwerk_guard_questions_open",
                           "stellwerk_backup_made_seconds", "stellwerk_backups_total"})
    BOOST_TEST(metrics.contains(must), must);
}

BOOST_AUTO_TEST_SUITE_END()
