#include "store/sqlite/worker.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

namespace reveille::store::sqlite {
namespace {

// Pages in the log from which on it is started anew: a passive checkpoint cannot do that while the writer writes on.
constexpr int long_log_pages = 8'000;

}  // namespace

Worker::Worker(std::unique_ptr<Database> database) : database_(std::move(database)), thread_([this] { run(); }) {}

Worker::~Worker() {
  {
    std::lock_guard const lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Worker::give(Job job) {
  {
    std::lock_guard const lock{mutex_};
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void Worker::run_here(Job job) {
  std::lock_guard const lock{use_};
  job(*database_);
}

void Worker::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    std::lock_guard const lock{use_};
    job(*database_);
  }
}

void checkpoint(Database& database) {
  int pages = 0;
  int copied = 0;
  int code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
  if (code == SQLITE_OK && pages > long_log_pages)
    // Nearly all is copied: what remains is short, and only then the writer waits.
    code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, &pages, &copied);
  // A full disk: the log grows until there is space, and nothing is lost.
  if (code != SQLITE_OK && code != SQLITE_BUSY)
    spdlog::warn("store: the log could not be copied into the database: {}", sqlite3_errmsg(database.handle()));
}

}  // namespace reveille::store::sqlite
