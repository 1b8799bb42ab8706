#include "base/seeded_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace reveille {
namespace {

TEST(SeededHash, tells_texts_and_seeds_apart) {
  std::set<std::size_t> hashes;
  std::string const text = "one text that is longer than two steps of sixteen bytes";
  for (std::size_t size = 0; size <= text.size(); ++size) hashes.insert(SeededHash{1}(text.substr(0, size)));
  for (std::uint64_t seed = 2; seed < 50; ++seed) hashes.insert(SeededHash{seed}(text));
  EXPECT_EQ(hashes.size(), text.size() + 1 + 48);
}

TEST(SeededHash, takes_nothing_for_an_empty_text) {
  EXPECT_EQ(SeededHash{7}(std::string_view{}), SeededHash{7}(""));
}

}  // namespace
}  // namespace reveille
