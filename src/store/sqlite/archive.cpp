// The archives: messages once, and whose archives they stand in.
//
// OPTIMIZATION: an entry is written with its message; batches of entries, rebuilt from the tail of the messages at the
// start, take a quarter of the time (docs: dependencies, embedded archive stores).
#include "store/sqlite/tables.hpp"

#include <algorithm>

namespace reveille::store::sqlite {
namespace {

constexpr unsigned largest_page = 1'000;
constexpr auto no_limit = std::int64_t{0x7FFFFFFFFFFFFFFF};
constexpr std::int64_t any_direction = -1;

// One row of a query whose columns are row, at, direction, peer, stanza.
ArchivedMessage read_message(Statement const& rows) {
  return {.row = static_cast<std::uint64_t>(rows.number(0)),
          .at = rows.instant(1),
          .direction = static_cast<Direction>(rows.number(2)),
          .peer = rows.text(3),
          .stanza = rows.text(4)};
}

bool is_full(std::size_t bytes, std::size_t most_bytes) {
  return most_bytes != 0 && bytes >= most_bytes;
}

#define REVEILLE_PAGE(table, peer, order)                                                                   \
  "SELECT e.row, m.at, e.direction, e.peer, m.stanza FROM " table                                           \
  " CROSS JOIN archive_messages m USING (row) WHERE e.account = ?1 AND e.row > ?2 AND e.row < ?3 AND " peer \
  " AND (?5 < 0 OR e.direction = ?5) AND m.at >= ?6 AND m.at <= ?7 ORDER BY e.row " order " LIMIT ?8"
#define REVEILLE_OF_ALL(order) REVEILLE_PAGE("archive_entries e", "?4 = X''", order)
#define REVEILLE_OF_PEER(order) \
  REVEILLE_PAGE("archive_entries e INDEXED BY archive_entries_by_peer", "e.peer = ?4", order)

char const* page_sql(ArchiveQuery const& query) {
  bool const forwards = query.from == ArchiveEnd::oldest;
  if (query.peer.empty()) return forwards ? REVEILLE_OF_ALL("ASC") : REVEILLE_OF_ALL("DESC");
  return forwards ? REVEILLE_OF_PEER("ASC") : REVEILLE_OF_PEER("DESC");
}

#undef REVEILLE_OF_PEER
#undef REVEILLE_OF_ALL
#undef REVEILLE_PAGE

// The messages themselves are looked at only where their time counts.
#define REVEILLE_COUNT(table, peer)                                                                            \
  "SELECT count(*) FROM " table " WHERE e.account = ?1 AND e.row > ?2 AND e.row < ?3 AND " peer                \
  " AND (?5 < 0 OR e.direction = ?5) AND (?6 = 0 OR (SELECT m.at >= ?7 AND m.at <= ?8 FROM archive_messages m" \
  " WHERE m.row = e.row))"

char const* count_sql(ArchiveQuery const& query) {
  if (query.peer.empty()) return REVEILLE_COUNT("archive_entries e", "?4 = X''");
  return REVEILLE_COUNT("archive_entries e INDEXED BY archive_entries_by_peer", "e.peer = ?4");
}

#undef REVEILLE_COUNT

std::int64_t end_of(ArchiveQuery const& query) {
  return query.before == 0 ? no_limit : static_cast<std::int64_t>(query.before);
}

std::int64_t direction_of(ArchiveQuery const& query) {
  return query.direction ? static_cast<std::int64_t>(*query.direction) : any_direction;
}

}  // namespace

Result<void> apply(Database& database, ArchiveMessage const& write) {
  auto stored = database.statement("INSERT INTO archive_messages (row, at, message_id, stanza) VALUES (?1, ?2, ?3, ?4)")
                    .with(write.row, write.at, write.message_id, write.stanza)
                    .run();
  for (auto const& entry : write.entries) {
    if (!stored) return stored;
    stored =
        database
            .statement("INSERT INTO archive_entries (account, row, peer, direction, body) VALUES (?1, ?2, ?3, ?4, ?5)")
            .with(entry.account, write.row, entry.peer, entry.direction, write.has_body ? 1 : 0)
            .run();
  }
  return stored;
}

Result<std::uint64_t> newest_archive_row(Database& database) {
  auto const newest = database.number_of("SELECT coalesce(max(row), 0) FROM archive_messages");
  if (!newest) return std::unexpected(newest.error());
  return static_cast<std::uint64_t>(*newest);
}

Result<ArchivePage> find_archive(Database& database, ArchiveQuery const& query) {
  auto const most = std::min(query.most, largest_page);
  auto rows = database.statement(page_sql(query));
  rows.with(query.account, query.after, end_of(query), query.peer, direction_of(query), query.since.value_or(Instant{}),
            query.until.value_or(Instant::max()), most + 1);
  ArchivePage page;
  std::size_t bytes = 0;
  for (;;) {
    auto const row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) break;
    if (page.messages.size() == most || is_full(bytes, query.most_bytes)) {
      page.completeness = Completeness::partial;
      break;
    }
    page.messages.push_back(read_message(rows));
    bytes += page.messages.back().stanza.size();
  }
  if (query.from == ArchiveEnd::newest) std::ranges::reverse(page.messages);
  return page;
}

