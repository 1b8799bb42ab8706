#include "admin/traces.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reveille::admin {
namespace {

template <class Named>
std::string key_of(Named const& named) {
  return std::string(model::name_of(named.kind)) + '\0' + model::id_of(named);
}

// For a call, `answered` outweighs all else: others decline, are busy or end as answered_elsewhere beside it. What one
// device did counts only while nothing is said of the whole.
unsigned weight_of(model::TraceStep const& step) {
  using enum model::Milestone;
  if (step.milestone == answered || step.milestone == displayed) return 4;
  if (step.kind == model::TraceKind::message) return step.milestone == delivered ? 3 : 1;
  if (step.milestone == answered_elsewhere && !step.device.empty()) return 1;
  return step.device.empty() ? 3 : 2;
}

Trace told_by(store::StoredTrace stored) {
  return {.head = std::move(stored.head), .steps = std::move(stored.steps), .push_ids = std::move(stored.push_ids)};
}

// The store's, unless its disk was full, or memory found another trace for lack of an older one.
bool knows_more(Trace const& stored, std::optional<Trace> const& kept) {
  return !kept || key_of(stored.head) != key_of(kept->head) || stored.steps.size() >= kept->steps.size();
}

}  // namespace

Traces::Traces(store::Store& store, Limits limits) : store_(store), limits_(limits) {}

void Traces::begin(model::TraceHead head) {
  for (auto* text : {&head.from, &head.to, &head.call_id, &head.archive_id, &head.push_id})
    if (text->size() > limits_.text) text->resize(limits_.text);
  auto const place = place_for(head, head.began);
  auto& known = place->trace.head;
  for (auto const member : {&model::TraceHead::from, &model::TraceHead::to, &model::TraceHead::call_id,
                            &model::TraceHead::archive_id, &model::TraceHead::push_id})
    if ((known.*member).empty()) known.*member = head.*member;
  auto& pushes = place->trace.push_ids;
  if (!head.push_id.empty() && pushes.size() < limits_.ids && std::ranges::find(pushes, head.push_id) == pushes.end())
    pushes.push_back(head.push_id);
  add_ids(place, head);
  write(store::BeginTrace{.head = std::move(head)});
}

void Traces::step(model::TraceStep step) {
  if (step.detail.size() > limits_.text) step.detail.resize(limits_.text);
  auto& trace = place_for(step, step.at)->trace;
  if (trace.steps.size() >= limits_.steps) trace.steps.pop_back();
  trace.steps.push_back(step);
  if (observer_) observer_(trace, step);
  write(store::StepTrace{.step = std::move(step)});
}

template <class Named>
Traces::Place Traces::place_for(Named const& named, Instant began) {
  auto key = key_of(named);
  if (auto const found = by_key_.find(key); found != by_key_.end()) return found->second;
  if (traces_.size() >= limits_.traces) forget_oldest();
  model::TraceHead head{.tracking = named.tracking, .kind = named.kind, .began = began};
  if (named.kind == model::TraceKind::push) head.push_id = named.push_id;
  auto const place = traces_.insert(traces_.end(), {.trace = {.head = head}});
  by_key_.emplace(std::move(key), place);
  add_ids(place, head);
  return place;
}

void Traces::index(Place place, std::string id) {
  if (id.empty() || place->ids.size() >= limits_.ids || by_id_.insert_or_assign(id, place).first->second != place)
    return;
  if (std::ranges::find(place->ids, id) == place->ids.end()) place->ids.push_back(std::move(id));
}

void Traces::add_ids(Place place, model::TraceHead const& head) {
  auto const is_push = place->trace.head.kind == model::TraceKind::push;
  // A push shares the tracking id of its call or message, which goes first.
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
  by_key_.erase(key_of(oldest->trace.head));
  traces_.erase(oldest);
}

void Traces::write(store::Write write) {
  if (unwritten_.size() >= limits_.unwritten) {
    ++lost_;
    return;
  }
  unwritten_.push_back(std::move(write));
  if (unwritten_.size() == 1 && changed_) changed_();
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
  if (unwritten_.empty() || in_flight_ >= limits_.in_flight) return;
  ++in_flight_;
  // A disk that is full costs the trace's copy on it, no more.
  store_.commit(std::exchange(unwritten_, {}), store::Urgency::lazily, [this](Result<void>) {
    --in_flight_;
    flush();
  });
}

void Traces::fetch(std::string id, Answer answer) {
  flush();
  auto const* found = find(id);
  auto kept = found ? std::optional(*found) : std::nullopt;
  store_.fetch_trace(std::move(id), [kept = std::move(kept), answer = std::move(answer)](
                                        Result<std::optional<store::StoredTrace>> stored) mutable {
    if (!stored || !*stored) return answer(std::move(kept));
    auto told = told_by(std::move(**stored));
    answer(knows_more(told, kept) ? std::move(told) : std::move(kept));
  });
}

bool is_end_of_all(model::TraceStep const& step) {
  auto const of_one_leg = step.kind == model::TraceKind::call && !step.device.empty();
  auto const is_answer = step.milestone == model::Milestone::answered;
  return model::is_end(step.kind, step.milestone) && (!of_one_leg || is_answer);
}

std::optional<model::Milestone> outcome_of(Trace const& trace) {
  model::TraceStep const* best = nullptr;
  for (auto const& step : trace.steps)
    if (model::is_end(trace.head.kind, step.milestone) && (!best || weight_of(step) > weight_of(*best))) best = &step;
  if (!best) return std::nullopt;
  return best->milestone;
}

}  // namespace reveille::admin
