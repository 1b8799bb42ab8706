// Traces: each with its milestones in the order in which they came, and the links by which it is found: a call's
// Call-ID, a message's archive id, the pushes of both, and for a push its tracking id.
#include "store/sqlite/tables.hpp"

#include <algorithm>

namespace reveille::store::sqlite {
namespace {

// The trace's row, or 0. Kinds are in the order in which one id is looked for: call, message, push.
Result<std::int64_t> row_of(Database& database, std::string_view id) {
  for (auto const* sql : {"SELECT row FROM traces WHERE id = ?1 ORDER BY kind LIMIT 1",
                          "SELECT trace FROM trace_links WHERE name = ?1"}) {
    auto rows = database.statement(sql);
    auto const row = rows.with(id).next();
    if (!row) return std::unexpected(row.error());
    if (*row) return rows.number(0);
  }
  return 0;
}

Result<void> read_head(Database& database, std::int64_t trace, model::TraceHead& head) {
  auto rows = database.statement(
      "SELECT tracking, kind, origin, destination, call_id, archive_id, push_id, began FROM traces WHERE row = ?1");
  auto const row = rows.with(trace).next();
  if (!row) return std::unexpected(row.error());
  if (!*row) return {};
  head = {.tracking = model::TrackingId{rows.text(0)},
          .kind = static_cast<model::TraceKind>(rows.number(1)),
          .from = rows.text(2),
          .to = rows.text(3),
          .call_id = rows.text(4),
          .archive_id = rows.text(5),
          .push_id = rows.text(6),
          .began = rows.instant(7)};
  return {};
}

Result<void> read_steps(Database& database, std::int64_t row, StoredTrace& trace) {
  auto rows = database.statement(
      "SELECT milestone, at, device, why, detail FROM trace_milestones WHERE trace = ?1 ORDER BY number LIMIT ?2");
  rows.with(row, most_trace_steps);
  for (;;) {
    auto const more = rows.next();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    trace.steps.push_back({.tracking = trace.head.tracking,
                           .kind = trace.head.kind,
                           .milestone = static_cast<model::Milestone>(rows.number(0)),
                           .at = rows.instant(1),
                           .device = model::InstanceId{rows.text(2)},
                           .why = static_cast<model::Why>(rows.number(3)),
                           .detail = rows.text(4),
                           .push_id = trace.head.kind == model::TraceKind::push ? trace.head.push_id : std::string()});
  }
}

Result<void> read_pushes(Database& database, std::int64_t row, StoredTrace& trace) {
  auto const& head = trace.head;
  if (!head.push_id.empty()) trace.push_ids.push_back(head.push_id);
  auto rows = database.statement("SELECT name FROM trace_links WHERE trace = ?1 LIMIT ?2");
  rows.with(row, most_trace_steps);
  for (;;) {
    auto const more = rows.next();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    auto const name = rows.bytes(0);
    if (name != head.call_id && name != head.archive_id && name != head.push_id && name != head.tracking.value)
      trace.push_ids.emplace_back(name);
  }
}

// The row of the trace itself, or 0.
Result<std::int64_t> row_of(Database& database, std::string_view id, model::TraceKind kind) {
  auto rows = database.statement("SELECT row FROM traces WHERE id = ?1 AND kind = ?2");
  auto const row = rows.with(id, kind).next();
  if (!row) return std::unexpected(row.error());
  return *row ? rows.number(0) : 0;
}

Result<void> write_head(Database& database, model::TraceHead const& head) {
  // What is told again writes nothing.
  return database
      .statement(
          "INSERT INTO traces (id, kind, tracking, origin, destination, call_id, archive_id, push_id, began) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id, kind) DO UPDATE SET "
          "origin = CASE origin WHEN x'' THEN excluded.origin ELSE origin END, "
          "destination = CASE destination WHEN x'' THEN excluded.destination ELSE destination END, "
          "call_id = CASE call_id WHEN x'' THEN excluded.call_id ELSE call_id END, "
          "archive_id = CASE archive_id WHEN x'' THEN excluded.archive_id ELSE archive_id END, "
          "push_id = CASE push_id WHEN x'' THEN excluded.push_id ELSE push_id END "
          "WHERE (origin = x'' AND excluded.origin <> x'') OR (destination = x'' AND excluded.destination <> x'') OR "
          "(call_id = x'' AND excluded.call_id <> x'') OR (archive_id = x'' AND excluded.archive_id <> x'') OR "
          "(push_id = x'' AND excluded.push_id <> x'')")
      .with(model::id_of(head), head.kind, head.tracking.value, head.from, head.to, head.call_id, head.archive_id,
            head.push_id, head.began)
      .run();
}

Result<void> link(Database& database, char const* sql, std::string_view name, std::int64_t row) {
  if (name.empty()) return {};
  return database.statement(sql).with(name, row).run();
}

Result<std::int64_t> begin(Database& database, model::TraceHead const& head) {
  if (auto written = write_head(database, head); !written) return std::unexpected(written.error());
  auto const row = row_of(database, model::id_of(head), head.kind);
  if (!row) return row;
  constexpr auto const* newest = "INSERT OR REPLACE INTO trace_links (name, trace) VALUES (?1, ?2)";
  constexpr auto const* first = "INSERT OR IGNORE INTO trace_links (name, trace) VALUES (?1, ?2)";
  Result<void> done;
  if (head.kind == model::TraceKind::push)
    done = link(database, first, head.tracking.value, *row);
  else
    for (auto const* name : {&head.call_id, &head.archive_id, &head.push_id})
      if (done) done = link(database, newest, *name, *row);
  if (!done) return std::unexpected(done.error());
  return row;
}

}  // namespace

Result<void> apply(Database& database, BeginTrace const& write) {
  auto const row = begin(database, write.head);
  if (!row) return std::unexpected(row.error());
  return {};
}

Result<void> apply(Database& database, StepTrace const& write) {
  auto const& step = write.step;
  auto row = row_of(database, model::id_of(step), step.kind);
  if (row && *row == 0)
    row = begin(database, {.tracking = step.tracking, .kind = step.kind, .push_id = step.push_id, .began = step.at});
  if (!row) return std::unexpected(row.error());
  return database
      .statement(
          "INSERT INTO trace_milestones (trace, number, milestone, at, device, why, detail) VALUES (?1, "
          "(SELECT coalesce(max(number), 0) + 1 FROM trace_milestones WHERE trace = ?1), ?2, ?3, ?4, ?5, ?6)")
      .with(*row, step.milestone, step.at, step.device.value, step.why, step.detail)
      .run();
}

// Rows are given in the order of time: the oldest traces are the lowest rows, and no index over time is needed.
Result<void> apply(Database& database, Sweep const& write) {
  auto done = sweep_pushes(database, write);
  auto const newest = database.number_of("SELECT coalesce(max(row), 0) FROM traces");
  if (!newest) return std::unexpected(newest.error());
  auto const beyond =
      write.most_traces == 0 ? 0 : std::max<std::int64_t>(0, *newest - static_cast<std::int64_t>(write.most_traces));
  for (auto const* sql :
       {"DELETE FROM trace_milestones WHERE trace IN (SELECT row FROM (SELECT row, began FROM traces ORDER BY row "
        "LIMIT ?2) WHERE began < ?1 OR row <= ?3)",
        "DELETE FROM trace_links WHERE trace IN (SELECT row FROM (SELECT row, began FROM traces ORDER BY row "
        "LIMIT ?2) WHERE began < ?1 OR row <= ?3)",
        "DELETE FROM traces WHERE row IN (SELECT row FROM (SELECT row, began FROM traces ORDER BY row "
        "LIMIT ?2) WHERE began < ?1 OR row <= ?3)"})
    if (done) done = database.statement(sql).with(write.traces_before, write.most, beyond).run();
  return done;
}

Result<std::optional<StoredTrace>> find_trace(Database& database, std::string_view id) {
  auto const row = row_of(database, id);
  if (!row) return std::unexpected(row.error());
  if (*row == 0) return std::nullopt;
  StoredTrace trace;
  auto read = read_head(database, *row, trace.head);
  if (read) read = read_steps(database, *row, trace);
  if (read) read = read_pushes(database, *row, trace);
  if (!read) return std::unexpected(read.error());
  return trace;
}

}  // namespace reveille::store::sqlite
