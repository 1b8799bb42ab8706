// Random: where unpredictable bytes come from. Pure code is handed the bytes, or this interface; a test hands it a
// seeded one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace reveille {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;

  // `bytes` random bytes in lower-case hexadecimal: 2 characters a byte.
  [[nodiscard]] std::string hex(std::size_t bytes);
  // A random UUID (RFC 9562 version 4), lower case.
  [[nodiscard]] std::string uuid();
  [[nodiscard]] std::uint64_t number();
};

// The operating system's generator, suitable for secrets. Threads: one object a thread (it buffers).
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::array<std::uint8_t, 512> buffer_{};
  std::size_t used_ = sizeof buffer_;
};

// The same sequence for the same seed: for tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_;
};

// 16 bytes as a UUID of the version given (4 random, 5 and 8 derived), lower case.
[[nodiscard]] std::string format_uuid(std::span<std::uint8_t const, 16> bytes, unsigned version);
// True for the 36-character form in either case.
[[nodiscard]] bool is_uuid(std::string_view text);

}  // namespace reveille
