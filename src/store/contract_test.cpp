// What every store does, in memory or on a disk.
#include "store/memory/memory_store.hpp"
#include "store/sqlite/sqlite_store.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>

namespace reveille::store {
namespace {

using Records = std::vector<std::pair<std::string, std::string>>;
using model::InstanceId;
using model::Milestone;
using model::TraceKind;
using model::TrackingId;
using model::Why;

Instant const now = from_unix_seconds(1'800'000'000);

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "memory") {
      store_ = std::make_unique<MemoryStore>(shard_.post());
      return;
    }
    auto opened = SqliteStore::open({.path = folder_.file("store.db")}, shard_.post());
    ASSERT_TRUE(opened) << opened.error().ours;
    store_ = std::move(*opened);
  }
  Result<void> commit(Batch batch, Urgency urgency = Urgency::at_once) {
    return commit_now(*store_, shard_, std::move(batch), urgency);
  }
  Records records(Table table) { return records_of(*store_, table); }
  std::optional<StoredPush> push(std::string tenant, std::string id) {
    std::optional<Result<std::optional<StoredPush>>> answer;
    store_->fetch_push(std::move(tenant), std::move(id), [&](auto found) { answer = std::move(found); });
    EXPECT_FALSE(answer);
    shard_.run_until([&] { return answer.has_value(); });
    return answer->value();
  }
  std::optional<StoredTrace> trace(std::string id) {
    std::optional<Result<std::optional<StoredTrace>>> answer;
    store_->fetch_trace(std::move(id), [&](auto found) { answer = std::move(found); });
    shard_.run_until([&] { return answer.has_value(); });
    return answer->value();
  }

  TestShard shard_;
  TestFolder folder_;
  std::unique_ptr<Store> store_;
};

StoredPush a_push(std::uint64_t row, std::string id, std::string tenant = "t") {
  return {.row = row, .tenant = std::move(tenant), .id = std::move(id), .keep_until = now + 24h, .record = "first"};
}

TEST_P(StoreContract, KeepsRecordsByKeyInOrder) {
  std::string const with_nul{"a\0b", 3};
  ASSERT_TRUE(commit({Put{Table::users, "b", "2"}, Put{Table::users, with_nul, std::string("\0\xff", 2)},
                      Put{Table::users, "a", ""}, Put{Table::calls, "a", "elsewhere"}}));
  EXPECT_EQ(records(Table::users), (Records{{"a", ""}, {with_nul, std::string("\0\xff", 2)}, {"b", "2"}}));
  ASSERT_TRUE(commit({Put{Table::users, "b", "3"}, Erase{Table::users, "a"}, Erase{Table::users, "none"}}));
  EXPECT_EQ(records(Table::users), (Records{{with_nul, std::string("\0\xff", 2)}, {"b", "3"}}));
}

ArchiveMessage a_message(std::uint64_t row, std::string from = "romeo") {
  return {.row = row,
          .at = now + std::chrono::seconds{row},
          .message_id = "id-" + std::to_string(row),
          .stanza = "<message/>" + std::to_string(row),
          .entries = {{.account = "juliet", .peer = from, .direction = Direction::incoming},
                      {.account = from, .peer = "juliet", .direction = Direction::outgoing}}};
}

