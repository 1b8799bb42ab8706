// SqliteStore: the store on one machine's disk (design.md, section 3). WAL, synchronous=FULL; a thread that commits,
// one that checkpoints, one that reads.
//
// Lifetime, threads and errors: as store.hpp. `post` must be callable from any thread until the store is gone.
// Only one process uses a file: a lock beside it says so.
#pragma once

#include "store/sqlite/database.hpp"
#include "store/store.hpp"

#include <memory>

namespace reveille::store {

class SqliteStore final : public Store {
 public:
  // Errors, each with what to do: `busy` (in use by another process), `configuration` (a newer schema, another
  // program's file), `corrupt`, `storage`.
  static Result<std::unique_ptr<SqliteStore>> open(sqlite::Place const& place, Post post, TellDisk tell = {});
  ~SqliteStore() override;

  void commit(Batch batch, Urgency urgency, Done done) override;
  [[nodiscard]] std::uint64_t swept() const override;
  Result<void> for_each(Table table, std::function<void(std::string_view key, std::string_view value)> visit) override;
  Result<std::uint64_t> for_each_open_push(std::function<void(StoredPush)> visit) override;
  Result<std::uint64_t> newest_archive_row() override;
  void fetch_push(std::string tenant, std::string id, Answer<std::optional<StoredPush>> answer) override;
  void fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) override;
  void fetch_archive(ArchiveQuery query, Answer<ArchivePage> answer) override;
  void count_archive(ArchiveQuery query, Answer<std::uint64_t> answer) override;
  void fetch_archived(std::string account, std::vector<std::uint64_t> rows, std::size_t most_bytes,
                      Answer<ArchivePage> answer) override;
  void fetch_unread(std::string account, std::uint64_t displayed, std::string peer, std::string message_id,
                    Answer<Unread> answer) override;

 private:
  struct Parts;
  explicit SqliteStore(std::unique_ptr<Parts> parts);

  // Runs `query` on the reader's thread after all that was given is committed, and posts what it finds.
  template <class T>
  void fetch(std::move_only_function<Result<T>(sqlite::Database&)> query, Answer<T> answer);

  std::unique_ptr<Parts> parts_;
};

}  // namespace reveille::store
