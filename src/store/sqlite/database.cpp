#include "store/sqlite/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace reveille::store::sqlite {
namespace {

constexpr std::size_t error_mask = 0xff;

// A quota, or a limit on the size of files: to whom it happens, the disk is full.
bool is_limit_of_files(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

std::unexpected<Error> failure_of(int code, std::string const& path, std::string theirs) {
  switch (static_cast<std::size_t>(code) & error_mask) {
    case SQLITE_FULL:
      return failure(ErrorCode::storage,
                     fmt::format("The disk is full: {} cannot be written. Make room; nothing that was acknowledged is "
                                 "lost. A running server goes on by itself, one that could not start must be started "
                                 "again.",
                                 path),
                     std::move(theirs));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return failure(
          ErrorCode::corrupt,
          fmt::format("{} is damaged or is no database of ours. Stop, keep a copy of it, and restore it from "
                      "a backup; with the file moved away, an empty one is made.",
                      path),
          std::move(theirs));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return failure(ErrorCode::busy, fmt::format("{} is locked by another program. Stop that program first.", path),
                     std::move(theirs));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return failure(
          ErrorCode::storage,
          fmt::format("{} cannot be opened for writing. Check that its folder exists and who owns it.", path),
          std::move(theirs));
    default:
      return failure(ErrorCode::storage, fmt::format("{} could not be read or written. Check the disk.", path),
                     std::move(theirs));
  }
}

// SQLite's account of its memory is one lock for all threads, at each allocation; nobody reads it. Must come before its
// first use in the process.
void keep_no_account_of_memory() {
  [[maybe_unused]] static int const once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int note_log_pages(void* out, sqlite3*, char const*, int pages) {
  *static_cast<int*>(out) = pages;
  return SQLITE_OK;
}

}  // namespace

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<void> Statement::run() {
  for (;;) {
    auto const row = next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
  }
}

Result<bool> Statement::next() {
  if (!statement_) return database_.last_failure();
  errno = 0;
  int const code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  auto error = database_.last_failure();
  sqlite3_reset(statement_);
  return error;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Statement::bytes(int column) const {
  auto const* data = static_cast<char const*>(sqlite3_column_blob(statement_, column));
  auto const size = sqlite3_column_bytes(statement_, column);
  return data ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view{};
}

void Statement::bind_number(int index, std::int64_t value) {
  if (statement_) sqlite3_bind_int64(statement_, index, value);
}

void Statement::bind_bytes(int index, std::string_view value) {
  // Never null: an empty text is an empty blob, not NULL. SQLite copies it: the text may be gone before the step.
  auto const* data = value.empty() ? "" : value.data();
  if (statement_) sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_TRANSIENT);
}

Result<std::unique_ptr<Database>> Database::open(Place const& place) {
  keep_no_account_of_memory();
  std::unique_ptr<Database> database{new Database(place.path)};
  int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  auto const* vfs = place.vfs.empty() ? nullptr : place.vfs.c_str();
  if (sqlite3_open_v2(place.path.c_str(), &database->handle_, flags, vfs) != SQLITE_OK) return database->last_failure();
  sqlite3_extended_result_codes(database->handle_, 1);
  sqlite3_busy_timeout(database->handle_, wait_for_lock_ms);
  for (auto const* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 0",
                             "PRAGMA journal_size_limit = 67108864", "PRAGMA temp_store = MEMORY", usual_cache})
    if (auto done = database->execute(pragma); !done) return std::unexpected(done.error());
  sqlite3_wal_hook(database->handle_, note_log_pages, &database->log_pages_);
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  if (handle_) sqlite3_close(handle_);
}

Statement Database::statement(char const* sql) {
  auto& prepared = statements_[sql];
  if (!prepared) sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  return {*this, prepared};
}

Result<void> Database::execute(std::string const& script) {
  if (sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return last_failure();
  return {};
}

Result<std::int64_t> Database::number_of(std::string const& query) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(handle_, query.c_str(), -1, &raw, nullptr) != SQLITE_OK) return last_failure();
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> const owner{raw, sqlite3_finalize};
  if (sqlite3_step(raw) != SQLITE_ROW) return last_failure();
  return sqlite3_column_int64(raw, 0);
}

void Database::keep_log_at_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

int Database::changes() const {
  return sqlite3_changes(handle_);
}

std::uint64_t Database::all_changes() const {
  return static_cast<std::uint64_t>(sqlite3_total_changes64(handle_));
}

std::unexpected<Error> Database::last_failure() const {
  if (!handle_) return failure(ErrorCode::storage, fmt::format("{} cannot be opened: out of memory.", path_));
  int const code = sqlite3_extended_errcode(handle_);
  // SQLite notes the system's error for most statements, but not for COMMIT: there it is still in errno.
  bool const is_full = (code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_SHMSIZE) &&
                       (is_limit_of_files(sqlite3_system_errno(handle_)) || is_limit_of_files(errno));
  return failure_of(is_full ? SQLITE_FULL : code, path_, sqlite3_errmsg(handle_));
}

}  // namespace reveille::store::sqlite
