#pragma once
// Every metric, declared once in metrics.cpp: name, unit, labels, help. Values may be changed from any thread.

#include <memory>
#include <string>
#include <vector>

namespace stellwerk::monitoring {

/// Monotonic count. Cheap: one atomic add.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double amount) = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// Handles; look one up once and keep the reference (they live as long as the process). `labels` are values in the order of the
/// declaration. An undeclared name is a broken invariant.
[[nodiscard]] Counter& counter(const std::string& name, const std::vector<std::string>& labels = {});
[[nodiscard]] Gauge& gauge(const std::string& name, const std::vector<std::string>& labels = {});
[[nodiscard]] Histogram& histogram(const std::string& name, const std::vector<std::string>& labels = {});

/// Everything in Prometheus' text format 0.0.4.
[[nodiscard]] std::string render_metrics();

struct MetricInfo {
  std::string name, type, unit, help;
  std::vector<std::string> labels;
  std::vector<std::string> values;  ///< of the only label, where all are known; empty: they are not, or there are several labels
};
[[nodiscard]] const std::vector<MetricInfo>& metric_reference();

}  // namespace stellwerk::monitoring