TEST_P(StoreContract, ArchivesAreReadInPagesFromEitherEnd) {
  EXPECT_EQ(store_->newest_archive_row(), 0U);
  Batch batch;
  for (std::uint64_t row = 1; row <= 10; ++row) batch.emplace_back(a_message(row, row % 2 == 0 ? "romeo" : "nurse"));
  ASSERT_TRUE(commit(std::move(batch)));
  auto const rows_of = [&](ArchiveQuery query) {
    query.account = "juliet";
    std::optional<Result<ArchivePage>> answer;
    store_->fetch_archive(std::move(query), [&](auto found) { answer = std::move(found); });
    shard_.run_until([&] { return answer.has_value(); });
    std::string rows;
    for (auto const& message : answer->value().messages) rows += std::to_string(message.row) + " ";
    return rows + (answer->value().completeness == Completeness::complete ? "complete" : "partial");
  };
  EXPECT_EQ(rows_of({}), "1 2 3 4 5 6 7 8 9 10 complete");
  EXPECT_EQ(rows_of({.most = 3}), "1 2 3 partial");
  EXPECT_EQ(rows_of({.after = 7, .most = 3}), "8 9 10 complete");
  EXPECT_EQ(rows_of({.from = ArchiveEnd::newest, .most = 3}), "8 9 10 partial");
  EXPECT_EQ(rows_of({.before = 8, .from = ArchiveEnd::newest, .most = 3}), "5 6 7 partial");
  EXPECT_EQ(rows_of({.peer = "romeo", .after = 2}), "4 6 8 10 complete");
  EXPECT_EQ(rows_of({.since = now + 3s, .until = now + 5s}), "3 4 5 complete");
  EXPECT_EQ(rows_of({.direction = Direction::outgoing}), "complete");
  EXPECT_EQ(rows_of({.most = 0}), "partial");
  // "<message/>1" has 11 bytes.
  EXPECT_EQ(rows_of({.most_bytes = 22}), "1 2 partial");
  EXPECT_EQ(rows_of({.most_bytes = 23}), "1 2 3 partial");
  EXPECT_EQ(rows_of({.after = 8, .most_bytes = 24}), "9 10 complete");
  EXPECT_EQ(rows_of({.peer = "romeo", .from = ArchiveEnd::newest, .most_bytes = 1}), "10 partial");
  EXPECT_EQ(store_->newest_archive_row(), 10U);
}

TEST_P(StoreContract, ArchivesAreCounted) {
  Batch batch;
  for (std::uint64_t row = 1; row <= 10; ++row) batch.emplace_back(a_message(row, row % 2 == 0 ? "romeo" : "nurse"));
  ASSERT_TRUE(commit(std::move(batch)));
  auto const count = [&](ArchiveQuery query) {
    query.account = "juliet";
    std::optional<Result<std::uint64_t>> answer;
    store_->count_archive(std::move(query), [&](auto found) { answer = found; });
    shard_.run_until([&] { return answer.has_value(); });
    return answer->value();
  };
  EXPECT_EQ(count({}), 10U);
  EXPECT_EQ(count({.most = 0, .most_bytes = 1}), 10U);
  EXPECT_EQ(count({.peer = "romeo"}), 5U);
  EXPECT_EQ(count({.peer = "tybalt"}), 0U);
  EXPECT_EQ(count({.direction = Direction::outgoing}), 0U);
  EXPECT_EQ(count({.after = 2, .before = 9}), 6U);
  EXPECT_EQ(count({.since = now + 3s, .until = now + 5s}), 3U);
  EXPECT_EQ(count({.peer = "nurse", .since = now + 4s}), 3U);
}

TEST_P(StoreContract, ArchivedRowsAreThoseOfTheAccount) {
  ASSERT_TRUE(commit({a_message(5), a_message(6), a_message(9)}));
  auto const fetch = [&](std::size_t most_bytes) {
    std::optional<Result<ArchivePage>> answer;
    store_->fetch_archived("juliet", {9, 5, 7}, most_bytes, [&](auto found) { answer = std::move(found); });
    shard_.run_until([&] { return answer.has_value(); });
    return answer->value();
  };
  auto const all = fetch(0);
  ASSERT_EQ(all.messages.size(), 2U);
  EXPECT_EQ(all.completeness, Completeness::complete);
  EXPECT_EQ(all.messages[1], (ArchivedMessage{.row = 9, .at = now + 9s, .peer = "romeo", .stanza = "<message/>9"}));
  auto const first = fetch(1);
  ASSERT_EQ(first.messages.size(), 1U);
  EXPECT_EQ(first.messages[0].row, 5U);
  EXPECT_EQ(first.completeness, Completeness::partial);
}

