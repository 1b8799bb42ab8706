// Worker: a thread with a database connection of its own that runs jobs in order.
//
// Lifetime: the destructor runs what is left. Threads: give() from any.
#pragma once

#include "store/sqlite/database.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace reveille::store::sqlite {

class Worker {
 public:
  using Job = std::move_only_function<void(Database&)>;

  explicit Worker(std::unique_ptr<Database> database);
  ~Worker();
  Worker(Worker const&) = delete;
  Worker& operator=(Worker const&) = delete;

  void give(Job job);
  // Runs it on the caller's thread, between jobs.
  void run_here(Job job);

 private:
  void run();

  std::unique_ptr<Database> database_;
  std::mutex use_;  // of the database
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_ = {};
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace reveille::store::sqlite
