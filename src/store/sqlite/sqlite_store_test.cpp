// What only a disk can do: keep, fill up, break, belong to another.
#include "store/sqlite/sqlite_store.hpp"

#include "base/random.hpp"
#include "store/sqlite/losing_disk.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace reveille::store {
namespace {

using sqlite::Database;
using sqlite::LosingDisk;
using Records = std::vector<std::pair<std::string, std::string>>;

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open(std::string const& vfs = {}) {
    auto opened = SqliteStore::open({.path = path_, .vfs = vfs}, shard_.post());
    EXPECT_TRUE(opened) << opened.error().ours;
    return opened ? std::move(*opened) : nullptr;
  }
  // A record of so many pages, one of five.
  void write(Store& store, std::size_t pages, int number) {
    auto value = std::to_string(number);
    value.resize(pages * 4096, static_cast<char>('a' + number % 26));  // SQLite does not write pages that stay the same
    ASSERT_TRUE(commit_now(store, shard_, {Put{Table::users, std::to_string(number % 5), std::move(value)}}));
  }
  Error refusal() {
    auto const opened = SqliteStore::open({.path = path_}, shard_.post());
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  TestShard shard_;
  TestFolder folder_;
  std::string path_ = folder_.file("store.db");
};

TEST_F(SqliteStoreTest, EverythingIsThereAfterARestart) {
  {
    auto store = open();
    ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "a", "1"}, AcceptPush{{.row = 5, .id = "p"}}}));
    // Not waited for: closing the store commits it.
    store->commit({Put{Table::users, "b", "2"}}, Urgency::lazily, [](Result<void>) {});
  }
  auto store = open();
  EXPECT_EQ(records_of(*store, Table::users), (Records{{"a", "1"}, {"b", "2"}}));
  int open_pushes = 0;
  EXPECT_EQ(store->for_each_open_push([&](StoredPush const&) { ++open_pushes; }).value(), 5U);
  EXPECT_EQ(open_pushes, 1);
}

TEST_F(SqliteStoreTest, ABatchAtOnceTakesAlongAllThatWaits) {
  LosingDisk disk;
  auto store = open(disk.vfs());
  ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "first", ""}}));
  auto const before = disk.syncs();
  int answers = 0;
  for (int i = 0; i < 90; ++i)
    store->commit({Put{Table::users, std::to_string(i), ""}}, Urgency::lazily, [&](Result<void>) { ++answers; });
  ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "last", ""}}));
  EXPECT_EQ(answers, 90);
  EXPECT_LE(disk.syncs() - before, 2U) << "one transaction for all of them";
}

TEST_F(SqliteStoreTest, LazyWritesWaitForAHundredAndNoLonger) {
  auto few = open();
  auto many = SqliteStore::open({.path = folder_.file("many.db")}, shard_.post());
  ASSERT_TRUE(many);
  int few_answers = 0;
  int many_answers = 0;
  few->commit({Put{Table::users, "a", ""}}, Urgency::lazily, [&](Result<void>) { ++few_answers; });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(commit_now(**many, shard_, {Put{Table::users, "a", ""}}, Urgency::soon));
  for (int i = 0; i < 50; ++i)
    (*many)->commit({Put{Table::users, "a", std::to_string(i)}, Put{Table::users, "b", std::to_string(i)}},
                    Urgency::lazily, [&](Result<void>) { ++many_answers; });
  shard_.run_until([&] { return many_answers == 50; });
  EXPECT_EQ(few_answers, 0) << "half a second has not passed";
  shard_.run_until([&] { return few_answers == 1; });
}

