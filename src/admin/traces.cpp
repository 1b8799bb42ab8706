#include "admin/traces.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reveille::admin {
namespace {

std::string key_of(model::TraceKind kind, model::TrackingId const& tracking) {
  return std::string(model::name_of(kind)) + '\0' + tracking.value;
}

std::string key_of(Trace const& trace) {
  return key_of(trace.head.kind, trace.head.tracking);
}

// For a call, `answered` outweighs all else: others decline, are busy or end as answered_elsewhere beside it. What one
// device did counts only while nothing is said of the whole.
unsigned weight_of(model::TraceStep const& step) {
  using enum model::Milestone;
  if (step.milestone == answered || step.milestone == displayed) return 4;
  if (step.kind == model::TraceKind::message) return step.milestone == delivered ? 3 : 1;
  if (step.milestone == answered_elsewhere) return 1;
  return step.device.empty() ? 3 : 2;
}

}  // namespace

Traces::Traces(store::Store& store, Limits limits) : store_(store), limits_(limits) {}

Result<void> Traces::load() {
  std::vector<Trace> stored;
  auto const read = store_.for_each(store::Table::traces, [&](std::string_view, std::string_view value) {
    // A trace that cannot be read is no reason not to start.
    if (auto trace = unpack_trace(value)) stored.push_back(std::move(*trace));
  });
  if (!read) return read;
  std::ranges::sort(stored, {}, [](Trace const& trace) { return trace.head.began; });
  for (auto& trace : stored) {
    auto const key = key_of(trace);
    traces_.push_back({.trace = std::move(trace)});
    auto const place = std::prev(traces_.end());
    by_key_.insert_or_assign(key, place);
    add_ids(place, place->trace.head);
    for (auto const& id : place->trace.push_ids) index(place, id);
  }
  while (traces_.size() > limits_.traces) forget_oldest();
  return {};
}

void Traces::begin(model::TraceHead head) {
  for (auto* text : {&head.from, &head.to, &head.call_id, &head.archive_id, &head.push_id})
    if (text->size() > limits_.text) text->resize(limits_.text);
  auto& known = kept_for(head.kind, head.tracking, head.began).trace.head;
  for (auto const member : {&model::TraceHead::from, &model::TraceHead::to, &model::TraceHead::call_id,
                            &model::TraceHead::archive_id, &model::TraceHead::push_id})
    if ((known.*member).empty()) known.*member = head.*member;
  auto const place = by_key_.at(key_of(head.kind, head.tracking));
  auto& pushes = place->trace.push_ids;
  if (!head.push_id.empty() && pushes.size() < limits_.ids && std::ranges::find(pushes, head.push_id) == pushes.end())
    pushes.push_back(head.push_id);
  add_ids(place, head);
  touch(key_of(head.kind, head.tracking));
}

void Traces::step(model::TraceStep step) {
  if (step.detail.size() > limits_.text) step.detail.resize(limits_.text);
  auto& steps = kept_for(step.kind, step.tracking, step.at).trace.steps;
  auto key = key_of(step.kind, step.tracking);
  if (steps.size() >= limits_.steps) steps.pop_back();
  steps.push_back(std::move(step));
  touch(std::move(key));
}

Traces::Kept& Traces::kept_for(model::TraceKind kind, model::TrackingId const& tracking, Instant began) {
  auto key = key_of(kind, tracking);
  if (auto const found = by_key_.find(key); found != by_key_.end()) return *found->second;
  if (traces_.size() >= limits_.traces) forget_oldest();
  traces_.push_back({.trace = {.head = {.tracking = tracking, .kind = kind, .began = began}}});
  auto const place = std::prev(traces_.end());
  by_key_.emplace(std::move(key), place);
  // A push shares the tracking id of its call or message, which goes first.
  if (kind != model::TraceKind::push || !by_id_.contains(tracking.value)) index(place, tracking.value);
  return *place;
}

void Traces::index(Place place, std::string id) {
  if (id.empty() || place->ids.size() >= limits_.ids || by_id_.insert_or_assign(id, place).first->second != place)
    return;
  if (std::ranges::find(place->ids, id) == place->ids.end()) place->ids.push_back(std::move(id));
}

void Traces::add_ids(Place place, model::TraceHead const& head) {
  auto const is_push = place->trace.head.kind == model::TraceKind::push;
  if (!is_push || !by_id_.contains(head.tracking.value)) index(place, head.tracking.value);
  index(place, head.call_id);
  index(place, head.archive_id);
  // The push's own trace says more of a push than the call's.
  auto const holder = by_id_.find(head.push_id);
  if (is_push || holder == by_id_.end() || holder->second->trace.head.kind != model::TraceKind::push)
    index(place, head.push_id);
}

void Traces::forget_oldest() {
  auto const oldest = traces_.begin();
  auto key = key_of(oldest->trace);
  for (auto const& id : oldest->ids)
    if (auto const found = by_id_.find(id); found != by_id_.end() && found->second == oldest) by_id_.erase(found);
  by_key_.erase(key);
  traces_.erase(oldest);
  touch(std::move(key));
}

void Traces::touch(std::string key) {
  auto const first = dirty_.empty();
  dirty_.insert(std::move(key));
  if (first && changed_) changed_();
}

Trace const* Traces::find(std::string_view id) const {
  auto const found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : &found->second->trace;
}

std::vector<Trace const*> Traces::recent(std::size_t most) const {
  std::vector<Trace const*> result;
  for (auto kept = traces_.rbegin(); kept != traces_.rend() && result.size() < most; ++kept)
    result.push_back(&kept->trace);
  return result;
}

void Traces::flush() {
  if (dirty_.empty()) return;
  store::Batch batch;
  for (auto const& key : dirty_) {
    auto const found = by_key_.find(key);
    if (found == by_key_.end())
      batch.push_back(store::Erase{.table = store::Table::traces, .key = key});
    else
      batch.push_back(store::Put{.table = store::Table::traces, .key = key, .value = pack(found->second->trace)});
  }
  dirty_.clear();
  store_.commit(std::move(batch), store::Urgency::lazily, [](Result<void>) {});
}

std::optional<model::Milestone> outcome_of(Trace const& trace) {
  model::TraceStep const* best = nullptr;
  for (auto const& step : trace.steps)
    if (model::is_end(trace.head.kind, step.milestone) && (!best || weight_of(step) > weight_of(*best))) best = &step;
  if (!best) return std::nullopt;
  return best->milestone;
}

}  // namespace reveille::admin
