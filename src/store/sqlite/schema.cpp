#include "store/sqlite/schema.hpp"

#include <fmt/format.h>

#include <array>

namespace reveille::store::sqlite {
namespace {

// "Rvll": tells our files from other programs' databases.
constexpr std::int64_t application_id = 0x52766c6c;

// Each entry brings a file from the version of its place in the list to the next. An entry that was released is never
// changed: a change is a new entry.
constexpr std::array migrations = {
    // 1: records by key, the push queue, traces.
    R"sql(
      CREATE TABLE users (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE registrations (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE rosters (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE streams (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE calls (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE push_devices (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE push_clients (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE settings (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

      CREATE TABLE pushes (row INTEGER PRIMARY KEY, tenant BLOB NOT NULL, id BLOB NOT NULL, ended INTEGER NOT NULL,
                           keep_until INTEGER NOT NULL, record BLOB NOT NULL);
      CREATE UNIQUE INDEX pushes_by_id ON pushes (id, tenant);
      CREATE INDEX pushes_open ON pushes (row) WHERE ended = 0;
      CREATE INDEX pushes_to_sweep ON pushes (keep_until) WHERE ended = 1;

      CREATE TABLE trace_heads (row INTEGER PRIMARY KEY, tracking BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
                                origin BLOB NOT NULL, destination BLOB NOT NULL, call_id BLOB NOT NULL,
                                archive_id BLOB NOT NULL, push_id BLOB NOT NULL, began INTEGER NOT NULL);
      CREATE TABLE trace_names (row INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, tracking BLOB NOT NULL,
                                began INTEGER NOT NULL);
      CREATE TABLE trace_steps (row INTEGER PRIMARY KEY, tracking BLOB NOT NULL, kind INTEGER NOT NULL,
                                milestone INTEGER NOT NULL, at INTEGER NOT NULL, device BLOB NOT NULL,
                                why INTEGER NOT NULL, detail BLOB NOT NULL);
      CREATE INDEX trace_steps_by_tracking ON trace_steps (tracking);
    )sql",
    // 2: message archives. A message is stored once; an entry says whose archive it stands in.
    R"sql(
      CREATE TABLE inboxes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      CREATE TABLE archive_messages (row INTEGER PRIMARY KEY, at INTEGER NOT NULL, message_id BLOB NOT NULL,
                                     stanza BLOB NOT NULL);
      CREATE TABLE archive_entries (account BLOB NOT NULL, row INTEGER NOT NULL, peer BLOB NOT NULL,
                                    direction INTEGER NOT NULL, PRIMARY KEY (account, row)) WITHOUT ROWID;
    )sql",
    // 3: a push's trace is its own, not part of its call's; the milestones of a trace lie together, and go with it.
    R"sql(
      CREATE TABLE traces (row INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, tracking BLOB NOT NULL,
                           origin BLOB NOT NULL, destination BLOB NOT NULL, call_id BLOB NOT NULL,
                           archive_id BLOB NOT NULL, push_id BLOB NOT NULL, began INTEGER NOT NULL, UNIQUE (id, kind));
      CREATE TABLE trace_links (name BLOB PRIMARY KEY, trace INTEGER NOT NULL) WITHOUT ROWID;
      CREATE INDEX trace_links_by_trace ON trace_links (trace);
      CREATE TABLE trace_milestones (trace INTEGER NOT NULL, number INTEGER NOT NULL, milestone INTEGER NOT NULL,
                                     at INTEGER NOT NULL, device BLOB NOT NULL, why INTEGER NOT NULL,
                                     detail BLOB NOT NULL, PRIMARY KEY (trace, number)) WITHOUT ROWID;

      INSERT INTO traces (id, kind, tracking, origin, destination, call_id, archive_id, push_id, began)
        SELECT CASE WHEN kind = 2 AND push_id <> x'' THEN push_id ELSE tracking END, kind, tracking, origin,
               destination, call_id, archive_id, push_id, began FROM trace_heads ORDER BY row;
      CREATE INDEX traces_by_tracking ON traces (tracking, kind);
      INSERT INTO traces (id, kind, tracking, origin, destination, call_id, archive_id, push_id, began)
        SELECT tracking, kind, tracking, x'', x'', x'', x'', x'', min(at) FROM trace_steps AS step
        WHERE NOT EXISTS (SELECT 1 FROM traces WHERE traces.tracking = step.tracking AND traces.kind = step.kind)
        GROUP BY tracking, kind ORDER BY min(row);
      INSERT INTO trace_milestones (trace, number, milestone, at, device, why, detail)
        SELECT traces.row, row_number() OVER (PARTITION BY traces.row ORDER BY step.row), milestone, at, device, why,
               detail FROM trace_steps AS step
        JOIN traces ON traces.tracking = step.tracking AND traces.kind = step.kind;
      INSERT OR IGNORE INTO trace_links (name, trace)
        SELECT old.name, traces.row FROM trace_names AS old JOIN trace_heads AS head ON head.tracking = old.tracking
        JOIN traces ON traces.tracking = old.tracking AND traces.kind =
          CASE WHEN old.name NOT IN (head.call_id, head.archive_id) AND EXISTS
            (SELECT 1 FROM traces AS push WHERE push.tracking = old.tracking AND push.kind = 2)
          THEN 2 ELSE head.kind END;
      INSERT OR IGNORE INTO trace_links (name, trace) SELECT tracking, row FROM traces WHERE kind = 2 AND id <> tracking;
      DROP INDEX traces_by_tracking;
      DROP TABLE trace_heads;
      DROP TABLE trace_names;
      DROP TABLE trace_steps;
    )sql",
    // 4: only what has a body is unread; a conversation is read without the others.
    R"sql(
      ALTER TABLE archive_entries ADD COLUMN body INTEGER NOT NULL DEFAULT 1;
      CREATE INDEX archive_entries_by_peer ON archive_entries (account, peer, row);
    )sql",
};

// A whole check reads the whole file: done while that takes less than about a tenth of a second.
constexpr std::int64_t most_pages_to_check = 8'000;

Result<void> check_pages(Database& database) {
  auto const pages = database.number_of("PRAGMA page_count");
  if (!pages) return std::unexpected(pages.error());
  if (*pages > most_pages_to_check) return {};
  // quick_check answers one row, "ok", or a sentence for each fault.
  auto const faults =
      database.number_of("SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check COLLATE NOCASE <> 'ok'");
  if (!faults) return std::unexpected(faults.error());
  if (*faults == 0) return {};
  return failure(ErrorCode::corrupt, "The database is damaged. Stop, keep a copy of it, and restore it from a backup.");
}

Result<void> run_from(Database& database, std::size_t version) {
  std::string script = "BEGIN IMMEDIATE;";
  for (auto i = version; i < migrations.size(); ++i) script += migrations.at(i);
  script +=
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;", application_id, migrations.size());
  if (auto done = database.execute(script); !done) {
    (void)database.execute("ROLLBACK");
    return done;
  }
  return {};
}

}  // namespace

Result<void> migrate(Database& database, Place const& place) {
  auto const version = database.number_of("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  auto const owner = database.number_of("PRAGMA application_id");
  if (!owner) return std::unexpected(owner.error());
  auto const tables = database.number_of("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  if (*tables > 0 && *owner != application_id)
    return failure(ErrorCode::conflict,
                   fmt::format("{} is another program's database. Give another data folder.", place.path));
  if (*version > static_cast<std::int64_t>(migrations.size()))
    return failure(
        ErrorCode::unsupported,
        fmt::format("{} was written by a newer Reveille (its schema is {}, this program knows {}). Start that "
                    "version, or restore a backup of this one's; the file was left as it is.",
                    place.path, *version, migrations.size()));
  if (auto checked = check_pages(database); !checked) {
    checked.error().ours = fmt::format("{}: {}", place.path, checked.error().ours);
    return checked;
  }
  if (*version == static_cast<std::int64_t>(migrations.size())) return {};
  return run_from(database, static_cast<std::size_t>(*version));
}

}  // namespace reveille::store::sqlite
