#include "monitoring/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "core/result.hpp"
#include "monitoring/underway.hpp"

namespace stellwerk::monitoring {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

enum class Type { counter, gauge, histogram };

/// A declaration: `MetricInfo` plus what only this file needs.
struct Declared {
  std::string name;
  Type type;
  std::string unit;
  std::vector<std::string> labels;
  std::string help;
  Buckets buckets = {};
  std::vector<std::string> values = {};  ///< of the only label, where all are known: their series are there from the start, so that increase() sees the first event
};

const Buckets& request_seconds() {
  static const Buckets buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return buckets;
}
const Buckets& lateness_seconds() {
  static const Buckets buckets{0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86400};
  return buckets;
}
const Buckets& batch_sizes() {
  static const Buckets buckets{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  return buckets;
}

const std::vector<Declared>& declared() {
  using enum Type;
  static const auto& all = *new std::vector<Declared>{
      {"stellwerk_http_requests_total", counter, "requests", {"method", "status"}, "HTTP requests answered"},
      {"stellwerk_http_request_duration_seconds",
       histogram,
       "seconds",
       {},
       "From the last byte of a request to the first byte of its answer",
       request_seconds()},
      {"stellwerk_http_connections", gauge, "connections", {}, "Open HTTP connections"},
      {"stellwerk_decisions_total", counter, "decisions", {"kind"}, "Decisions committed, by kind of actor"},
      {"stellwerk_commit_batch_size", histogram, "decisions", {}, "Decisions in one group commit", batch_sizes()},
      {"stellwerk_commit_duration_seconds", histogram, "seconds", {}, "One group commit, from begin to durable", request_seconds()},
      {"stellwerk_commits_total", counter, "commits", {"result"}, "Group commits, by result: committed, conflict, failed", {}, {"committed", "conflict", "failed"}},
      {"stellwerk_attempts_total", counter, "attempts", {"operation", "outcome"}, "Attempts at an operation of a provider, by outcome class"},
      {"stellwerk_attempt_duration_seconds", histogram, "seconds", {"operation"}, "One attempt, lookups and polls excluded", request_seconds()},
      {"stellwerk_attempts_in_flight", gauge, "attempts", {}, "Attempts sent and not yet answered"},
      {"stellwerk_attempts_waiting", gauge, "attempts", {}, "Attempts in hand that are not under way: before their time, or until it is their turn"},
      {"stellwerk_attempts_parked", gauge, "attempts", {}, "Of those, attempts that stand in the database only until it is their turn"},
      {"stellwerk_admission_refused_total", counter, "requests", {"limit"}, "Requests refused before anything was changed, by the limit that was reached: server, tenant, operation, node, commands"},
      {"stellwerk_timers_fired_total", counter, "timers", {}, "Timers delivered to their actors"},
      {"stellwerk_timers_under_way", gauge, "timers", {}, "Timers delivered and not yet decided; no more of a tenant are delivered while 1,000 of it are"},
      {"stellwerk_timer_lateness_seconds", histogram, "seconds", {}, "Delivery of a timer after its due time", lateness_seconds()},
      {"stellwerk_guard_counted_total", counter, "decisions", {"kind", "result"}, "Destructive timers that the mass-action guard has seen, by kind of actor and result: passed, released, held"},
      {"stellwerk_guard_held_timers", gauge, "timers", {}, "Timers that the mass-action guard holds until a person answers"},
      {"stellwerk_guard_questions_open", gauge, "questions", {}, "Questions of the mass-action guard that nobody has answered"},
      {"stellwerk_emergency_stops", gauge, "stops", {}, "Emergency stops that are on; one for all tenants counts once"},
      {"stellwerk_backups_total", counter, "backups", {"result"}, "Backups that this server was asked for, by result: made, failed", {}, {"made", "failed"}},
      {"stellwerk_backup_made_seconds", gauge, "seconds", {}, "Unix time of the newest backup in backup.dir, looked for every minute; 0: there is none"},
      {"stellwerk_retention_deleted_total", counter, "rows", {"table"}, "Rows deleted because their time is over, by table; whole months of the journal count as one row of month"},
      {"stellwerk_retention_sweeps_total", counter, "sweeps", {"result"}, "Rounds of that deletion over all tables, by result: done, failed", {}, {"done", "failed"}},
      {"stellwerk_purge_owed_seconds", gauge, "seconds", {}, "How long it has been tried in vain to overwrite destroyed keys (erased persons, rotation) in the files of the database; 0: nothing is owed"},
      {"stellwerk_incidents_open", gauge, "incidents", {}, "Incidents that wait for a person"},
      {"stellwerk_actors_stuck", gauge, "actors", {"half"}, "Findings of the check that nothing is silently stuck: no_wake_up (nothing would ever wake the actor) or overdue (what should have is late)", {}, {"no_wake_up", "overdue"}},
      {"stellwerk_actors_stuck_oldest_seconds", gauge, "seconds", {"half"}, "Age of the oldest finding, 0 when there is none", {}, {"no_wake_up", "overdue"}},
      {"stellwerk_stuck_looks_total", counter, "looks", {"result"}, "Rounds of that check, by result: done, failed", {}, {"done", "failed"}},
      {"stellwerk_stuck_sweep_seconds", gauge, "seconds", {}, "How long the last sweep over all live actors took"},
      {"stellwerk_database_up", gauge, "", {}, "1 while the engine's own check can read the database, else 0"},
      {"stellwerk_revisions_unreadable", gauge, "revisions", {}, "Published workflow revisions that cannot be loaded; their actors are quarantined"},
      {"stellwerk_messages_returned_total", counter, "messages", {"reason"}, "Messages that came back to their sender: the receiver is missing or final", {}, {"missing", "final"}},
      {"stellwerk_secrets_revealed_total", counter, "secrets", {"of"}, "Secrets that were shown to a person, of a server or by kind of actor; the audit tells to whom and why"},
      {"stellwerk_actors_loaded", gauge, "actors", {}, "Actors in memory"},
      {"stellwerk_actors_passivated_total", counter, "actors", {}, "Actors dropped from memory because they were idle"},
      {"stellwerk_commands_total", counter, "commands", {"result"}, "Commands received, by result: accepted, deferred, or the error's code"},
      {"stellwerk_messages_delivered_total", counter, "messages", {}, "Messages from one actor to another, consumed"},
      {"stellwerk_database_reconnects_total", counter, "connections", {}, "Database sessions opened again after a loss"},
      {"stellwerk_database_silent_seconds", gauge, "seconds", {}, "How long the longest write under way has waited for the database's answer; above 10 the node is not ready"},
      {"stellwerk_lease_left_seconds", gauge, "seconds", {}, "Left of the node's lease at its last heartbeat; 0: another node may take over, nothing is sent"},
      {"stellwerk_heartbeats_failed_total", counter, "heartbeats", {}, "Heartbeats that could not be written"},
      {"stellwerk_requests_withheld_total", counter, "requests", {}, "Requests to vendors that did not leave because the lease was over"},
      {"stellwerk_clock_trusted", gauge, "", {}, "1: the clock agrees with the database and with itself; 0: nothing fires"},
      {"stellwerk_clock_database_difference_seconds", gauge, "seconds", {}, "The node's clock less the database's, beyond the way there and back"},
      {"stellwerk_node_standby", gauge, "", {}, "1: this process waits for the database, which another node holds"},
      {"stellwerk_node_took_over_seconds", gauge, "seconds", {}, "Unix time at which this process took the database over from a node that had not ended (killed, stopped, cut off) and fenced it; 0: it did not"},
      {"stellwerk_build_info", gauge, "", {"version"}, "Always 1; the version is the label"},
  };
  return all;
}

const Declared& declaration(const std::string& name, Type type, const std::vector<std::string>& labels) {
  const auto& all = declared();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Declared& metric) { return metric.name == name; });
  STELLWERK_ASSERT(found != all.end(), fmt::format("the metric {} is not declared in monitoring/metrics.cpp", name).c_str());
  STELLWERK_ASSERT(found->type == type, fmt::format("the metric {} is declared with another type", name).c_str());
  STELLWERK_ASSERT(found->labels.size() == labels.size(), fmt::format("the metric {} takes {} labels", name, found->labels.size()).c_str());
  return *found;
}

