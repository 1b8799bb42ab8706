#include "admin/metrics.hpp"

#include <prometheus/gauge.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace reveille::admin {
namespace {

double seconds_of(timeval const& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_files() {
  std::error_code error;
  std::filesystem::directory_iterator const files("/proc/self/fd", error);
  return error ? 0.0 : static_cast<double>(std::distance(begin(files), end(files)));
}

}  // namespace

Metrics::Metrics(std::string_view version) {
  auto& family = prometheus::BuildGauge()
                     .Name("reveille_build_info")
                     .Help("1, with the version as its label.")
                     .Register(registry_);
  family.Add({{"version", std::string(version)}}).Set(1);
  wake_seconds_ =
      &prometheus::BuildHistogram()
           .Name("reveille_wake_seconds")
           .Help("From a call's arrival to the registration of the phone that its push woke.")
           .Register(registry_)
           .Add({}, prometheus::Histogram::BucketBoundaries{0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 30, 60});
}

prometheus::Counter& Metrics::counter(std::string const& name, std::string const& help, Labels const& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

void Metrics::add_gauge(std::string const& name, std::string const& help, std::function<double()> value,
                        Labels const& labels) {
  gauges_.emplace_back(&prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels),
                       std::move(value));
}

void Metrics::add_counter(std::string const& name, std::string const& help, std::function<double()> value) {
  counters_.emplace_back(&counter(name, help, {}), std::move(value));
}

void Metrics::count_outcome(model::TraceStep const& step) {
  if (!is_end_of_all(step)) return;
  auto& outcome = outcomes_[{step.kind, step.milestone}];
  if (!outcome)
    outcome = &counter("reveille_outcomes_total", "How calls, messages and pushes ended.",
                       {{"kind", std::string(name_of(step.kind))}, {"outcome", std::string(name_of(step.milestone))}});
  outcome->Increment();
}

void Metrics::count(Trace const& trace, model::TraceStep const& step) {
  count_milestone(step);
  count_outcome(step);
  count_reason(step);
  if (step.milestone == model::Milestone::registered && step.why == model::Why::registered_after_push)
    wake_seconds_->Observe(std::chrono::duration<double>(step.at - trace.head.began).count());
}

// Why one device is not pushed stands at the arrival again; there was one arrival all the same.
void Metrics::count_milestone(model::TraceStep const& step) {
  using enum model::Milestone;
  if ((step.milestone == offered || step.milestone == received) && !step.device.empty()) return;
  auto const kind = step.kind;
  auto& milestone = milestones_[{kind, step.milestone}];
  if (!milestone)
    milestone = &counter("reveille_milestones_total", "Milestones of calls, messages and pushes.",
                         {{"kind", std::string(name_of(kind))}, {"milestone", std::string(name_of(step.milestone))}});
  milestone->Increment();
}

void Metrics::count_reason(model::TraceStep const& step) {
  auto const kind = step.kind;
  if (step.why == model::Why::none) return;
  auto& reason = reasons_[{kind, step.why}];
  if (!reason)
    reason = &counter("reveille_reasons_total", "Why something was done or left undone.",
                      {{"kind", std::string(name_of(kind))}, {"why", std::string(name_of(step.why))}});
  reason->Increment();
}

std::string Metrics::text() {
  for (auto const& [gauge, value] : gauges_) gauge->Set(value());
  for (auto const& [counter, value] : counters_) counter->Increment(value() - counter->Value());
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

void add_process_metrics(Metrics& metrics) {
  auto const now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  metrics.add_gauge("process_start_time_seconds", "When this process began, in seconds since 1970.",
                    [now] { return now; });
  metrics.add_counter("process_cpu_seconds_total", "Processor time used.", processor_seconds);
  metrics.add_gauge("process_resident_memory_bytes", "Memory in use.", resident_bytes);
  metrics.add_gauge("process_open_fds", "Open files and sockets.", open_files);
}

}  // namespace reveille::admin
