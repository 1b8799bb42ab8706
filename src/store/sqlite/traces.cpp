// Traces: heads, the names that lead to them, and steps in the order in which they came.
#include "store/sqlite/tables.hpp"

namespace reveille::store::sqlite {
namespace {

Result<std::string> tracking_of(Database& database, std::string_view id) {
  auto rows = database.statement("SELECT tracking FROM trace_names WHERE name = ?1");
  auto const row = rows.with(id).next();
  if (!row) return std::unexpected(row.error());
  return *row ? rows.text(0) : std::string(id);
}

Result<void> read_head(Database& database, StoredTrace& trace) {
  auto rows = database.statement(
      "SELECT kind, origin, destination, call_id, archive_id, push_id, began FROM trace_heads WHERE tracking = ?1");
  auto const row = rows.with(trace.head.tracking.value).next();
  if (!row) return std::unexpected(row.error());
  if (!*row) return {};
  auto& head = trace.head;
  head.kind = static_cast<model::TraceKind>(rows.number(0));
  head.from = rows.text(1);
  head.to = rows.text(2);
  head.call_id = rows.text(3);
  head.archive_id = rows.text(4);
  head.push_id = rows.text(5);
  head.began = rows.instant(6);
  return {};
}

Result<void> read_steps(Database& database, StoredTrace& trace) {
  auto rows = database.statement(
      "SELECT kind, milestone, at, device, why, detail FROM trace_steps WHERE tracking = ?1 ORDER BY row");
  rows.with(trace.head.tracking.value);
  for (;;) {
    auto const row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return {};
    trace.steps.push_back({.tracking = trace.head.tracking,
                           .kind = static_cast<model::TraceKind>(rows.number(0)),
                           .milestone = static_cast<model::Milestone>(rows.number(1)),
                           .at = rows.instant(2),
                           .device = model::InstanceId{rows.text(3)},
                           .why = static_cast<model::Why>(rows.number(4)),
                           .detail = rows.text(5)});
  }
}

}  // namespace

Result<void> apply(Database& database, BeginTrace const& write) {
  auto const& head = write.head;
  auto done = database
                  .statement(
                      "INSERT INTO trace_heads "
                      "(tracking, kind, origin, destination, call_id, archive_id, push_id, began) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (tracking) DO NOTHING")
                  .with(head.tracking.value, head.kind, head.from, head.to, head.call_id, head.archive_id, head.push_id,
                        head.began)
                  .run();
  for (auto const* name : {&head.call_id, &head.archive_id, &head.push_id})
    if (done && !name->empty())
      done = database
                 .statement(
                     "INSERT INTO trace_names (name, tracking, began) VALUES (?1, ?2, ?3) "
                     "ON CONFLICT (name) DO NOTHING")
                 .with(*name, head.tracking.value, head.began)
                 .run();
  return done;
}

Result<void> apply(Database& database, StepTrace const& write) {
  auto const& step = write.step;
  return database
      .statement(
          "INSERT INTO trace_steps (tracking, kind, milestone, at, device, why, detail) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .with(step.tracking.value, step.kind, step.milestone, step.at, step.device.value, step.why, step.detail)
      .run();
}

// Traces are appended in the order of time, so the oldest are the lowest rows: no index over time is needed.
Result<void> apply(Database& database, Sweep const& write) {
  auto done = sweep_pushes(database, write);
  for (auto const* sql :
       {"DELETE FROM trace_heads WHERE row IN (SELECT row FROM trace_heads ORDER BY row LIMIT ?2) AND began < ?1",
        "DELETE FROM trace_names WHERE row IN (SELECT row FROM trace_names ORDER BY row LIMIT ?2) AND began < ?1",
        "DELETE FROM trace_steps WHERE row IN (SELECT row FROM trace_steps ORDER BY row LIMIT ?2 * 8) AND at < ?1"})
    if (done) done = database.statement(sql).with(write.traces_before, write.most).run();
  return done;
}

Result<std::optional<StoredTrace>> find_trace(Database& database, std::string_view id) {
  auto tracking = tracking_of(database, id);
  if (!tracking) return std::unexpected(tracking.error());
  StoredTrace trace{.head = {.tracking = model::TrackingId{std::move(*tracking)}}};
  if (auto read = read_head(database, trace); !read) return std::unexpected(read.error());
  bool const has_head = trace.head.began != Instant{};
  if (auto read = read_steps(database, trace); !read) return std::unexpected(read.error());
  if (!has_head && trace.steps.empty()) return std::nullopt;
  if (!has_head) {
    trace.head.kind = trace.steps.front().kind;
    trace.head.began = trace.steps.front().at;
  }
  return trace;
}

}  // namespace reveille::store::sqlite
