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

// The store keeps one list of steps for a tracking id: a push id means those of the push.
Trace told_by(store::StoredTrace stored, std::string const& id) {
  Trace trace{.head = std::move(stored.head)};
  auto const is_push_step = [](model::TraceStep const& step) { return step.kind == model::TraceKind::push; };
  auto const is_head_id = id == trace.head.tracking.value || id == trace.head.call_id || id == trace.head.archive_id;
  if (!is_head_id && std::ranges::any_of(stored.steps, is_push_step)) {
    trace.head.kind = model::TraceKind::push;
    trace.push_ids = {id};
  } else if (!trace.head.push_id.empty()) {
    trace.push_ids = {trace.head.push_id};
  }
  for (auto& step : stored.steps)
    if (step.kind == trace.head.kind) trace.steps.push_back(std::move(step));
  return trace;
}

}  // namespace

Traces::Traces(store::Store& store, Limits limits) : store_(store), limits_(limits) {}

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
  write(store::BeginTrace{.head = std::move(head)});
}

void Traces::step(model::TraceStep step) {
  if (step.detail.size() > limits_.text) step.detail.resize(limits_.text);
  auto& trace = kept_for(step.kind, step.tracking, step.at).trace;
  if (trace.steps.size() >= limits_.steps) trace.steps.pop_back();
  trace.steps.push_back(step);
  if (observer_) observer_(trace, step);
  write(store::StepTrace{.step = std::move(step)});
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
  for (auto const& id : oldest->ids)
    if (auto const found = by_id_.find(id); found != by_id_.end() && found->second == oldest) by_id_.erase(found);
  by_key_.erase(key_of(oldest->trace));
  traces_.erase(oldest);
}

void Traces::write(store::Write write) {
  unwritten_.push_back(std::move(write));
  if (unwritten_.size() == 1 && changed_) changed_();
  if (unwritten_.size() >= limits_.unwritten) flush();
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
  if (unwritten_.empty()) return;
  // A disk that is full costs the trace's copy on it, no more.
  store_.commit(std::exchange(unwritten_, {}), store::Urgency::lazily, [](Result<void>) {});
}

void Traces::fetch(std::string id, Answer answer) {
  if (auto const* trace = find(id)) return answer(*trace);
  flush();
  store_.fetch_trace(id, [id, answer = std::move(answer)](Result<std::optional<store::StoredTrace>> stored) mutable {
    if (!stored || !*stored) return answer(std::nullopt);
    answer(told_by(std::move(**stored), id));
  });
}

std::optional<model::Milestone> outcome_of(Trace const& trace) {
  model::TraceStep const* best = nullptr;
  for (auto const& step : trace.steps)
    if (model::is_end(trace.head.kind, step.milestone) && (!best || weight_of(step) > weight_of(*best))) best = &step;
  if (!best) return std::nullopt;
  return best->milestone;
}

}  // namespace reveille::admin
