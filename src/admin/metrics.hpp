// Metrics: counters and gauges in Prometheus's text form. docs/reference/metrics.md lists them.
//
// A counter is looked up once and kept by its user; counting is one atomic addition. Gauges are asked when somebody
// scrapes. Lifetime: outlives every counter given out. Threads: the shard's.
#pragma once

#include "admin/traces.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reveille::admin {

class Metrics {
 public:
  explicit Metrics(std::string_view version);

  using Labels = std::map<std::string, std::string>;
  [[nodiscard]] prometheus::Counter& counter(std::string const& name, std::string const& help, Labels const& labels);
  void add_gauge(std::string const& name, std::string const& help, std::function<double()> value,
                 Labels const& labels = {});
  // The same for a number that only grows.
  void add_counter(std::string const& name, std::string const& help, std::function<double()> value);

  // Counts a step of a trace: milestones, reasons, outcomes, and the time until a woken phone has registered.
  void count(Trace const& trace, model::TraceStep const& step);

  [[nodiscard]] std::string text();

 private:
  void count_milestone(model::TraceStep const& step);
  void count_outcome(model::TraceStep const& step);
  void count_reason(model::TraceStep const& step);

  using Asked = std::pair<prometheus::Gauge*, std::function<double()>>;
  using Growing = std::pair<prometheus::Counter*, std::function<double()>>;

  prometheus::Registry registry_{};
  std::vector<Asked> gauges_{};
  std::vector<Growing> counters_{};
  prometheus::Histogram* wake_seconds_ = nullptr;
  std::map<std::pair<model::TraceKind, model::Milestone>, prometheus::Counter*> milestones_{};
  std::map<std::pair<model::TraceKind, model::Milestone>, prometheus::Counter*> outcomes_{};
  std::map<std::pair<model::TraceKind, model::Why>, prometheus::Counter*> reasons_{};
};

// Memory, processor time and open files of this process.
void add_process_metrics(Metrics& metrics);

}  // namespace reveille::admin
