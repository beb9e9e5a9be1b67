#include "monitoring/metrics.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <thread>

using namespace stellwerk::monitoring;

namespace {
bool shows(const std::string& line) { return ("\n" + render_metrics()).find("\n" + line) != std::string::npos; }
}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(count_from_every_thread) {
  auto& requests = counter("stellwerk_http_requests_total", {"GET", "200"});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n) requests.add();
      });
  }
  BOOST_TEST(shows("stellwerk_http_requests_total{method=\"GET\",status=\"200\"} 4000"));
}

BOOST_AUTO_TEST_CASE(give_the_same_handle_for_the_same_labels) {
  BOOST_TEST(&counter("stellwerk_decisions_total", {"service"}) == &counter("stellwerk_decisions_total", {"service"}));
  BOOST_TEST(&counter("stellwerk_decisions_total", {"service"}) != &counter("stellwerk_decisions_total", {"order"}));
}

BOOST_AUTO_TEST_CASE(set_and_observe) {
  gauge("stellwerk_actors_loaded").set(7);
  gauge("stellwerk_actors_loaded").add(-2);
  BOOST_TEST(shows("stellwerk_actors_loaded 5"));
  histogram("stellwerk_commit_batch_size").observe(3);
  BOOST_TEST(shows("stellwerk_commit_batch_size_bucket{le=\"2\"} 0"));
  BOOST_TEST(shows("stellwerk_commit_batch_size_bucket{le=\"4\"} 1"));
}

BOOST_AUTO_TEST_CASE(without_labels_are_shown_before_they_change) { BOOST_TEST(shows("stellwerk_timers_fired_total 0")); }

BOOST_AUTO_TEST_CASE(with_labels_whose_values_are_known_are_shown_before_they_change) { BOOST_TEST(shows("stellwerk_backups_total{result=\"failed\"} 0")); }

BOOST_AUTO_TEST_CASE(escape_label_values) {
  gauge("stellwerk_build_info", {"1\"\n\\"}).set(1);
  BOOST_TEST(shows("stellwerk_build_info{version=\"1\\\"\\n\\\\\"} 1"));
}

BOOST_AUTO_TEST_CASE(are_declared_once_by_the_naming_rule) {
  std::set<std::string> names;
  for (const auto& metric : metric_reference()) {
    BOOST_TEST(names.insert(metric.name).second, metric.name);
    if (metric.labels.empty() || !metric.values.empty()) BOOST_TEST(shows("# HELP " + metric.name + " "), metric.name << " is not shown before it changes");
    BOOST_TEST(metric.name.starts_with("stellwerk_"));
    BOOST_TEST((metric.type == "counter") == metric.name.ends_with("_total"), metric.name);
    BOOST_TEST(!metric.help.empty());
    BOOST_TEST((metric.values.empty() || metric.labels.size() == 1U), metric.name);
    for (const auto& label : metric.labels) BOOST_TEST(!label.ends_with("id"), "no ids as labels: " + metric.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
