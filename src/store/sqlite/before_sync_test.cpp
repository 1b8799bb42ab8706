#include "store/sqlite/before_sync.hpp"

#include "store/sqlite/losing_disk.hpp"
#include "store/test_shard.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace reveille::store::sqlite {
namespace {

TEST(BeforeSync, ComesBeforeTheSyncOfACheckpointOnThatConnectionAlone) {
  LosingDisk disk;
  TestFolder const folder;
  Place const place{.path = folder.file("store.db"), .vfs = disk.vfs()};
  std::vector<std::uint64_t> syncs_before;
  auto const writer = Database::open(place).value();
  std::optional<BeforeSync> before_sync;
  auto const copier = Database::open(place).value();
  before_sync.emplace(*copier, [&] { syncs_before.push_back(disk.syncs()); });
  auto const copies_with = [](Database& database) {
    return sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  };

  ASSERT_TRUE(writer->execute("CREATE TABLE t (a)"));
  auto const syncs = disk.syncs();
  ASSERT_EQ(copies_with(*copier), SQLITE_OK);
  EXPECT_EQ(syncs_before, std::vector{syncs + 1}) << "after the log's sync";
  EXPECT_EQ(disk.syncs(), syncs + 2) << "and before the database's, which is done";

  ASSERT_TRUE(writer->execute("INSERT INTO t VALUES (1)"));
  ASSERT_EQ(copies_with(*writer), SQLITE_OK);
  EXPECT_EQ(syncs_before.size(), 1U) << "the writer's own connection";
}

TEST(BeforeSync, ASyncThatFailsIsTold) {
  LosingDisk disk;
  TestFolder const folder;
  Place const place{.path = folder.file("store.db"), .vfs = disk.vfs()};
  int called = 0;
  std::optional<BeforeSync> before_sync;
  auto const copier = Database::open(place).value();
  before_sync.emplace(*copier, [&] { ++called; });
  ASSERT_TRUE(copier->execute("CREATE TABLE t (a)"));
  disk.fail_sync(place.path, 0);
  EXPECT_EQ(sqlite3_wal_checkpoint_v2(copier->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr),
            SQLITE_IOERR_FSYNC);
  EXPECT_EQ(called, 1);
}

}  // namespace
}  // namespace reveille::store::sqlite
