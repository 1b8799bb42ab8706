#include "store/sqlite/checkpointer.hpp"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <utility>

namespace reveille::store::sqlite {
namespace {

constexpr int pages_a_checkpoint = 4'000;
// A log of this many pages (33 MB) is started anew even if it is written to all the time.
constexpr int pages_of_a_long_log = 8'000;
constexpr int pages_of_the_longest_log = 32'000;
// As many as the writer may have to copy itself.
constexpr int few_pages = 60;
constexpr int most_passes = 6;
// Of the disk's time the copy takes a ninth while the log is short, half while it is long; all when it is longer still,
// and for what was written during the first two passes, which is little.
constexpr int usual_rests = 8;
constexpr int passes_with_rests = 2;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Database> database, WriteBack& write_back, Broken broken)
    : broken_(std::move(broken)),
      before_sync_(*database,
                   [this, &write_back] { write_back.run([&](WriteBack::Duration took) { return took * rests(); }); }),
      worker_(std::move(database)) {}

Checkpointer::~Checkpointer() {
  stopping_ = true;
}

void Checkpointer::on_commit(Database& writer) {
  int const pages = writer.log_pages();
  log_pages_ = pages;
  if (sync_failed_) return;
  if (pages < pages_at_last_) pages_at_last_ = 0;  // the log was started anew
  bool const is_longest = pages >= pages_of_the_longest_log;
  if (under_way_ && !is_longest) return;
  under_way_.wait(true);
  if (sync_failed_) return;  // that copy's
  if (nearly_copied_.exchange(false) || (is_longest && pages > pages_at_last_)) {
    pages_at_last_ = pages;
    restart_log(writer);
  }
  if (pages - pages_at_last_ < pages_a_checkpoint) return;
  pages_at_last_ = pages;
  begin_copy();
}

void Checkpointer::begin_copy() {
  under_way_ = true;
  worker_.give([this](Database& database) {
    copy(database);
    under_way_ = false;
    under_way_.notify_all();
  });
}

void Checkpointer::copy(Database& database) {
  // Another pass only where pages wait for it: an empty one may run into the log's start anew, which SQLite before
  // 3.51.3 gets wrong (wal.html, section 11).
  for (pass_ = 0; pass_ < most_passes; ++pass_) {
    auto const copied = copy_log(database, Mode::beside);
    if (!copied || !sync_file(database)) return;
    int const pages = log_pages_;
    if (pages < pages_of_a_long_log || pages >= pages_of_the_longest_log || stopping_) return;
    if (pages - *copied > few_pages) continue;
    nearly_copied_ = true;
    return;
  }
}

std::optional<int> Checkpointer::copy_log(Database& database, Mode mode) {
  int copied = 0;
  int const code = sqlite3_wal_checkpoint_v2(
      database.handle(), nullptr, mode == Mode::restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
      nullptr, &copied);
  if (code == SQLITE_OK) return copied;
  if (code == SQLITE_IOERR_FSYNC) note_failed_sync(database);
  // A full disk: the log grows until there is space, and nothing is lost.
  else if (code != SQLITE_BUSY)
    spdlog::warn("store: the log could not be copied into the database: {}", sqlite3_errmsg(database.handle()));
  return {};
}

void Checkpointer::restart_log(Database& writer) {
  // A reader in the way: a later commit tries again, rather than have everyone wait here.
  sqlite3_busy_timeout(writer.handle(), 0);
  (void)copy_log(writer, Mode::restart);
  sqlite3_busy_timeout(writer.handle(), wait_for_lock_ms);
}

// SQLite syncs the database only when all of the log has been copied: hardly ever under load.
bool Checkpointer::sync_file(Database& database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (!file || !file->pMethods || file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK) return true;
  note_failed_sync(database);
  return false;
}

void Checkpointer::note_failed_sync(Database& database) {
  if (sync_failed_.exchange(true)) return;
  broken_({.code = ErrorCode::storage,
           .ours = database.path() +
                   " could not be written to the disk. What was acknowledged is safe in its log, which is kept from "
                   "now on and grows: check the disk, then start Reveille anew.",
           .theirs = sqlite3_errmsg(database.handle())});
}

int Checkpointer::rests() const {
  if (stopping_ || pass_ >= passes_with_rests || log_pages_ >= 2 * pages_of_a_long_log) return 0;
  return log_pages_ < pages_of_a_long_log ? usual_rests : 1;
}

}  // namespace reveille::store::sqlite