Result<std::uint64_t> count_archive(Database& database, ArchiveQuery const& query) {
  auto count = database.statement(count_sql(query));
  int const by_time = query.since || query.until ? 1 : 0;
  auto const row = count
                       .with(query.account, query.after, end_of(query), query.peer, direction_of(query), by_time,
                             query.since.value_or(Instant{}), query.until.value_or(Instant::max()))
                       .next();
  if (!row) return std::unexpected(row.error());
  return static_cast<std::uint64_t>(count.number(0));
}

Result<ArchivePage> find_archived(Database& database, std::string_view account, std::vector<std::uint64_t> rows,
                                  std::size_t most_bytes) {
  std::ranges::sort(rows);
  ArchivePage page;
  std::size_t bytes = 0;
  for (auto const wanted : rows) {
    if (is_full(bytes, most_bytes)) {
      page.completeness = Completeness::partial;
      break;
    }
    auto one = database.statement(
        "SELECT e.row, m.at, e.direction, e.peer, m.stanza FROM archive_entries e JOIN archive_messages m USING (row) "
        "WHERE e.account = ?1 AND e.row = ?2");
    auto const row = one.with(account, wanted).next();
    if (!row) return std::unexpected(row.error());
    if (!*row) continue;
    page.messages.push_back(read_message(one));
    bytes += page.messages.back().stanza.size();
  }
  return page;
}

Result<Unread> find_unread(Database& database, std::string_view account, std::uint64_t displayed, std::string_view peer,
                           std::string_view message_id) {
  Unread unread{.displayed = displayed};
  if (!message_id.empty()) {
    auto marked = database.statement(
        "SELECT coalesce(max(e.row), 0) FROM archive_entries e JOIN archive_messages m USING (row) "
        "WHERE e.account = ?1 AND e.row > ?2 AND e.peer = ?3 AND e.direction = 1 AND m.message_id = ?4");
    auto const row = marked.with(account, displayed, peer, message_id).next();
    if (!row) return std::unexpected(row.error());
    unread.displayed = std::max(displayed, static_cast<std::uint64_t>(marked.number(0)));
  }
  auto count = database.statement(
      "SELECT count(*) FROM archive_entries WHERE account = ?1 AND row > ?2 AND direction = 1 AND body = 1");
  auto const row = count.with(account, unread.displayed).next();
  if (!row) return std::unexpected(row.error());
  unread.count = static_cast<std::uint32_t>(count.number(0));
  return unread;
}

}  // namespace reveille::store::sqlite
