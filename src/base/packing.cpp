#include "base/packing.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"

namespace reveille {

void Packer::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
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

std::uint64_t Unpacker::number() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    auto const taken = take(1);
    if (taken.empty()) return 0;
    auto const byte = static_cast<std::uint8_t>(taken.front());
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  failed_ = true;
  return 0;
}

std::optional<Instant> Unpacker::optional_instant() {
  Instant const at = instant();
  return at == Instant{} ? std::nullopt : std::optional(at);
}

std::string Unpacker::uuid() {
  if (number() == 0) return text();
  auto const raw = take(16);
  if (raw.size() != 16) return {};
  std::string const d = encode_hex(raw);
  return d.substr(0, 8) + '-' + d.substr(8, 4) + '-' + d.substr(12, 4) + '-' + d.substr(16, 4) + '-' + d.substr(20);
}

std::size_t Unpacker::count(std::size_t most) {
  auto const value = number();
  if (value > most) failed_ = true;
  return failed_ ? 0 : static_cast<std::size_t>(value);
}

std::string_view Unpacker::take(std::uint64_t size) {
  if (failed_ || size > bytes_.size()) {
    failed_ = true;
    return {};
  }
  auto const taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

}  // namespace reveille
