// Database: one connection to an SQLite file, and Statement: one prepared statement of it, as values and Results.
//
// Lifetime: a Statement is used and dropped before the next one of the same text is asked for. Threads: one connection
// is used by one thread at a time. All texts are bound as blobs: bytes compare as bytes, and may hold NUL. Errors:
// `storage` (disk full, I/O), `corrupt` (not a database, or a damaged one), `busy` (locked), each with what to do.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace reveille::store::sqlite {

// How long a connection waits for another one's lock.
inline constexpr int wait_for_lock_ms = 10'000;
// What a connection remembers of the file.
inline constexpr auto usual_cache = "PRAGMA cache_size = -16000";
inline constexpr auto small_cache = "PRAGMA cache_size = -128";

// Where a database is. `vfs` names another SQLite VFS than the operating system's: tests lose what was not synced.
struct Place {
  std::string path = {};
  std::string vfs = {};
};

class Database;

class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Statement();
  Statement(Statement const&) = delete;
  Statement& operator=(Statement const&) = delete;

  // Binds every parameter, in order.
  template <class... Values>
  Statement& with(Values const&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }
  // Runs it to its end.
  Result<void> run();
  // True when there is a row (or another one).
  Result<bool> next();
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] Instant instant(int column) const { return from_unix_microseconds(number(column)); }
  // Valid until next() or the statement's end.
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }

 private:
  template <class Value>
  void bind(int index, Value const& value) {
    if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>)
      bind_number(index, static_cast<std::int64_t>(value));
    else if constexpr (std::is_same_v<Value, Instant>)
      bind_number(index, unix_microseconds(value));
    else
      bind_bytes(index, value);
  }
  void bind_number(int index, std::int64_t value);
  void bind_bytes(int index, std::string_view value);

  Database& database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // Creates the file when there is none. Sets what every connection of ours has: WAL, synchronous=FULL, no checkpoints
  // of its own.
  static Result<std::unique_ptr<Database>> open(Place const& place);
  ~Database();
  Database(Database const&) = delete;
  Database& operator=(Database const&) = delete;

  // `sql` is a literal: the statement is prepared once and found again by its address.
  Statement statement(char const* sql);
  // One or more statements without parameters.
  Result<void> execute(std::string const& script);
  // The number that a PRAGMA answers.
  Result<std::int64_t> number_of(std::string const& query);
  // The rows that the last statement changed.
  [[nodiscard]] int changes() const;
  // Those of all statements so far.
  [[nodiscard]] std::uint64_t all_changes() const;
  // Pages in the log after this connection's last commit; zero before the first.
  [[nodiscard]] int log_pages() const { return log_pages_; }
  // What went wrong last, in words with what to do.
  [[nodiscard]] std::unexpected<Error> last_failure() const;
  // Closing the last connection copies the log into the database and removes it, unless that one has said this.
  void keep_log_at_close();
  [[nodiscard]] std::string const& path() const { return path_; }
  [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}

  std::string path_;
  sqlite3* handle_ = nullptr;
  int log_pages_ = 0;
  std::unordered_map<char const*, sqlite3_stmt*> statements_ = {};
};

}  // namespace reveille::store::sqlite
