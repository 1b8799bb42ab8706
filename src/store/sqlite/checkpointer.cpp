#include "store/sqlite/checkpointer.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

namespace reveille::store::sqlite {
namespace {

constexpr int pages_a_checkpoint = 4'000;
// A log of this many pages (33 MB) is started anew even if it is written to all the time.
constexpr int pages_of_a_long_log = 8'000;
// As many as the writer may have to copy itself.
constexpr int few_pages = 60;
constexpr int most_passes = 6;
// Of the disk's time the copy takes a ninth while the log is short, half while it is long; all when it is longer still,
// and for what was written during the first two passes, which is little.
constexpr int usual_rests = 8;
constexpr int passes_with_rests = 2;

void copy_log(Database& database, int mode) {
  int const code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, mode, nullptr, nullptr);
  // A full disk: the log grows until there is space, and nothing is lost.
  if (code != SQLITE_OK && code != SQLITE_BUSY)
    spdlog::warn("store: the log could not be copied into the database: {}", sqlite3_errmsg(database.handle()));
}

// SQLite syncs the database only when all of the log has been copied, which under load is when the log starts anew.
void sync_file(Database& database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (!file || !file->pMethods) return;
  if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
    spdlog::warn("store: the database could not be synced; its log is kept. Check the disk.");
}

void restart_log(Database& writer) {
  // A reader in the way: a later commit tries again, rather than have everyone wait here.
  sqlite3_busy_timeout(writer.handle(), 0);
  copy_log(writer, SQLITE_CHECKPOINT_RESTART);
  sqlite3_busy_timeout(writer.handle(), wait_for_lock_ms);
}

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Database> database, WriteBack& write_back)
    : write_back_(write_back), worker_(std::move(database)) {}

Checkpointer::~Checkpointer() {
  stopping_ = true;
}

void Checkpointer::on_commit(Database& writer) {
  int const pages = writer.log_pages();
  log_pages_ = pages;
  if (pages < pages_at_last_) pages_at_last_ = 0;  // the log was started anew
  if (under_way_) return;
  if (nearly_copied_.exchange(false)) {
    pages_at_last_ = pages;
    return restart_log(writer);
  }
  if (pages - pages_at_last_ < pages_a_checkpoint) return;
  pages_at_last_ = pages;
  under_way_ = true;
  worker_.give([this](Database& database) {
    copy(database);
    under_way_ = false;
  });
}

void Checkpointer::copy(Database& database) {
  for (int pass = 0; pass < most_passes; ++pass) {
    int const before = log_pages_;
    copy_log(database, SQLITE_CHECKPOINT_PASSIVE);
    write_back_.run([&](WriteBack::Duration took) { return took * rests_in(pass); });
    sync_file(database);
    if (log_pages_ < pages_of_a_long_log || stopping_) return;
    if (log_pages_ - before <= few_pages) break;
  }
  nearly_copied_ = true;
}

int Checkpointer::rests_in(int pass) const {
  if (stopping_ || pass >= passes_with_rests || log_pages_ >= 2 * pages_of_a_long_log) return 0;
  return log_pages_ < pages_of_a_long_log ? usual_rests : 1;
}

}  // namespace reveille::store::sqlite
