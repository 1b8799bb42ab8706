// Checkpointer: copies the log into the database beside the writer, and has the writer start the log anew.
//
// The writer goes on meanwhile. Only the start anew is the writer's own work, between two transactions (from outside it
// would have to wait for a moment in which nobody writes): it comes when nearly all has been copied and synced, and is
// short. Bounds: the log is started anew from 33 MB on; the longer it is, the less the copy spares the disk.
// Lifetime: refers to `write_back`; the destructor ends what is under way, without rests. Threads: on_commit() is the
// writer's. Source: https://www.sqlite.org/wal.html, section 3.2.
#pragma once

#include "store/sqlite/worker.hpp"
#include "store/sqlite/write_back.hpp"

#include <atomic>

namespace reveille::store::sqlite {

class Checkpointer {
 public:
  Checkpointer(std::unique_ptr<Database> database, WriteBack& write_back);
  ~Checkpointer();
  Checkpointer(Checkpointer const&) = delete;
  Checkpointer& operator=(Checkpointer const&) = delete;

  // After each transaction, with the writer's connection.
  void on_commit(Database& writer);

 private:
  void copy(Database& database);
  // How many times as long as a slice took the disk, it is left alone then.
  [[nodiscard]] int rests_in(int pass) const;

  WriteBack& write_back_;
  int pages_at_last_ = 0;
  std::atomic<int> log_pages_{0};
  std::atomic<bool> under_way_{false};
  std::atomic<bool> nearly_copied_{false};
  std::atomic<bool> stopping_{false};
  Worker worker_;
};

}  // namespace reveille::store::sqlite
