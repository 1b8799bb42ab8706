// The stored form of a trace: a version, the head, the steps (base/packing.hpp). Milestones and reasons are kept by
// name, so that their lists may grow anywhere.
#include "admin/traces.hpp"
#include "base/packing.hpp"

namespace reveille::admin {
namespace {

constexpr std::uint64_t version = 1;
constexpr std::size_t most_steps = 10'000;

template <class Enum>
std::optional<Enum> named(std::string_view name, Enum last) {
  for (unsigned value = 0; value <= static_cast<unsigned>(last); ++value)
    if (model::name_of(static_cast<Enum>(value)) == name) return static_cast<Enum>(value);
  return std::nullopt;
}

void put(Packer& out, model::TraceHead const& head) {
  out.uuid(head.tracking.value);
  out.choice(head.kind);
  out.text(head.from);
  out.text(head.to);
  out.text(head.call_id);
  out.text(head.archive_id);
  out.uuid(head.push_id);
  out.instant(head.began);
}

model::TraceHead get_head(Unpacker& in) {
  model::TraceHead head;
  head.tracking = model::TrackingId{in.uuid()};
  head.kind = in.choice(model::TraceKind::push);
  head.from = in.text();
  head.to = in.text();
  head.call_id = in.text();
  head.archive_id = in.text();
  head.push_id = in.uuid();
  head.began = in.instant();
  return head;
}

std::optional<model::TraceStep> get_step(Unpacker& in, model::TraceHead const& head) {
  auto const milestone = named(in.text(), model::Milestone::taken_back);
  auto const why = named(in.text(), model::Why::node_restarted);
  model::TraceStep step{.tracking = head.tracking, .kind = head.kind, .at = in.instant()};
  step.device = model::InstanceId{in.uuid()};
  step.detail = in.text();
  if (!milestone) return std::nullopt;
  step.milestone = *milestone;
  step.why = why.value_or(model::Why::none);
  return step;
}

}  // namespace

std::string pack(Trace const& trace) {
  Packer out;
  out.number(version);
  put(out, trace.head);
  out.number(trace.push_ids.size());
  for (auto const& id : trace.push_ids) out.uuid(id);
  out.number(trace.steps.size());
  for (auto const& step : trace.steps) {
    out.text(model::name_of(step.milestone));
    out.text(model::name_of(step.why));
    out.instant(step.at);
    out.uuid(step.device.value);
    out.text(step.detail);
  }
  return out.take();
}

Result<Trace> unpack_trace(std::string_view bytes) {
  Unpacker in(bytes);
  if (in.number() != version) return failure(ErrorCode::corrupt, "a trace of an unknown version");
  Trace trace{.head = get_head(in)};
  for (auto left = in.count(most_steps); left > 0 && !in.failed(); --left) trace.push_ids.push_back(in.uuid());
  for (auto left = in.count(most_steps); left > 0 && !in.failed(); --left)
    if (auto step = get_step(in, trace.head)) trace.steps.push_back(std::move(*step));
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a trace that ends too early or too late");
  return trace;
}

}  // namespace reveille::admin