TEST_P(StoreContract, UnreadIsWhatCameAfterTheNewestDisplayed) {
  ASSERT_TRUE(commit({a_message(5), a_message(6), a_message(9, "nurse")}));
  auto const unread = [&](std::uint64_t displayed, std::string peer, std::string id) {
    std::optional<Result<Unread>> answer;
    store_->fetch_unread("juliet", displayed, std::move(peer), std::move(id), [&](auto found) { answer = found; });
    shard_.run_until([&] { return answer.has_value(); });
    return std::pair(answer->value().displayed, answer->value().count);
  };
  EXPECT_EQ(unread(0, "", ""), std::pair(std::uint64_t{0}, 3U));
  EXPECT_EQ(unread(0, "romeo", "id-6"), std::pair(std::uint64_t{6}, 1U));
  EXPECT_EQ(unread(6, "romeo", "id-5"), std::pair(std::uint64_t{6}, 1U));
  EXPECT_EQ(unread(6, "romeo", "id-9"), std::pair(std::uint64_t{6}, 1U));
  EXPECT_EQ(unread(6, "nurse", "id-9"), std::pair(std::uint64_t{9}, 0U));
  auto receipt = a_message(12);
  receipt.has_body = false;
  ASSERT_TRUE(commit({receipt, a_message(13)}));
  EXPECT_EQ(unread(9, "", ""), std::pair(std::uint64_t{9}, 1U));
}

TEST_P(StoreContract, EveryTableIsItsOwn) {
  Batch batch;
  for (int table = 0; table <= static_cast<int>(Table::inboxes); ++table)
    batch.emplace_back(Put{static_cast<Table>(table), "key", std::to_string(table)});
  ASSERT_TRUE(commit(std::move(batch)));
  for (int table = 0; table <= static_cast<int>(Table::inboxes); ++table)
    EXPECT_EQ(records(static_cast<Table>(table)), (Records{{"key", std::to_string(table)}}));
}

