#include "store/sqlite/writer.hpp"

#include "store/sqlite/tables.hpp"

#include <algorithm>
#include <vector>

namespace reveille::store::sqlite {
namespace {

constexpr std::chrono::milliseconds soon_least{3};
constexpr std::chrono::milliseconds soon_most{50};
constexpr std::chrono::milliseconds lazily_linger{500};
// So many writes together cost little each; more would keep whoever comes next waiting.
constexpr std::size_t company = 100;
constexpr int commits_a_linger = 3;  // under load a linger is this many commits long
constexpr std::size_t most_waiting = 200'000;
constexpr std::size_t most_in_a_group = 10'000;
constexpr std::chrono::seconds try_disk_every{1};
// Of batches: with fewer than `few` in each commit for that long it is calm, and `many` fill the cache.
constexpr std::size_t few = 10;
constexpr std::size_t many = 1'000;
constexpr std::chrono::seconds calm_after{5};
// As much as a busy moment writes, so that a disk with room for a crumb is not called well.
constexpr std::size_t trial_size = 65'536;
constexpr auto trial_name = "disk_trial";

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, Post post, TellDisk tell, std::function<void(Database&)> committed)
    : database_(std::move(database)),
      post_(std::move(post)),
      tell_(std::move(tell)),
      committed_(std::move(committed)),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    std::lock_guard const lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::chrono::steady_clock::duration Writer::linger_of(Urgency urgency, std::size_t writes) const {
  using enum Urgency;
  switch (urgency) {
    case at_once: return {};
    case soon:
      return std::clamp<std::chrono::steady_clock::duration>(commits_a_linger * commit_takes_, soon_least, soon_most);
    case lazily: return lazy_writes_ + writes < company ? lazily_linger : std::chrono::steady_clock::duration{};
  }
  std::unreachable();
}

void Writer::give(Batch batch, Urgency urgency, Done done) {
  {
    std::unique_lock lock{mutex_};
    if (waiting_.size() < most_waiting) {
      auto const due = std::chrono::steady_clock::now() + linger_of(urgency, batch.size());
      auto const lazy_writes = urgency == Urgency::lazily ? batch.size() : 0;
      lock.unlock();
      enqueue({.batch = std::move(batch), .due = due, .lazy_writes = lazy_writes, .done = std::move(done)});
      return;
    }
  }
  post_([done = std::move(done)]() mutable {
    done(failure(ErrorCode::busy, "Too much is waiting for the disk: it does not keep up."));
  });
}

void Writer::after_all(std::move_only_function<void()> then) {
  enqueue({.due = std::chrono::steady_clock::now(), .then = std::move(then)});
}

void Writer::enqueue(Item item) {
  bool sooner = false;
  {
    std::lock_guard const lock{mutex_};
    sooner = item.due < due_;
    due_ = std::min(due_, item.due);
    lazy_writes_ += item.lazy_writes;
    waiting_.push_back(std::move(item));
  }
  if (sooner) changed_.notify_one();
}

void Writer::run() {
  while (auto group = next_group()) {
    if (!group->empty())
      commit(std::move(*group));
    else if (try_at_ <= std::chrono::steady_clock::now())
      try_disk();
    shrink_cache_when_calm();
  }
}

void Writer::commit(Group group) {
  auto const began = std::chrono::steady_clock::now();
  write(group);
  auto const took = std::chrono::steady_clock::now() - began;
  {
    std::lock_guard const lock{mutex_};
    commit_takes_ = (3 * commit_takes_ + took) / 4;
  }
  note_written(group.size());
  answer(std::move(group));
  committed_(*database_);
}

std::optional<Writer::Group> Writer::next_group() {
  std::unique_lock lock{mutex_};
  auto const next = [this] { return std::min({due_, try_at_, shrink_at_}); };
  for (auto due = next(); !stopping_ && std::chrono::steady_clock::now() < due; due = next()) {
    if (due == Moment::max())
      changed_.wait(lock);
    else
      changed_.wait_until(lock, due);
  }
  if (stopping_ && waiting_.empty()) return std::nullopt;
  Group group;
  if (waiting_.size() <= most_in_a_group) {
    group.swap(waiting_);
    due_ = Moment::max();
    lazy_writes_ = 0;
    return group;
  }
  auto const end = waiting_.begin() + most_in_a_group;
  std::move(waiting_.begin(), end, std::back_inserter(group));
  waiting_.erase(waiting_.begin(), end);
  for (auto const& item : group) lazy_writes_ -= item.lazy_writes;
  return group;  // due_ stays: the rest is late already
}

void Writer::note_written(std::size_t batches) {
  written_since_shrunk_ += batches;
  bool const was_busy = batches > few || shrink_at_ == Moment::max();
  if (written_since_shrunk_ >= many && was_busy) shrink_at_ = std::chrono::steady_clock::now() + calm_after;
}

void Writer::shrink_cache_when_calm() {
  if (std::chrono::steady_clock::now() < shrink_at_) return;
  written_since_shrunk_ = 0;
  shrink_at_ = Moment::max();
  (void)database_->execute("PRAGMA shrink_memory");
}

void Writer::write(Group& group) {
  if (std::ranges::all_of(group, [](Item const& item) { return item.batch.empty(); })) return;
  note(write_or_roll_back(group));
}

Result<void> Writer::write_or_roll_back(Group& group) {
  auto done = write_in_transaction(group);
  if (done) return done;
  (void)database_->execute("ROLLBACK");
  for (auto& item : group) item.result = done;
  return done;
}

void Writer::try_disk() {
  Group there;
  there.push_back({.batch = {Put{.table = Table::settings, .key = trial_name, .value = std::string(trial_size, ' ')}}});
  Group gone;
  gone.push_back({.batch = {Erase{.table = Table::settings, .key = trial_name}}});
  // Two transactions: in one of them nothing would be left to write.
  auto outcome = write_or_roll_back(there);
  if (outcome) outcome = write_or_roll_back(gone);
  note(outcome);
}

void Writer::note(Result<void> const& outcome) {
  bool const was_well = try_at_ == Moment::max();
  try_at_ = outcome ? Moment::max() : std::chrono::steady_clock::now() + try_disk_every;
  if (was_well == outcome.has_value() || !tell_) return;
  post_([tell = tell_, outcome] { tell(outcome); });
}

Result<void> Writer::write_in_transaction(Group& group) {
  if (auto begun = database_->statement("BEGIN IMMEDIATE").run(); !begun) return begun;
  for (auto& item : group) {
    item.result = apply_all(item.batch);
    // A conflict is found by a batch's first write, before anything of it was written: the others go on.
    if (!item.result && item.result.error().code != ErrorCode::conflict) return item.result;
  }
  return database_->statement("COMMIT").run();
}

Result<void> Writer::apply_all(Batch const& batch) {
  for (auto const& one : batch) {
    auto const before = database_->all_changes();
    if (auto done = std::visit([&](auto const& write) { return apply(*database_, write); }, one); !done) return done;
    if (std::holds_alternative<Sweep>(one)) swept_ += database_->all_changes() - before;
  }
  return {};
}

void Writer::answer(Group group) {
  for (auto& item : group)
    if (item.then) item.then();
  std::erase_if(group, [](Item const& item) { return !item.done; });
  if (group.empty()) return;
  post_([group = std::move(group)]() mutable {
    for (auto& item : group) item.done(std::move(item.result));
  });
}

}  // namespace reveille::store::sqlite
