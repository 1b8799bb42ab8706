#include "base/seeded_hash.hpp"

#include <cstring>

namespace reveille {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  auto const product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::size_t SeededHash::operator()(std::string_view text) const noexcept {
  std::uint64_t state = seed ^ text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    std::size_t const take = text.size() < sizeof word ? text.size() : sizeof word;
    std::memcpy(&word, text.data(), take);
    state = mix(state ^ word, seed | 1) + 0x9e3779b97f4a7c15ULL;
    text.remove_prefix(take);
  }
  return static_cast<std::size_t>(mix(state, 0xd6e8feb86659fd93ULL));
}

}  // namespace reveille
