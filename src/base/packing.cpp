#include "base/packing.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"

#include <algorithm>

namespace reveille {

void Packer::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

void Packer::number(std::uint64_t value, std::size_t width) {
  for (; value >= 0x80 || width > 1; value >>= 7, width -= width > 1 ? 1 : 0) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

bool overwrite_number(std::span<char> bytes, std::size_t at, std::size_t width, std::uint64_t value) {
  if (width == 0 || at + width > bytes.size() || (7 * width < 64 && value >> (7 * width) != 0)) return false;
  auto const goes_on = [&](std::size_t i) { return (static_cast<unsigned char>(bytes[at + i]) & 0x80U) != 0; };
  for (std::size_t i = 0; i < width; ++i)
    if (goes_on(i) != (i + 1 < width)) return false;
  for (std::size_t i = 0; i + 1 < width; ++i, value >>= 7) bytes[at + i] = static_cast<char>(value | 0x80);
  bytes[at + width - 1] = static_cast<char>(value);
  return true;
}

void Packer::text(std::string_view value) {
  number(value.size());
  bytes_ += value;
}

void Packer::uuid(std::string_view value) {
  std::string digits;
  if (is_uuid(value))
    for (char c : value)
      if (c != '-') digits += c;
  auto const raw = decode_hex(digits);
  bool const packed = raw && raw->size() == 16 && encode_hex(*raw) == digits;
  number(packed ? 1 : 0);
  if (packed)
    bytes_ += *raw;
  else
    text(value);
}

std::uint64_t Unpacker::long_number() {
  std::uint64_t value = 0;
  auto const most = std::min<std::size_t>(bytes_.size(), 10);
  for (std::size_t i = 0; i < most && !failed_; ++i) {
    auto const byte = static_cast<unsigned char>(bytes_[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    bytes_.remove_prefix(i + 1);
    return value;
  }
  failed_ = true;
  return 0;
}

std::optional<Instant> Unpacker::optional_instant() {
  Instant const at = instant();
  return at == Instant{} ? std::nullopt : std::optional(at);
}

void Packer::hex(std::string_view value) {
  auto const raw = value.empty() ? std::nullopt : decode_hex(value);
  bool const packed = raw && encode_hex(*raw) == value;
  number(packed ? 1 : 0);
  text(packed ? std::string_view(*raw) : value);
}

std::string Unpacker::hex() {
  bool const packed = number() == 1;
  auto const bytes = view();
  if (texts_ == Texts::skipped) return {};
  return packed ? encode_hex(bytes) : std::string(bytes);
}

void PackedUuid::append_to(std::string& out) const {
  constexpr std::string_view digits = "0123456789abcdef";
  if (raw.size() != 16) {
    out += text;
    return;
  }
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    auto const byte = static_cast<unsigned char>(raw[i]);
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
}

PackedUuid Unpacker::uuid_view() {
  if (number() == 0) return {.text = view()};
  return {.raw = take(16)};
}

std::string Unpacker::uuid() {
  auto const found = uuid_view();
  std::string out;
  if (texts_ == Texts::kept) found.append_to(out);
  return out;
}

std::size_t Unpacker::count(std::size_t most) {
  auto const value = number();
  if (value > most) failed_ = true;
  return failed_ ? 0 : static_cast<std::size_t>(value);
}

}  // namespace reveille