TEST_F(SqliteStoreTest, WhatWasAcknowledgedOutlivesAPowerCutAndTheOrderHolds) {
  LosingDisk disk;
  SeededRandom random{7};
  int acknowledged = 0;
  for (int round = 0; round < 40; ++round) {
    auto store = open(disk.vfs());
    ASSERT_TRUE(store);
    // What is there is a beginning of what was given: 0, 1, 2 … with no gap, and all that was acknowledged.
    int const kept = static_cast<int>(records_of(*store, Table::users).size());
    ASSERT_GE(kept, acknowledged);
    Records numbered;
    for (auto const& [key, value] : records_of(*store, Table::users)) numbered.emplace_back(value, key);
    std::ranges::sort(numbered);
    for (int i = 0; i < kept; ++i) ASSERT_EQ(std::stoi(numbered.at(static_cast<std::size_t>(i)).first), 100'000 + i);

    int given = kept;
    acknowledged = kept;
    auto const goal = kept + static_cast<int>(random.number() % 20);
    while (acknowledged < goal || given < goal + 5) {
      auto const urgency = static_cast<Urgency>(random.number() % 2);
      store->commit({Put{Table::users, random.hex(8), std::to_string(100'000 + given++)}}, urgency,
                    [&](Result<void> result) { acknowledged += result ? 1 : 0; });
      if (random.number() % 3 == 0)
        shard_.run_until([&, before = acknowledged] { return acknowledged > before || acknowledged == given; });
    }
    disk.cut_power();
    store.reset();
    shard_.drop();
    disk.restore_power();
  }
}

TEST_F(SqliteStoreTest, AFullDiskIsSaidAndTheServiceGoesOnWhenThereIsRoom) {
  LosingDisk disk;
  auto store = open(disk.vfs());
  ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "before", ""}}));
  disk.fill();
  for (auto const urgency : {Urgency::at_once, Urgency::soon}) {
    auto const refused = commit_now(*store, shard_, {Put{Table::users, "meanwhile", ""}}, urgency);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::storage);
    EXPECT_NE(refused.error().ours.find("The disk is full"), std::string::npos) << refused.error().ours;
  }
  EXPECT_EQ(records_of(*store, Table::users), (Records{{"before", ""}})) << "reading goes on";
  disk.make_room();
  ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "after", ""}}));
  store.reset();
  EXPECT_EQ(records_of(*open(disk.vfs()), Table::users), (Records{{"after", ""}, {"before", ""}}));
}

TEST_F(SqliteStoreTest, AFullDiskAtTheStartSaysThatItMustBeStartedAgain) {
  LosingDisk disk;
  disk.fill();
  auto const refused = SqliteStore::open({.path = path_, .vfs = disk.vfs()}, shard_.post(), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().ours, "The disk is full: " + path_ +
                                      " cannot be written. Make room; nothing that was acknowledged is lost. A running "
                                      "server goes on by itself, one that could not start must be started again.");
}

TEST_F(SqliteStoreTest, AFullDiskIsToldOnceAndThatItIsWellAgainWithoutAWrite) {
  LosingDisk disk;
  std::vector<Result<void>> told;
  auto const store = std::move(*SqliteStore::open({.path = path_, .vfs = disk.vfs()}, shard_.post(),
                                                  [&](Result<void> state) { told.push_back(std::move(state)); }));
  ASSERT_TRUE(commit_now(*store, shard_, {Put{Table::users, "before", ""}}));
  disk.fill();
  for (int i = 0; i < 3; ++i) ASSERT_FALSE(commit_now(*store, shard_, {Put{Table::users, "meanwhile", ""}}));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].error().ours.find("The disk is full"), std::string::npos) << told[0].error().ours;
  disk.make_room();
  shard_.run_until([&] { return told.size() == 2; });
  EXPECT_TRUE(told[1]);
  EXPECT_EQ(records_of(*store, Table::settings), (Records{})) << "the trial leaves nothing";
}

TEST_F(SqliteStoreTest, AFileInUseIsRefusedWithTheProcess) {
  auto const store = open();
  auto const error = refusal();
  EXPECT_EQ(error.code, ErrorCode::busy);
  EXPECT_NE(error.ours.find("in use by process " + std::to_string(getpid())), std::string::npos) << error.ours;
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndLeftAsItIs) {
  open().reset();
  {
    auto database = Database::open({.path = path_}).value();
    ASSERT_TRUE(database->execute("PRAGMA user_version = 4711"));
  }
  auto const error = refusal();
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_NE(error.ours.find("newer Reveille"), std::string::npos) << error.ours;
  EXPECT_EQ(Database::open({.path = path_}).value()->number_of("PRAGMA user_version").value(), 4711);
}

