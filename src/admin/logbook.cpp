#include "admin/logbook.hpp"

#include "admin/printable.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace reveille::admin {
namespace {

std::string_view ending_of(model::TraceKind kind) {
  using enum model::TraceKind;
  switch (kind) {
    case call: return "call ended:";
    case message: return "message ended:";
    case push: return "push ended:";
  }
  std::unreachable();
}

void add(std::string& line, std::string_view name, std::string_view value) {
  if (!value.empty()) line += fmt::format(" {}={}", name, value);
}

// A space or a line feed of a peer's must not make another field, or another line.
void add_quoted(std::string& line, std::string_view name, std::string_view theirs) {
  if (!theirs.empty()) add(line, name, boost::json::serialize(boost::json::value(printable(theirs))));
}

bool is_delivered(model::Milestone end) {
  using enum model::Milestone;
  return end == acknowledged || end == unconfirmed || end == taken_back;
}

}  // namespace

std::optional<LogLevel> level_of(model::TraceStep const& step) {
  using enum model::TraceKind;
  if (!is_end_of_all(step)) return std::nullopt;
  auto const is_usual = step.kind == message || (step.kind == push && is_delivered(step.milestone));
  return is_usual ? LogLevel::debug : LogLevel::info;
}

std::string line_of(Trace const& trace, model::TraceStep const& step) {
  std::string line(ending_of(step.kind));
  add(line, "outcome", model::name_of(step.milestone));
  if (step.why != model::Why::none) add(line, "why", model::name_of(step.why));
  add_quoted(line, "detail", step.detail);
  add_quoted(line, "from", trace.head.from);
  add_quoted(line, "to", trace.head.to);
  add_quoted(line, "device", step.device.value);
  add(line, "ms", std::to_string((step.at - trace.head.began) / std::chrono::milliseconds(1)));
  add_quoted(line, "tracking", step.tracking.value);
  add_quoted(line, "call_id", trace.head.call_id);
  add_quoted(line, "push", step.push_id);
  return line;
}

std::string line_of(std::string_view what, model::AccountId const& account, model::InstanceId const& device) {
  std::string line(what);
  line += ':';
  add_quoted(line, "account", account.value);
  add_quoted(line, "device", device.value);
  return line;
}

}  // namespace reveille::admin
