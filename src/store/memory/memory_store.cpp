#include "store/memory/memory_store.hpp"

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

void MemoryStore::apply(BeginTrace const& write) {
  auto const& head = write.head;
  traces_.try_emplace(head.tracking.value, StoredTrace{.head = head});
  for (auto const& name : {head.call_id, head.archive_id, head.push_id})
    if (!name.empty()) trace_names_.try_emplace(name, head.tracking.value);
}

void MemoryStore::apply(StepTrace const& write) {
  auto& trace = traces_[write.step.tracking.value];
  if (trace.head.tracking.empty())
    trace.head = {.tracking = write.step.tracking, .kind = write.step.kind, .began = write.step.at};
  trace.steps.push_back(write.step);
}

void MemoryStore::apply(Sweep const& write) {
  std::erase_if(pushes_, [&](auto const& entry) {
    bool const old = entry.second.life == PushLife::ended && entry.second.keep_until < write.now;
    if (old) push_rows_.erase({entry.second.tenant, entry.second.id});
    return old;
  });
  std::erase_if(traces_, [&](auto const& entry) { return entry.second.head.began < write.traces_before; });
  std::erase_if(trace_names_, [&](auto const& entry) { return !traces_.contains(entry.second); });
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

void MemoryStore::fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) {
  if (auto const named = trace_names_.find(id); named != trace_names_.end()) id = named->second;
  std::optional<StoredTrace> found;
  if (auto const trace = traces_.find(id); trace != traces_.end()) found = trace->second;
  post_([found = std::move(found), answer = std::move(answer)]() mutable { answer(std::move(found)); });
}

}  // namespace reveille::store