prometheus::Labels to_labels(const Declared& metric, const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < values.size(); ++i) labels.emplace(metric.labels[i], values[i]);
  return labels;
}

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_{counter} {}
  void add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_{gauge} {}
  void set(double value) override { gauge_.Set(value); }
  void add(double amount) override { gauge_.Increment(amount); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_{histogram} {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

/// The families exist from the start, so that a metric nobody touched yet is still described; handles appear with their labels.
class Registry {
 public:
  Registry() {
    for (const auto& metric : declared()) {
      switch (metric.type) {
        case Type::counter: counters_[metric.name] = &prometheus::BuildCounter().Name(metric.name).Help(metric.help).Register(registry_); break;
        case Type::gauge: gauges_[metric.name] = &prometheus::BuildGauge().Name(metric.name).Help(metric.help).Register(registry_); break;
        case Type::histogram: histograms_[metric.name] = &prometheus::BuildHistogram().Name(metric.name).Help(metric.help).Register(registry_); break;
      }
      if (metric.labels.empty()) touch(metric, {});
      for (const auto& value : metric.values) touch(metric, {value});
    }
  }

  Counter& find_counter(const std::string& name, const std::vector<std::string>& values) {
    const auto& metric = declaration(name, Type::counter, values);
    const std::lock_guard lock{mutex_};
    auto& handle = counter_handles_[{name, values}];
    if (!handle) handle = std::make_unique<PrometheusCounter>(counters_.at(name)->Add(to_labels(metric, values)));
    return *handle;
  }
  Gauge& find_gauge(const std::string& name, const std::vector<std::string>& values) {
    const auto& metric = declaration(name, Type::gauge, values);
    const std::lock_guard lock{mutex_};
    auto& handle = gauge_handles_[{name, values}];
    if (!handle) handle = std::make_unique<PrometheusGauge>(gauges_.at(name)->Add(to_labels(metric, values)));
    return *handle;
  }
  Histogram& find_histogram(const std::string& name, const std::vector<std::string>& values) {
    const auto& metric = declaration(name, Type::histogram, values);
    const std::lock_guard lock{mutex_};
    auto& handle = histogram_handles_[{name, values}];
    if (!handle) handle = std::make_unique<PrometheusHistogram>(histograms_.at(name)->Add(to_labels(metric, values), metric.buckets));
    return *handle;
  }
  [[nodiscard]] std::string render() const { return prometheus::TextSerializer{}.Serialize(registry_.Collect()); }

 private:
  using Key = std::pair<std::string, std::vector<std::string>>;

  void touch(const Declared& metric, const std::vector<std::string>& values) {
    switch (metric.type) {
      case Type::counter: find_counter(metric.name, values); break;
      case Type::gauge: find_gauge(metric.name, values); break;
      case Type::histogram: find_histogram(metric.name, values); break;
    }
  }

  prometheus::Registry registry_;
  std::mutex mutex_;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counters_;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauges_;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*> histograms_;
  std::map<Key, std::unique_ptr<Counter>> counter_handles_;
  std::map<Key, std::unique_ptr<Gauge>> gauge_handles_;
  std::map<Key, std::unique_ptr<Histogram>> histogram_handles_;
};

Registry& registry() {
  static auto& registry = *new Registry;  // handles are promised to live as long as the process
  return registry;
}

}  // namespace

Counter& counter(const std::string& name, const std::vector<std::string>& labels) { return registry().find_counter(name, labels); }
Gauge& gauge(const std::string& name, const std::vector<std::string>& labels) { return registry().find_gauge(name, labels); }
Histogram& histogram(const std::string& name, const std::vector<std::string>& labels) { return registry().find_histogram(name, labels); }

std::string render_metrics() {
  gauge("stellwerk_database_silent_seconds").set(std::chrono::duration<double>(longest_call().waiting).count());
  return registry().render();
}

const std::vector<MetricInfo>& metric_reference() {
  static const auto& reference = *new std::vector<MetricInfo>{[] {
    std::vector<MetricInfo> all;
    for (const auto& metric : declared()) {
      const auto* type = metric.type == Type::counter ? "counter" : metric.type == Type::gauge ? "gauge" : "histogram";
      all.push_back({metric.name, type, metric.unit, metric.help, metric.labels, metric.values});
    }
    return all;
  }()};
  return reference;
}

}  // namespace stellwerk::monitoring
