#include "base/seeded_hash.hpp"

#include <algorithm>
#include <cstring>

namespace reveille {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  auto const product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(char const* from, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return word;
}

}  // namespace

// Two words a step, each hidden by a secret before they are multiplied.
std::size_t SeededHash::operator()(std::string_view text) const noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  if (text.empty()) text = "";  // an empty one may lead nowhere, which memcpy must not be given
  std::uint64_t const other = seed * 0xd6e8feb86659fd93ULL + 0x9e3779b97f4a7c15ULL;
  std::uint64_t state = seed ^ text.size();
  for (; text.size() > 2 * word; text.remove_prefix(2 * word))
    state = mix(word_at(text.data(), word) ^ state, word_at(text.data() + word, word) ^ other) + state;
  auto const first = std::min(text.size(), word);
  state = mix(word_at(text.data(), first) ^ state, word_at(text.data() + first, text.size() - first) ^ other) + state;
  return static_cast<std::size_t>(mix(state ^ other, 0xd6e8feb86659fd93ULL));
}

}  // namespace reveille
