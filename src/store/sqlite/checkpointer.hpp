// Checkpointer: copies the log into the database beside the writer, and has the writer start the log anew.
//
// The writer goes on meanwhile. Only the start anew is the writer's own work, between two transactions (from outside it
// would have to wait for a moment in which nobody writes): it comes when nearly all has been copied and synced, and is
// short. Bounds: the log is started anew from 33 MB on; the longer it is, the less the copy spares the disk, and at
// 131 MB the writer waits for it. Errors: a sync that fails is told, once: from then on the log is kept, for the next
// start to copy it, since the system may take pages that it could not write for written.
// Lifetime: refers to `write_back`; the destructor ends what is under way, without rests. Threads: on_commit() is the
// writer's; `broken` is called on either thread. Source: https://www.sqlite.org/wal.html, sections 3.2 and 11.
#pragma once

#include "base/result.hpp"
#include "store/sqlite/before_sync.hpp"
#include "store/sqlite/worker.hpp"
#include "store/sqlite/write_back.hpp"

#include <atomic>
#include <functional>
#include <optional>

namespace reveille::store::sqlite {

class Checkpointer {
 public:
  using Broken = std::function<void(Error)>;

  Checkpointer(std::unique_ptr<Database> database, WriteBack& write_back, Broken broken);
  ~Checkpointer();
  Checkpointer(Checkpointer const&) = delete;
  Checkpointer& operator=(Checkpointer const&) = delete;

  // After each transaction, with the writer's connection.
  void on_commit(Database& writer);

 private:
  enum class Mode : std::uint8_t { beside, restart };

  void begin_copy();
  void copy(Database& database);
  // The pages of the log that are in the database now; nothing when that failed.
  std::optional<int> copy_log(Database& database, Mode mode);
  void restart_log(Database& writer);
  [[nodiscard]] bool sync_file(Database& database);
  void note_failed_sync(Database& database);
  // How many times as long as a slice took the disk, it is left alone then.
  [[nodiscard]] int rests() const;

  Broken broken_;
  int pages_at_last_ = 0;  // the writer's
  int pass_ = 0;           // the worker's
  std::atomic<int> log_pages_{0};
  std::atomic<bool> under_way_{false};
  std::atomic<bool> nearly_copied_{false};
  std::atomic<bool> sync_failed_{false};
  std::atomic<bool> stopping_{false};
  BeforeSync before_sync_;
  Worker worker_;
};

}  // namespace reveille::store::sqlite
