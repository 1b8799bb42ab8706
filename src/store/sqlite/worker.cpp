#include "store/sqlite/worker.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

namespace reveille::store::sqlite {
namespace {

void checkpoint(Database& database, int mode) {
  int const code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, mode, nullptr, nullptr);
  // A full disk: the log grows until there is space, and nothing is lost.
  if (code != SQLITE_OK && code != SQLITE_BUSY)
    spdlog::warn("store: the log could not be copied into the database: {}", sqlite3_errmsg(database.handle()));
}

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
  checkpoint(database, SQLITE_CHECKPOINT_PASSIVE);
}

void restart_log(Database& database) {
  // A reader in the way: the next commit tries again, rather than have everyone wait here.
  sqlite3_busy_timeout(database.handle(), 0);
  checkpoint(database, SQLITE_CHECKPOINT_RESTART);
  sqlite3_busy_timeout(database.handle(), wait_for_lock_ms);
}

}  // namespace reveille::store::sqlite
