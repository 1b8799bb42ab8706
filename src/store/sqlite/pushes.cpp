// The push service's notifications.
#include "store/sqlite/tables.hpp"

namespace reveille::store::sqlite {

Result<void> apply(Database& database, AcceptPush const& write) {
  auto const& push = write.push;
  auto inserted = database
                      .statement(
                          "INSERT INTO pushes (row, tenant, id, ended, keep_until, record) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id, tenant) DO NOTHING")
                      .with(push.row, push.tenant, push.id, push.life, push.keep_until, push.record)
                      .run();
  if (inserted && database.changes() == 0) return failure(ErrorCode::conflict, "a notification of that id exists");
  return inserted;
}

Result<void> apply(Database& database, UpdatePush const& write) {
  return database.statement("UPDATE pushes SET ended = ?2, keep_until = ?3, record = ?4 WHERE row = ?1")
      .with(write.row, write.life, write.keep_until, write.record)
      .run();
}

Result<std::optional<StoredPush>> find_push(Database& database, std::string_view tenant, std::string_view id) {
  auto rows = database.statement("SELECT row, ended, keep_until, record FROM pushes WHERE id = ?1 AND tenant = ?2");
  auto const row = rows.with(id, tenant).next();
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  return StoredPush{.row = static_cast<std::uint64_t>(rows.number(0)),
                    .tenant = std::string(tenant),
                    .id = std::string(id),
                    .life = static_cast<PushLife>(rows.number(1)),
                    .keep_until = rows.instant(2),
                    .record = rows.text(3)};
}

Result<std::uint64_t> visit_open_pushes(Database& database, std::function<void(StoredPush)> const& visit) {
  auto rows = database.statement("SELECT row, tenant, id, keep_until, record FROM pushes WHERE ended = 0 ORDER BY row");
  for (;;) {
    auto const row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    visit({.row = static_cast<std::uint64_t>(rows.number(0)),
           .tenant = rows.text(1),
           .id = rows.text(2),
           .keep_until = rows.instant(3),
           .record = rows.text(4)});
  }
  auto const newest = database.number_of("SELECT coalesce(max(row), 0) FROM pushes");
  if (!newest) return std::unexpected(newest.error());
  return static_cast<std::uint64_t>(*newest);
}

Result<void> sweep_pushes(Database& database, Sweep const& sweep) {
  return database
      .statement(
          "DELETE FROM pushes WHERE row IN "
          "(SELECT row FROM pushes WHERE ended = 1 AND keep_until < ?1 ORDER BY keep_until LIMIT ?2)")
      .with(sweep.now, sweep.most)
      .run();
}

}  // namespace reveille::store::sqlite
