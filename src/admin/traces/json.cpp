// interfaces.md, section 1: `trace ID --json`.
#include "admin/printable.hpp"
#include "admin/traces.hpp"

#include <boost/json.hpp>

namespace reveille::admin {
namespace {

namespace json = boost::json;

json::value text_or_null(std::string const& text) {
  return text.empty() ? json::value(nullptr) : json::value(printable(text));
}

std::int64_t milliseconds(Duration length) {
  return std::chrono::round<std::chrono::milliseconds>(length).count();
}

json::object milestone_of(Trace const& trace, model::TraceStep const& step) {
  json::object milestone;
  milestone["at"] = format_rfc3339(step.at);
  milestone["ms"] = milliseconds(step.at - trace.head.began);
  milestone["name"] = model::name_of(step.milestone);
  milestone["device"] = text_or_null(step.device.value);
  milestone["why"] = step.why == model::Why::none ? json::value(nullptr) : json::value(model::name_of(step.why));
  if (!step.detail.empty()) milestone["detail"] = printable(step.detail);
  return milestone;
}

}  // namespace

std::string json_of(Trace const& trace) {
  auto const outcome = outcome_of(trace);
  json::array milestones;
  for (auto const& step : trace.steps) milestones.push_back(milestone_of(trace, step));
  json::object object;
  object["tracking_id"] = printable(trace.head.tracking.value);
  object["kind"] = model::name_of(trace.head.kind);
  object["from"] = text_or_null(trace.head.from);
  object["to"] = text_or_null(trace.head.to);
  object["call_id"] = text_or_null(trace.head.call_id);
  object["archive_id"] = text_or_null(trace.head.archive_id);
  json::array pushes;
  for (auto const& id : trace.push_ids) pushes.push_back(json::value(printable(id)));
  object["push_ids"] = std::move(pushes);
  object["outcome"] = outcome ? json::value(model::name_of(*outcome)) : json::value(nullptr);
  object["ended"] = outcome.has_value();
  object["milestones"] = std::move(milestones);
  return json::serialize(object);
}

}  // namespace reveille::admin
