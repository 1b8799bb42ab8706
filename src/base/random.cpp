#include "base/random.hpp"

#include "base/encoding.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace reveille {

std::string Random::hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill({reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()});
  return encode_hex(raw);
}

std::string Random::uuid() {
  std::array<std::uint8_t, 16> bytes{};
  fill(bytes);
  return format_uuid(bytes, 4);
}

std::uint64_t Random::number() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (used_ == buffer_.size()) {
      // getrandom of at most 256 bytes never fails once the pool is initialised; without randomness nothing we promise
      // holds.
      for (std::size_t at = 0; at < buffer_.size(); at += 256)
        if (getrandom(buffer_.data() + at, 256, 0) != 256) std::abort();
      used_ = 0;
    }
    std::size_t const take = std::min(out.size(), buffer_.size() - used_);
    std::memcpy(out.data(), buffer_.data() + used_, take);
    std::memset(buffer_.data() + used_, 0, take);
    used_ += take;
    out = out.subspan(take);
  }
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  // SplitMix64.
  for (auto& byte : out) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    byte = static_cast<std::uint8_t>(z ^ (z >> 31));
  }
}

std::string format_uuid(std::span<std::uint8_t const, 16> bytes, unsigned version) {
  std::array<char, 16> raw{};
  std::memcpy(raw.data(), bytes.data(), raw.size());
  raw[6] = static_cast<char>((static_cast<unsigned>(raw[6]) & 0x0fU) | (version << 4));
  raw[8] = static_cast<char>((static_cast<unsigned>(raw[8]) & 0x3fU) | 0x80U);
  std::string const digits = encode_hex({raw.data(), raw.size()});
  return digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) + '-' + digits.substr(16, 4) +
         '-' + digits.substr(20);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace reveille