TEST_P(StoreContract, AnswersInTheOrderGivenWhateverTheUrgency) {
  std::vector<int> answered;
  auto const give = [&](int number, Urgency urgency) {
    store_->commit({Put{Table::settings, "last", std::to_string(number)}}, urgency,
                   [&answered, number](Result<void> result) {
                     EXPECT_TRUE(result);
                     answered.push_back(number);
                   });
  };
  give(1, Urgency::lazily);
  give(2, Urgency::soon);
  give(3, Urgency::at_once);
  give(4, Urgency::lazily);
  shard_.run_until([&] { return answered.size() == 4; });
  EXPECT_EQ(answered, (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(records(Table::settings), (Records{{"last", "4"}}));
}

TEST_P(StoreContract, EveryUrgencyIsAnsweredByItself) {
  for (auto const urgency : {Urgency::at_once, Urgency::soon, Urgency::lazily})
    EXPECT_TRUE(commit({Put{Table::users, "a", "1"}}, urgency));
}

TEST_P(StoreContract, AcceptsANotificationOncePerTenantAndId) {
  ASSERT_TRUE(commit({AcceptPush{a_push(1, "id")}, Put{Table::settings, "a", "1"}}));
  auto const again = commit({AcceptPush{a_push(2, "id")}, Put{Table::settings, "a", "2"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_EQ(records(Table::settings), (Records{{"a", "1"}})) << "the batch is whole or not at all";
  ASSERT_TRUE(commit({AcceptPush{a_push(3, "id", "another tenant")}}));
  EXPECT_EQ(push("t", "id")->row, 1U);
  EXPECT_EQ(push("another tenant", "id")->row, 3U);
}

TEST_P(StoreContract, AConflictLeavesTheOthersOfItsGroupAlone) {
  std::vector<bool> results;
  auto const note = [&](Result<void> result) { results.push_back(result.has_value()); };
  store_->commit({AcceptPush{a_push(1, "a")}}, Urgency::soon, note);
  store_->commit({AcceptPush{a_push(2, "a")}}, Urgency::soon, note);
  store_->commit({AcceptPush{a_push(3, "b")}}, Urgency::soon, note);
  shard_.run_until([&] { return results.size() == 3; });
  EXPECT_EQ(results, (std::vector{true, false, true}));
  EXPECT_TRUE(push("t", "b"));
}

TEST_P(StoreContract, AFetchSeesWhatWasGivenBefore) {
  store_->commit({AcceptPush{a_push(1, "id")}}, Urgency::lazily, [](Result<void>) {});
  EXPECT_EQ(push("t", "id"), a_push(1, "id"));
  EXPECT_FALSE(push("t", "none"));
  EXPECT_FALSE(push("x", "id"));
}

TEST_P(StoreContract, FindsOpenNotificationsAtTheStart) {
  ASSERT_TRUE(commit({AcceptPush{a_push(1, "a")}}));
  ASSERT_TRUE(commit({AcceptPush{a_push(2, "b")}}));
  ASSERT_TRUE(commit({AcceptPush{a_push(7, "c")}}));
  ASSERT_TRUE(commit({UpdatePush{.row = 1, .life = PushLife::ended, .keep_until = now, .record = "end"},
                      UpdatePush{.row = 2, .life = PushLife::open, .keep_until = now, .record = "second"}}));
  std::vector<StoredPush> open;
  EXPECT_EQ(store_->for_each_open_push([&](StoredPush found) { open.push_back(std::move(found)); }).value(), 7U);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open.at(0).record, "second");
  EXPECT_EQ(open.at(1), a_push(7, "c"));
  EXPECT_EQ(push("t", "a")->record, "end");
}

TEST_P(StoreContract, SweepsEndedNotificationsWhoseTimeHasCome) {
  ASSERT_TRUE(commit({AcceptPush{a_push(1, "open")}}));
  ASSERT_TRUE(commit({AcceptPush{a_push(2, "old")}}));
  ASSERT_TRUE(commit({AcceptPush{a_push(3, "new")}}));
  ASSERT_TRUE(commit({UpdatePush{.row = 2, .life = PushLife::ended, .keep_until = now - 1s},
                      UpdatePush{.row = 3, .life = PushLife::ended, .keep_until = now + 1s}, Sweep{.now = now}}));
  EXPECT_TRUE(push("t", "open"));
  EXPECT_FALSE(push("t", "old"));
  EXPECT_TRUE(push("t", "new"));
  EXPECT_EQ(store_->swept(), 1U);
  EXPECT_TRUE(commit({AcceptPush{a_push(4, "old")}})) << "a swept id is free again";
}

model::TraceStep a_step(std::string tracking, Milestone milestone, Duration after = 0s, std::string push_id = "") {
  return {.tracking = TrackingId{std::move(tracking)},
          .kind = push_id.empty() ? TraceKind::call : TraceKind::push,
          .milestone = milestone,
          .at = now + after,
          .push_id = std::move(push_id)};
}

TEST_P(StoreContract, FindsATraceByAnyOfItsNames) {
  ASSERT_TRUE(commit({BeginTrace{{.tracking = TrackingId{"tracking"},
                                  .from = "romeo@localhost",
                                  .to = "juliet@localhost",
                                  .call_id = "call@phone",
                                  .push_id = "push-1",
                                  .began = now}},
                      StepTrace{a_step("tracking", Milestone::offered)},
                      StepTrace{{.tracking = TrackingId{"tracking"},
                                 .milestone = Milestone::unreachable,
                                 .at = now + 1s,
                                 .device = InstanceId{"device"},
                                 .why = Why::provider_refused,
                                 .detail = "410 Unregistered"}},
                      BeginTrace{{.tracking = TrackingId{"tracking"}, .push_id = "push-2", .began = now + 2s}}}));
  for (auto const* id : {"tracking", "call@phone", "push-1", "push-2"}) {
    auto const found = trace(id);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->head.tracking.value, "tracking");
    EXPECT_EQ(found->head.kind, TraceKind::call);
    EXPECT_EQ(found->head.to, "juliet@localhost");
    EXPECT_EQ(found->head.began, now);
    EXPECT_EQ(found->push_ids.size(), 2U);
    ASSERT_EQ(found->steps.size(), 2U);
    EXPECT_EQ(found->steps.at(0).milestone, Milestone::offered);
    EXPECT_EQ(found->steps.at(1).why, Why::provider_refused);
    EXPECT_EQ(found->steps.at(1).device.value, "device");
    EXPECT_EQ(found->steps.at(1).detail, "410 Unregistered");
    EXPECT_EQ(found->steps.at(1).at, now + 1s);
  }
  EXPECT_FALSE(trace("another"));
}

TEST_P(StoreContract, EachPushOfACallHasItsOwnTrace) {
  ASSERT_TRUE(commit({BeginTrace{{.tracking = TrackingId{"tracking"}, .call_id = "call", .began = now}},
                      StepTrace{a_step("tracking", Milestone::offered)}}));
  for (auto const* id : {"push-1", "push-2"})
    ASSERT_TRUE(
        commit({BeginTrace{{.tracking = TrackingId{"tracking"}, .push_id = id, .began = now}},
                BeginTrace{{.tracking = TrackingId{"tracking"}, .kind = TraceKind::push, .push_id = id, .began = now}},
                StepTrace{a_step("tracking", Milestone::accepted, 1s, id)},
                StepTrace{a_step("tracking", Milestone::sent, 2s, id)}}));
  for (auto const* id : {"push-1", "push-2"}) {
    auto const found = trace(id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->head.kind, TraceKind::push);
    EXPECT_EQ(found->push_ids, std::vector<std::string>{id});
    EXPECT_EQ(found->steps.size(), 2U);
  }
  EXPECT_EQ(trace("tracking")->head.kind, TraceKind::call);
  EXPECT_EQ(trace("call")->steps.size(), 1U);
  EXPECT_EQ(trace("call")->push_ids.size(), 2U);
}

TEST_P(StoreContract, APushServiceAloneFindsAPushByItsTrackingId) {
  ASSERT_TRUE(commit({StepTrace{a_step("tracking", Milestone::accepted, 0s, "push-1")}}));
  EXPECT_EQ(trace("tracking")->head.push_id, "push-1");
  EXPECT_EQ(trace("push-1")->head.began, now);
}

TEST_P(StoreContract, ATraceThatIsBegunLateLearnsItsNames) {
  ASSERT_TRUE(commit({StepTrace{a_step("tracking", Milestone::interrupted)}}));
  ASSERT_TRUE(commit({BeginTrace{{.tracking = TrackingId{"tracking"}, .from = "romeo", .call_id = "call"}}}));
  EXPECT_EQ(trace("call")->head.from, "romeo");
  EXPECT_EQ(trace("call")->head.began, now);
  EXPECT_EQ(trace("call")->steps.size(), 1U);
}

TEST_P(StoreContract, SweepsTracesThatBeganBefore) {
  for (auto const& [name, began] : {std::pair{"old", now - 1h}, std::pair{"new", now}})
    ASSERT_TRUE(
        commit({BeginTrace{{.tracking = TrackingId{name}, .call_id = std::string(name) + "-call", .began = began}},
                StepTrace{{.tracking = TrackingId{name}, .at = began}}}));
  ASSERT_TRUE(commit({Sweep{.now = now, .traces_before = now}}));
  EXPECT_FALSE(trace("old"));
  EXPECT_FALSE(trace("old-call"));
  EXPECT_TRUE(trace("new-call"));
  auto const swept = store_->swept();
  EXPECT_GT(swept, 0U);
  ASSERT_TRUE(commit({StepTrace{a_step("new", Milestone::offered)}, Sweep{.now = now, .traces_before = now}}));
  EXPECT_EQ(store_->swept(), swept) << "what is written is not swept, and there was nothing left";
}

TEST_P(StoreContract, SweepsTheOldestOfTooManyTraces) {
  Batch batch;
  for (int i = 1; i <= 10; ++i) batch.emplace_back(StepTrace{a_step(std::to_string(i), Milestone::offered)});
  ASSERT_TRUE(commit(std::move(batch)));
  ASSERT_TRUE(commit({Sweep{.now = now, .most_traces = 8}}));
  EXPECT_FALSE(trace("2"));
  ASSERT_TRUE(trace("3"));
  EXPECT_EQ(trace("3")->steps.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(BackEnds, StoreContract, testing::Values("memory", "sqlite"),
                         [](auto const& info) { return info.param; });

}  // namespace
}  // namespace reveille::store
