#include "store/sqlite/write_back.hpp"

#include "store/test_shard.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace reveille::store::sqlite {
namespace {

TEST(WriteBack, RestsAtMostOnceASlice) {
  TestFolder const folder;
  auto const path = folder.file("plain");
  {
    WriteBack nothing{path};
    nothing.run([](WriteBack::Duration) -> WriteBack::Duration {
      ADD_FAILURE() << "there is no file";
      return {};
    });
  }
  std::unique_ptr<FILE, int (*)(FILE*)> const file{std::fopen(path.c_str(), "wb"), std::fclose};
  std::string const content(1'000'000, 'x');
  ASSERT_EQ(std::fwrite(content.data(), 1, content.size(), file.get()), content.size());
  ASSERT_EQ(std::fflush(file.get()), 0);
  WriteBack write_back{path};
  int rests = 0;
  write_back.run([&](WriteBack::Duration took) {
    EXPECT_GT(took.count(), 0);
    ++rests;
    return WriteBack::Duration{};
  });
  EXPECT_LE(rests, 16) << "a slice is sixteen pages; on a disk in memory none takes a while";
}

}  // namespace
}  // namespace reveille::store::sqlite
