// The queue at the start of a process, and at its end: what the last one left open.
#include "dispatch/push/queue.hpp"

#include <spdlog/spdlog.h>

namespace reveille::dispatch {

using namespace model;

namespace {

constexpr Duration sweep_again_after = 10s;
constexpr Duration sweep_when_nothing_was_left_after = 1min;

}  // namespace

Result<void> PushQueue::load() {
  if (auto done = devices_.load(); !done) return done;
  Result<void> result;
  std::vector<PushRow> found;
  auto const newest = store_.for_each_open_push([&](store::StoredPush stored) {
    auto record = unpack_push_record(stored.record);
    if (!record) {
      result = std::unexpected(record.error());
      return;
    }
    auto open = std::make_unique<Open>();
    open->row = stored.row;
    open->record = std::move(*record);
    open->is_stored = true;
    open->marked = mark_of(open->record.life);
    auto const& notification = open->record.notification;
    by_id_[{notification.tenant, notification.request.id}] = stored.row;
    if (!notification.request.tracking.empty()) by_tracking_.insert(tracking_key(*open));
    auto& kept = *(rows_[stored.row] = std::move(open));
    count(kept);
    found.push_back(stored.row);
  });
  if (!newest) return std::unexpected(newest.error());
  if (!result) return result;
  newest_row_ = *newest;
  if (!found.empty()) spdlog::info("push: {} notifications were open when the last process ended", found.size());
  for (auto const row : found) resume(row);
  end_oldest_resting();
  sweep_from_time_to_time();
  return {};
}

void PushQueue::resume(PushRow row) {
  auto& open = *find_open(row);
  auto const& notification = open.record.notification;
  auto const credential = credential_for(notification);
  bool const has_credential = credential < credentials_.size();
  open.credential = credential;
  open.expiry = deadlines_.add(open.record.life.expires_at, [this, row] { on_deadline(row); });
  if (has_credential) return hear(open, decide::push_event::FoundAtStart{});
  // The key was taken out of the settings: it waits for its deadline, and the next start may bring the key back. What
  // may have left is of unknown fate all the same.
  auto const step = decide::on(open.record.life, decide::push_event::FoundAtStart{}, clock_.now());
  count(open);
  if (step.then == decide::Then::tell) perform(open, step);
}

// What is with a sender and has not left comes back from it now, so that the next start does not take it for one of
// unknown fate.
void PushQueue::stop() {
  is_stopping_ = true;
  for (auto const& credential : credentials_) credential.settings.sender->close();
  for (auto const& [row, open] : rows_) unmark(*open);
}

PushQueue::~PushQueue() {
  is_stopping_ = true;
  for (auto& credential : credentials_) credential.settings.sender.reset();
}

// A little at a time, so that no call waits for it: with the notifications that come in, and while none does.
void PushQueue::sweep_from_time_to_time() {
  auto const before = std::exchange(swept_, store_.swept());
  sweep();
  deadlines_.add(clock_.now() + (swept_ != before ? sweep_again_after : sweep_when_nothing_was_left_after),
                 [this] { sweep_from_time_to_time(); });
}

void PushQueue::sweep() {
  accepted_since_sweep_ = 0;
  devices_.sweep();
  store_.commit({store::Sweep{.now = clock_.now(), .traces_before = Instant{}}}, store::Urgency::lazily,
                [](Result<void>) {});
}

}  // namespace reveille::dispatch
