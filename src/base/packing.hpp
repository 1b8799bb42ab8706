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
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace reveille {

// How many bytes a number of 32 bits, or an instant before the year 4253, takes at most.
inline constexpr std::size_t packed_word = 5;
inline constexpr std::size_t packed_instant = 8;

// Puts another number where one of that width stands. False when none does or it takes more: nothing is changed then.
[[nodiscard]] bool overwrite_number(std::span<char> bytes, std::size_t at, std::size_t width, std::uint64_t value);

class Packer {
 public:
  void number(std::uint64_t value);
  // In at least `width` bytes, so that overwrite_number can put another there later.
  void number(std::uint64_t value, std::size_t width);
  void text(std::string_view value);
  void instant(Instant at) { number(static_cast<std::uint64_t>(unix_microseconds(at))); }
  void instant(std::optional<Instant> at) { instant(at.value_or(Instant{})); }
  // A lower-case UUID as 16 bytes, anything else as text.
  void uuid(std::string_view value);
  // Lower-case hexadecimal as half as many bytes, anything else as text.
  void hex(std::string_view value);
  template <class Enum>
  void choice(Enum value) {
    number(static_cast<std::uint64_t>(value));
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// A UUID as it stands in packed bytes; views of them.
struct PackedUuid {
  std::string_view raw = {};   // 16 bytes, or
  std::string_view text = {};  // what was no UUID

  [[nodiscard]] bool empty() const { return raw.empty() && text.empty(); }
  void append_to(std::string& out) const;
};

// Refers to the bytes given, which must outlive it.
class Unpacker {
 public:
  // skipped: texts and UUIDs read as empty, which costs no memory where only places or numbers are wanted.
  enum class Texts : std::uint8_t { kept, skipped };

  explicit Unpacker(std::string_view bytes, Texts texts = Texts::kept)
      : bytes_(bytes), whole_(bytes.size()), texts_(texts) {}

  std::uint64_t number() {
    if (!failed_ && !bytes_.empty() && (static_cast<unsigned char>(bytes_.front()) & 0x80U) == 0) {
      auto const value = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      return value;
    }
    return long_number();
  }
  std::string text() { return kept(take(number())); }
  // A view of the bytes given; and such a view as text() reads it.
  std::string_view view() { return take(number()); }
  [[nodiscard]] std::string kept(std::string_view view) const {
    return texts_ == Texts::kept ? std::string(view) : std::string{};
  }
  Instant instant() { return from_unix_microseconds(static_cast<std::int64_t>(number())); }
  std::optional<Instant> optional_instant();
  std::string uuid();
  PackedUuid uuid_view();
  std::string hex();
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
  // How many bytes were read.
  [[nodiscard]] std::size_t position() const { return whole_ - bytes_.size(); }

 private:
  std::uint64_t long_number();
  std::string_view take(std::uint64_t size) {
    if (failed_ || size > bytes_.size()) return fail();
    auto const taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view fail() {
    failed_ = true;
    return {};
  }

  std::string_view bytes_;
  std::size_t whole_;
  Texts texts_;
  bool failed_ = false;
};

}  // namespace reveille