// What version 2 wrote: one list of steps for a call and its pushes.
TEST_F(SqliteStoreTest, TracesOfAnOlderSchemaAreTakenAlong) {
  open().reset();
  {
    auto database = Database::open({.path = path_}).value();
    ASSERT_TRUE(database->execute(R"sql(
      DROP TABLE traces; DROP TABLE trace_links; DROP TABLE trace_milestones; PRAGMA user_version = 2;
      DROP INDEX archive_entries_by_peer; ALTER TABLE archive_entries DROP COLUMN body;
      CREATE TABLE trace_heads (row INTEGER PRIMARY KEY, tracking BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
                                origin BLOB NOT NULL, destination BLOB NOT NULL, call_id BLOB NOT NULL,
                                archive_id BLOB NOT NULL, push_id BLOB NOT NULL, began INTEGER NOT NULL);
      CREATE TABLE trace_names (row INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, tracking BLOB NOT NULL,
                                began INTEGER NOT NULL);
      CREATE TABLE trace_steps (row INTEGER PRIMARY KEY, tracking BLOB NOT NULL, kind INTEGER NOT NULL,
                                milestone INTEGER NOT NULL, at INTEGER NOT NULL, device BLOB NOT NULL,
                                why INTEGER NOT NULL, detail BLOB NOT NULL);
      INSERT INTO trace_heads VALUES
        (1, CAST('t-1' AS BLOB), 0, CAST('romeo' AS BLOB), CAST('juliet' AS BLOB), CAST('call-1' AS BLOB), x'', x'', 7),
        (2, CAST('t-2' AS BLOB), 2, x'', CAST('juliet' AS BLOB), x'', x'', CAST('push-2' AS BLOB), 9);
      INSERT INTO trace_names VALUES
        (1, CAST('call-1' AS BLOB), CAST('t-1' AS BLOB), 7), (2, CAST('push-1' AS BLOB), CAST('t-1' AS BLOB), 7),
        (3, CAST('push-2' AS BLOB), CAST('t-2' AS BLOB), 9);
      INSERT INTO trace_steps VALUES
        (1, CAST('t-1' AS BLOB), 0, 0, 7, x'', 0, x''), (2, CAST('t-1' AS BLOB), 2, 21, 8, x'', 0, x''),
        (3, CAST('t-1' AS BLOB), 0, 6, 9, x'', 0, x''), (4, CAST('t-2' AS BLOB), 2, 21, 9, x'', 0, x''),
        (5, CAST('t-3' AS BLOB), 0, 13, 9, x'', 0, x'');
    )sql"));
  }
  auto store = open();
  auto const told = [&](std::string const& id) {
    std::optional<Result<std::optional<StoredTrace>>> answer;
    store->fetch_trace(id, [&](auto found) { answer = std::move(found); });
    shard_.run_until([&] { return answer.has_value(); });
    auto const& trace = answer->value();
    if (!trace) return std::string("none");
    std::string text = std::string(name_of(trace->head.kind)) + " of " + trace->head.from + ":";
    for (auto const& step : trace->steps) text += " " + std::string(name_of(step.milestone));
    return text;
  };
  EXPECT_EQ(told("t-1"), "call of romeo: offered answered");
  EXPECT_EQ(told("call-1"), "call of romeo: offered answered");
  EXPECT_EQ(told("push-1"), "push of : accepted");
  EXPECT_EQ(told("push-2"), "push of : accepted");
  EXPECT_EQ(told("t-2"), "push of : accepted");
  EXPECT_EQ(told("t-3"), "call of : interrupted");
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  {
    auto database = Database::open({.path = path_}).value();
    ASSERT_TRUE(database->execute("CREATE TABLE theirs (a)"));
  }
  EXPECT_EQ(refusal().code, ErrorCode::conflict);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsCalledDamaged) {
  std::ofstream{path_} << std::string(8192, 'x');
  auto const error = refusal();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.ours.find(path_), std::string::npos);
  EXPECT_NE(error.ours.find("backup"), std::string::npos);
}

TEST_F(SqliteStoreTest, ADamagedPageIsFoundAtTheStart) {
  {
    auto store = open();
    Batch batch;
    for (int i = 0; i < 500; ++i) batch.emplace_back(Put{Table::users, std::to_string(i), std::string(200, 'v')});
    ASSERT_TRUE(commit_now(*store, shard_, std::move(batch)));
  }
  auto const size = static_cast<std::streamoff>(std::filesystem::file_size(path_));
  std::fstream file{path_, std::ios::in | std::ios::out | std::ios::binary};
  for (std::streamoff at = 5 * 4096; at < size; at += 4096) file.seekp(at) << std::string(64, '\xff');
  file.close();
  EXPECT_EQ(refusal().code, ErrorCode::corrupt);
}

