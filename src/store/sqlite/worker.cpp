#include "store/sqlite/worker.hpp"

namespace reveille::store::sqlite {

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

}  // namespace reveille::store::sqlite
