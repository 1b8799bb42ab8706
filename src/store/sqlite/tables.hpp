// What each kind of record does to the database: apply() on the writer's thread, inside its transaction; the finds on
// the reader's thread. One source file per kind.
#pragma once

#include "store/sqlite/database.hpp"
#include "store/store.hpp"

namespace reveille::store::sqlite {

// records.cpp
[[nodiscard]] Result<void> apply(Database& database, Put const& write);
[[nodiscard]] Result<void> apply(Database& database, Erase const& write);
[[nodiscard]] Result<void> visit_records(Database& database, Table table,
                                         std::function<void(std::string_view, std::string_view)> const& visit);

// pushes.cpp
[[nodiscard]] Result<void> apply(Database& database, AcceptPush const& write);
[[nodiscard]] Result<void> apply(Database& database, UpdatePush const& write);
[[nodiscard]] Result<std::optional<StoredPush>> find_push(Database& database, std::string_view tenant,
                                                          std::string_view id);
[[nodiscard]] Result<std::uint64_t> visit_open_pushes(Database& database, std::function<void(StoredPush)> const& visit);
[[nodiscard]] Result<void> sweep_pushes(Database& database, Sweep const& sweep);

// traces.cpp
[[nodiscard]] Result<void> apply(Database& database, BeginTrace const& write);
[[nodiscard]] Result<void> apply(Database& database, StepTrace const& write);
[[nodiscard]] Result<void> apply(Database& database, Sweep const& write);
[[nodiscard]] Result<std::optional<StoredTrace>> find_trace(Database& database, std::string_view id);

// archive.cpp
[[nodiscard]] Result<void> apply(Database& database, ArchiveMessage const& write);
[[nodiscard]] Result<std::uint64_t> newest_archive_row(Database& database);
[[nodiscard]] Result<ArchivePage> find_archive(Database& database, ArchiveQuery const& query);
[[nodiscard]] Result<std::uint64_t> count_archive(Database& database, ArchiveQuery const& query);
[[nodiscard]] Result<ArchivePage> find_archived(Database& database, std::string_view account,
                                                std::vector<std::uint64_t> rows, std::size_t most_bytes);
[[nodiscard]] Result<Unread> find_unread(Database& database, std::string_view account, std::uint64_t displayed,
                                         std::string_view peer, std::string_view message_id);

}  // namespace reveille::store::sqlite
