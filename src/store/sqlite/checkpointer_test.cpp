// The log's start anew, step by step. How long a log gets, and what a power cut leaves: sqlite_store_test.cpp.
#include "store/sqlite/checkpointer.hpp"

#include "store/sqlite/losing_disk.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace reveille::store::sqlite {
namespace {

constexpr auto a_long_log = "INSERT INTO t VALUES (randomblob(34000000))";

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() {
    EXPECT_TRUE(writer->execute("CREATE TABLE t (a)"));
    EXPECT_TRUE(writer->execute(a_long_log));
  }
  // The copy of a log of which all is there: SQLite's syncs of the log and of the database, and ours.
  void copies() {
    auto const before = disk.syncs();
    checkpointer.on_commit(*writer);
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (disk.syncs() < before + 3 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_EQ(disk.syncs(), before + 3);
  }
  // Until `done`; the copy's thread may have its last step before it.
  void commits(std::function<bool()> const& done) {
    ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!done() && std::chrono::steady_clock::now() < give_up) checkpointer.on_commit(*writer);
    ASSERT_TRUE(done());
  }

  // A slow disk: it is at the log's sync, the first of a copy, when the writer of the longest log comes, and for a
  // while after that.
  void comes_while_a_copy_syncs() {
    std::atomic<bool> began{false};
    std::atomic<bool> comes{false};
    std::atomic<bool> came_back{false};
    disk.at_sync(place.path + "-wal", [&] {
      began = true;
      began.notify_all();
      comes.wait(false);
      auto const done = std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
      while (!came_back && std::chrono::steady_clock::now() < done) std::this_thread::yield();
    });
    checkpointer.on_commit(*writer);
    began.wait(false);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->execute(a_long_log));
    comes = true;
    comes.notify_all();
    checkpointer.on_commit(*writer);
    came_back = true;
  }

  LosingDisk disk;
  TestFolder folder;
  Place place{.path = folder.file("store.db"), .vfs = disk.vfs()};
  std::unique_ptr<Database> writer = Database::open(place).value();
  WriteBack write_back{place.path};
  std::vector<Error> told;
  Checkpointer checkpointer{Database::open(place).value(), write_back,
                            [this](Error error) { told.push_back(std::move(error)); }};
};

TEST_F(CheckpointerTest, ACopiedLogIsStartedAnewAtTheNextCommit) {
  copies();
  auto const before = disk.syncs();
  commits([&] { return disk.syncs() > before + 1; });
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (2)"));
  EXPECT_LT(writer->log_pages(), 10);
  EXPECT_TRUE(told.empty());
}

TEST_F(CheckpointerTest, ASyncThatFailsThereIsToldOnceAndTheLogIsKept) {
  disk.fail_sync(place.path, 2);
  copies();
  commits([&] { return !told.empty(); });
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told[0].ours.find(place.path), std::string::npos);
  auto const pages = writer->log_pages();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(writer->execute(a_long_log));
    checkpointer.on_commit(*writer);
  }
  EXPECT_GT(writer->log_pages(), pages + 3 * 8'000);
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(CheckpointerTest, TheLongestLogIsStartedAnewAtOnce) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->execute(a_long_log));
  checkpointer.on_commit(*writer);
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  EXPECT_LT(writer->log_pages(), 10);
  EXPECT_TRUE(told.empty());
}

TEST_F(CheckpointerTest, TheWriterOfTheLongestLogWaitsForTheCopyUnderWay) {
  comes_while_a_copy_syncs();
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  EXPECT_LT(writer->log_pages(), 10);
  EXPECT_TRUE(told.empty());
}

TEST_F(CheckpointerTest, TheLongestLogIsKeptWhenTheSyncFailsForWhichTheWriterWaited) {
  disk.fail_sync(place.path, 0);
  comes_while_a_copy_syncs();
  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  EXPECT_GT(writer->log_pages(), 32'000);
  EXPECT_EQ(told.size(), 1U);
}

}  // namespace
}  // namespace reveille::store::sqlite
