// Records by key: one table each.
#include "store/sqlite/tables.hpp"

#include <array>
#include <utility>

namespace reveille::store::sqlite {
namespace {

struct RecordSql {
  char const* put = nullptr;
  char const* erase = nullptr;
  char const* all = nullptr;
};

#define REVEILLE_RECORDS(table)                                                                 \
  RecordSql{"INSERT INTO " table " VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", \
            "DELETE FROM " table " WHERE key = ?1", "SELECT key, value FROM " table " ORDER BY key"}

RecordSql const& sql_of(Table table) {
  using enum Table;
  static constexpr std::array all = {
      REVEILLE_RECORDS("users"),        REVEILLE_RECORDS("registrations"), REVEILLE_RECORDS("rosters"),
      REVEILLE_RECORDS("streams"),      REVEILLE_RECORDS("calls"),         REVEILLE_RECORDS("push_devices"),
      REVEILLE_RECORDS("push_clients"), REVEILLE_RECORDS("settings"),      REVEILLE_RECORDS("inboxes")};
  static_assert(all.size() == static_cast<std::size_t>(inboxes) + 1);
  return all.at(static_cast<std::size_t>(table));
}

#undef REVEILLE_RECORDS

}  // namespace

Result<void> apply(Database& database, Put const& write) {
  return database.statement(sql_of(write.table).put).with(write.key, write.value).run();
}

Result<void> apply(Database& database, Erase const& write) {
  return database.statement(sql_of(write.table).erase).with(write.key).run();
}

Result<void> visit_records(Database& database, Table table,
                           std::function<void(std::string_view, std::string_view)> const& visit) {
  auto rows = database.statement(sql_of(table).all);
  for (;;) {
    auto const row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    visit(rows.bytes(0), rows.bytes(1));
  }
}

}  // namespace reveille::store::sqlite
