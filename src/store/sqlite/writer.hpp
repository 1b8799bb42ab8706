// Writer: the thread that commits. It takes everything that waits, in order, into one transaction.
//
// When: a batch `at_once` is committed as soon as the thread is free, and takes along all that was given before it; a
// batch `soon` waits 3 ms for company, longer (to 50 ms) when commits themselves take long; `lazily` half a second, or
// until a hundred such writes wait. A disk that takes nothing (it is full, or broken) is tried again every second until
// it does; `tell` hears both. Lifetime: the destructor commits what is left. Threads: give() from any; `then` runs on
// the writer's thread. Bounds: give() refuses with `busy` while too much is waiting.
#pragma once

#include "store/sqlite/database.hpp"
#include "store/store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace reveille::store::sqlite {

class Writer {
 public:
  // What is told of a batch once its fate is known.
  using Done = std::move_only_function<void(Result<void>)>;

  // `post` brings the answers to the shard, and what `tell` is to hear; `committed` is called on the writer's thread
  // after each transaction.
  Writer(std::unique_ptr<Database> database, Post post, TellDisk tell, std::function<void(Database&)> committed);
  ~Writer();
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  void give(Batch batch, Urgency urgency, Done done);
  // Runs on the writer's thread when everything given so far has been committed (at once).
  void after_all(std::move_only_function<void()> then);
  // Rows that sweeps have taken. From any thread.
  [[nodiscard]] std::uint64_t swept() const { return swept_.load(std::memory_order_relaxed); }

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Item {
    Batch batch = {};
    Moment due = {};
    std::size_t lazy_writes = 0;
    Done done = {};
    std::move_only_function<void()> then = {};
    Result<void> result = {};
  };
  using Group = std::deque<Item>;

  void enqueue(Item item);
  void run();
  // Waits for the next group: an empty one when something else is due, nothing at the end.
  std::optional<Group> next_group();
  Result<void> write_or_roll_back(Group& group);
  void try_disk();
  void note(Result<void> const& outcome);
  void commit(Group group);
  // What much work has left in the database's cache goes when there is little.
  void note_written(std::size_t batches);
  void shrink_cache_when_calm();
  void write(Group& group);
  Result<void> write_in_transaction(Group& group);
  void answer(Group group);
  Result<void> apply_all(Batch const& batch);
  [[nodiscard]] std::chrono::steady_clock::duration linger_of(Urgency urgency, std::size_t writes) const;

  std::unique_ptr<Database> database_;
  Post post_;
  TellDisk tell_;
  std::function<void(Database&)> committed_;
  std::size_t written_since_shrunk_ = 0;  // the writer's thread's, as is
  Moment shrink_at_ = Moment::max();
  std::atomic<std::uint64_t> swept_ = 0;
  Moment try_at_ = Moment::max();  // while the disk takes nothing; the writer's thread's

  std::mutex mutex_;
  std::condition_variable changed_;
  Group waiting_ = {};
  std::size_t lazy_writes_ = 0;  // that wait
  Moment due_ = Moment::max();
  bool stopping_ = false;
  std::chrono::steady_clock::duration commit_takes_{};  // smoothed; under mutex_

  std::thread thread_;
};

}  // namespace reveille::store::sqlite
