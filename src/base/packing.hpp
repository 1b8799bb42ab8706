// Packer and Unpacker: values as compact bytes, for what is kept on disk.
//
// Integers are little-endian with seven bits a byte (LEB128), texts have their length before them, a UUID takes 17
// bytes. A record starts with its owner's version number; fields follow in order, and new ones are appended under a new
// version. Unpacking checks every length: after the first that does not fit, failed() is true and everything reads as
// empty.
#pragma once

#include "base/instant.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace reveille {

class Packer {
 public:
  void number(std::uint64_t value);
  void text(std::string_view value);
  void instant(Instant at) { number(static_cast<std::uint64_t>(unix_microseconds(at))); }
  void instant(std::optional<Instant> at) { instant(at.value_or(Instant{})); }
  // A lower-case UUID as 16 bytes, anything else as text.
  void uuid(std::string_view value);
  template <class Enum>
  void choice(Enum value) {
    number(static_cast<std::uint64_t>(value));
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Refers to the bytes given, which must outlive it.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number();
  std::string text() { return std::string(take(number())); }
  void skip_text() { take(number()); }
  Instant instant() { return from_unix_microseconds(static_cast<std::int64_t>(number())); }
  std::optional<Instant> optional_instant();
  std::string uuid();
  // A value of an enumeration whose last enumerator is `last`.
  template <class Enum>
  Enum choice(Enum last) {
    auto const value = number();
    if (value > static_cast<std::uint64_t>(last)) failed_ = true;
    return failed_ ? Enum{} : static_cast<Enum>(value);
  }
  // The number of entries of a list; more than `most` is a failure.
  std::size_t count(std::size_t most = 1000);
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(std::uint64_t size);

  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace reveille
