// SeededHash: a hash that nobody outside can aim, at a bucket or at another text's value, while the seed is random and
// stays in the process. Texts in a row are hashed by taking each hash as the seed of the next. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reveille {

struct SeededHash {
  std::uint64_t seed = 0;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept;
};

}  // namespace reveille