TEST_F(SqliteStoreTest, AFolderThatDoesNotExistIsNamed) {
  auto const opened = SqliteStore::open({.path = folder_.file("none/store.db")}, shard_.post());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::storage);
  EXPECT_NE(opened.error().ours.find("none/store.db"), std::string::npos);
}

TEST_F(SqliteStoreTest, TheLogIsCopiedBackWhileWritingGoesOn) {
  auto store = open();
  for (int i = 0; i < 2'500; ++i) write(*store, 8, i);
  // 2500 commits of ten pages each would be 100 MB without a checkpoint in between.
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 60'000'000U);
  EXPECT_GT(std::filesystem::file_size(path_), 5 * 8 * 4096U) << "all of it has been copied once";
}

TEST_F(SqliteStoreTest, APowerCutBesideACopyLosesNothing) {
  LosingDisk disk;
  int number = 0;
  for (int round = 0; round < 8; ++round) {
    auto store = open(disk.vfs());
    ASSERT_TRUE(store);
    auto const found = records_of(*store, Table::users);
    ASSERT_EQ(found.size(), static_cast<std::size_t>(std::min(number, 5)));
    for (auto const& [key, value] : found) EXPECT_GT(std::stoi(value), number - 6) << key;
    // Past the first copy, past the log's restart, and in between.
    for (int end = number + 5 + 4 * round; number < end;) write(*store, 600, ++number);
    disk.cut_power();
    store.reset();
    shard_.drop();
    disk.restore_power();
  }
}

TEST_F(SqliteStoreTest, AFailedSyncOfTheDatabaseKeepsTheLogForTheNextStart) {
  // The copy's first sync, its second, the one of the log's start anew; found at the store's end, or by a power cut.
  for (int run = 0; run < 6; ++run) {
    LosingDisk disk;
    std::vector<Result<void>> told;
    auto store = std::move(*SqliteStore::open({.path = path_, .vfs = disk.vfs()}, shard_.post(),
                                              [&](Result<void> state) { told.push_back(std::move(state)); }));
    write(*store, 1, 0);
    disk.fail_sync(path_, run / 2);
    int number = 0;
    while (number < 24) write(*store, 600, ++number);
    shard_.run_until([&] { return !told.empty(); });
    EXPECT_NE(told.front().error().ours.find(path_), std::string::npos);
    EXPECT_NE(told.front().error().ours.find("start Reveille anew"), std::string::npos);
    if (run % 2 == 0) store.reset();
    disk.cut_power();
    store.reset();
    shard_.drop();
    disk.restore_power();
    auto const found = records_of(*open(disk.vfs()), Table::users);
    ASSERT_EQ(found.size(), 5U);
    for (auto const& [key, value] : found) EXPECT_GT(std::stoi(value), number - 5) << key;
    EXPECT_EQ(told.size(), 1U);
    std::filesystem::remove(path_);
  }
}

TEST_F(SqliteStoreTest, WhatAFailedSyncTellsStandsAfterAFullDisk) {
  LosingDisk disk;
  std::vector<Result<void>> told;
  auto store = std::move(*SqliteStore::open({.path = path_, .vfs = disk.vfs()}, shard_.post(),
                                            [&](Result<void> state) { told.push_back(std::move(state)); }));
  write(*store, 1, 0);
  disk.fail_sync(path_, 0);
  for (int number = 1; number < 24; ++number) write(*store, 600, number);
  shard_.run_until([&] { return told.size() == 1; });
  disk.fill();
  ASSERT_FALSE(commit_now(*store, shard_, {Put{Table::users, "meanwhile", ""}}));
  disk.make_room();
  shard_.run_until([&] { return told.size() == 3; });
  ASSERT_FALSE(told.back());
  EXPECT_EQ(told.back().error().ours, told.front().error().ours);
}

}  // namespace
}  // namespace reveille::store
