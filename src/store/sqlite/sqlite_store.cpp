#include "store/sqlite/sqlite_store.hpp"

#include "store/sqlite/checkpointer.hpp"
#include "store/sqlite/lock_file.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/tables.hpp"
#include "store/sqlite/worker.hpp"
#include "store/sqlite/writer.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace reveille::store {

// The order matters: the writer goes first and hands its last jobs to the others; the reader's connection is the last
// one, which copies the log; `write_back` outlives every connection; the lock goes last.
struct SqliteStore::Parts {
  // Why the log is kept: that stands until the next start, whatever else becomes well. On the shard's thread.
  using KeptLog = std::shared_ptr<std::optional<Error>>;

  sqlite::LockFile lock;
  sqlite::WriteBack write_back;
  Post post;
  sqlite::Worker reader;
  sqlite::Checkpointer checkpointer;
  sqlite::Writer writer;

  Parts(sqlite::LockFile taken, std::string const& path, Post to_shard, TellDisk tell,
        std::unique_ptr<sqlite::Database> write, std::unique_ptr<sqlite::Database> read,
        std::unique_ptr<sqlite::Database> copy, KeptLog kept = std::make_shared<std::optional<Error>>())
      : lock(std::move(taken)),
        write_back(path),
        post(std::move(to_shard)),
        reader(std::move(read)),
        checkpointer(std::move(copy), write_back,
                     [this, tell, kept](Error error) {
                       reader.run_here([](sqlite::Database& database) { database.keep_log_at_close(); });
                       post([tell, kept, error] {
                         *kept = error;
                         if (tell) tell(std::unexpected(error));
                       });
                     }),
        writer(std::move(write), post, with_the_kept_log(std::move(tell), std::move(kept)),
               [this](sqlite::Database& database) { checkpointer.on_commit(database); }) {}

  static TellDisk with_the_kept_log(TellDisk tell, KeptLog kept) {
    if (!tell) return tell;
    return [tell = std::move(tell), kept = std::move(kept)](Result<void> outcome) {
      if (outcome && *kept) outcome = std::unexpected(**kept);
      tell(std::move(outcome));
    };
  }
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(sqlite::Place const& place, Post post, TellDisk tell) {
  auto lock = sqlite::LockFile::take(place.path);
  if (!lock) return std::unexpected(lock.error());
  auto write = sqlite::Database::open(place);
  if (!write) return std::unexpected(write.error());
  if (auto migrated = sqlite::migrate(**write, place); !migrated) return std::unexpected(migrated.error());
  auto read = sqlite::Database::open(place);
  if (!read) return std::unexpected(read.error());
  auto copy = sqlite::Database::open(place);
  if (!copy) return std::unexpected(copy.error());
  auto parts = std::make_unique<Parts>(std::move(*lock), place.path, std::move(post), std::move(tell),
                                       std::move(*write), std::move(*read), std::move(*copy));
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(parts)));
}

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SqliteStore::~SqliteStore() = default;

void SqliteStore::commit(Batch batch, Urgency urgency, Done done) {
  parts_->writer.give(std::move(batch), urgency, std::move(done));
}

std::uint64_t SqliteStore::swept() const {
  return parts_->writer.swept();
}

Result<void> SqliteStore::for_each(Table table,
                                   std::function<void(std::string_view key, std::string_view value)> visit) {
  Result<void> result;
  parts_->reader.run_here([&](sqlite::Database& database) {
    // What is read once is not needed again. The visitor keeps what it reads, and pages of a large cache would lie
    // between: once given back, they would be holes as large as ten thousand sleeping phones.
    result = database.execute(sqlite::small_cache);
    if (result) result = sqlite::visit_records(database, table, visit);
    if (result) result = database.execute(sqlite::usual_cache);
    if (result) result = database.execute("PRAGMA shrink_memory");
  });
  return result;
}

Result<std::uint64_t> SqliteStore::for_each_open_push(std::function<void(StoredPush)> visit) {
  Result<std::uint64_t> result;
  parts_->reader.run_here([&](sqlite::Database& database) { result = sqlite::visit_open_pushes(database, visit); });
  return result;
}

template <class T>
void SqliteStore::fetch(std::move_only_function<Result<T>(sqlite::Database&)> query, Answer<T> answer) {
  parts_->writer.after_all([parts = parts_.get(), query = std::move(query), answer = std::move(answer)]() mutable {
    parts->reader.give(
        [parts, query = std::move(query), answer = std::move(answer)](sqlite::Database& database) mutable {
          parts->post([found = query(database), answer = std::move(answer)]() mutable { answer(std::move(found)); });
        });
  });
}

void SqliteStore::fetch_push(std::string tenant, std::string id, Answer<std::optional<StoredPush>> answer) {
  fetch<std::optional<StoredPush>>([tenant = std::move(tenant), id = std::move(id)](
                                       sqlite::Database& database) { return sqlite::find_push(database, tenant, id); },
                                   std::move(answer));
}

void SqliteStore::fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) {
  fetch<std::optional<StoredTrace>>(
      [id = std::move(id)](sqlite::Database& database) { return sqlite::find_trace(database, id); }, std::move(answer));
}

Result<std::uint64_t> SqliteStore::newest_archive_row() {
  Result<std::uint64_t> result;
  parts_->reader.run_here([&](sqlite::Database& database) { result = sqlite::newest_archive_row(database); });
  return result;
}

void SqliteStore::fetch_archive(ArchiveQuery query, Answer<ArchivePage> answer) {
  fetch<ArchivePage>(
      [query = std::move(query)](sqlite::Database& database) { return sqlite::find_archive(database, query); },
      std::move(answer));
}

void SqliteStore::count_archive(ArchiveQuery query, Answer<std::uint64_t> answer) {
  fetch<std::uint64_t>(
      [query = std::move(query)](sqlite::Database& database) { return sqlite::count_archive(database, query); },
      std::move(answer));
}

void SqliteStore::fetch_archived(std::string account, std::vector<std::uint64_t> rows, std::size_t most_bytes,
                                 Answer<ArchivePage> answer) {
  fetch<ArchivePage>(
      [account = std::move(account), rows = std::move(rows), most_bytes](sqlite::Database& database) {
        return sqlite::find_archived(database, account, rows, most_bytes);
      },
      std::move(answer));
}

void SqliteStore::fetch_unread(std::string account, std::uint64_t displayed, std::string peer, std::string message_id,
                               Answer<Unread> answer) {
  fetch<Unread>(
      [account = std::move(account), displayed, peer = std::move(peer), message_id = std::move(message_id)](
          sqlite::Database& database) { return sqlite::find_unread(database, account, displayed, peer, message_id); },
      std::move(answer));
}

}  // namespace reveille::store
