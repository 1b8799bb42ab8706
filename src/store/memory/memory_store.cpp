#include "store/memory/memory_store.hpp"

#include <algorithm>

namespace reveille::store {

void MemoryStore::commit(Batch batch, Urgency, Done done) {
  ++commits_;
  post_([result = write(batch), done = std::move(done)]() mutable { done(std::move(result)); });
}

Result<void> MemoryStore::write(Batch const& batch) {
  if (error_) return std::unexpected(*error_);
  if (!batch.empty())
    if (auto const* accept = std::get_if<AcceptPush>(&batch.front()))
      if (push_rows_.contains({accept->push.tenant, accept->push.id}))
        return failure(ErrorCode::conflict, "a notification of that id exists");
  for (auto const& one : batch) std::visit([&](auto const& write) { apply(write); }, one);
  return {};
}

void MemoryStore::apply(Put const& write) {
  tables_.at(static_cast<std::size_t>(write.table))[write.key] = write.value;
}

void MemoryStore::apply(Erase const& write) {
  tables_.at(static_cast<std::size_t>(write.table)).erase(write.key);
}

void MemoryStore::apply(AcceptPush const& write) {
  pushes_[write.push.row] = write.push;
  push_rows_[{write.push.tenant, write.push.id}] = write.push.row;
  newest_row_ = std::max(newest_row_, write.push.row);
}

void MemoryStore::apply(UpdatePush const& write) {
  auto const found = pushes_.find(write.row);
  if (found == pushes_.end()) return;
  found->second.life = write.life;
  found->second.keep_until = write.keep_until;
  found->second.record = write.record;
}

StoredTrace& MemoryStore::trace_of(TraceKey const& key, model::TraceHead const& head) {
  auto const [place, is_new] = traces_.try_emplace(key, StoredTrace{.head = head});
  if (is_new) trace_order_.push_back(key);
  return place->second;
}

void MemoryStore::apply(BeginTrace const& write) {
  auto const& head = write.head;
  TraceKey const key{model::id_of(head), head.kind};
  auto& trace = trace_of(key, head);
  for (auto const member : {&model::TraceHead::from, &model::TraceHead::to, &model::TraceHead::call_id,
                            &model::TraceHead::archive_id, &model::TraceHead::push_id})
    if ((trace.head.*member).empty()) trace.head.*member = head.*member;
  if (head.kind == model::TraceKind::push) {
    trace_links_.try_emplace(head.tracking.value, key);
    trace.push_ids = {trace.head.push_id};
    return;
  }
  for (auto const& name : {head.call_id, head.archive_id, head.push_id})
    if (!name.empty()) trace_links_.insert_or_assign(name, key);
  if (!head.push_id.empty() && std::ranges::find(trace.push_ids, head.push_id) == trace.push_ids.end())
    trace.push_ids.push_back(head.push_id);
}

void MemoryStore::apply(StepTrace const& write) {
  auto const& step = write.step;
  if (!traces_.contains({model::id_of(step), step.kind}))
    apply(BeginTrace{{.tracking = step.tracking, .kind = step.kind, .push_id = step.push_id, .began = step.at}});
  traces_.at({model::id_of(step), step.kind}).steps.push_back(step);
}

void MemoryStore::apply(Sweep const& write) {
  unsigned left = write.most;
  swept_ += std::erase_if(pushes_, [&](auto const& entry) {
    bool const old = left > 0 && entry.second.life == PushLife::ended && entry.second.keep_until < write.now;
    if (old) --left;
    if (old) push_rows_.erase({entry.second.tenant, entry.second.id});
    return old;
  });
  auto beyond = write.most_traces > 0 && traces_.size() > write.most_traces ? traces_.size() - write.most_traces : 0;
  swept_ += std::erase_if(trace_order_, [&](TraceKey const& key) {
    bool const old = beyond > 0 || traces_.at(key).head.began < write.traces_before;
    if (beyond > 0) --beyond;
    if (old) traces_.erase(key);
    return old;
  });
  std::erase_if(trace_links_, [&](auto const& entry) { return !traces_.contains(entry.second); });
}

Result<void> MemoryStore::for_each(Table table,
                                   std::function<void(std::string_view key, std::string_view value)> visit) {
  for (auto const& [key, value] : tables_.at(static_cast<std::size_t>(table))) visit(key, value);
  return {};
}

Result<std::uint64_t> MemoryStore::for_each_open_push(std::function<void(StoredPush)> visit) {
  for (auto const& [row, push] : pushes_)
    if (push.life == PushLife::open) visit(push);
  return newest_row_;
}

void MemoryStore::fetch_push(std::string tenant, std::string id, Answer<std::optional<StoredPush>> answer) {
  std::optional<StoredPush> found;
  if (auto const row = push_rows_.find({tenant, id}); row != push_rows_.end()) found = pushes_.at(row->second);
  post_([found = std::move(found), answer = std::move(answer)]() mutable { answer(std::move(found)); });
}

std::optional<StoredTrace> MemoryStore::find_trace(std::string const& id) const {
  auto const own = traces_.lower_bound({id, model::TraceKind::call});
  if (own != traces_.end() && own->first.first == id) return own->second;
  auto const link = trace_links_.find(id);
  if (link == trace_links_.end()) return std::nullopt;
  return traces_.at(link->second);
}

void MemoryStore::fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) {
  post_([found = find_trace(id), answer = std::move(answer)]() mutable { answer(std::move(found)); });
}

}  // namespace reveille::store
