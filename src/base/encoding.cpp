#include "base/encoding.hpp"

#include <array>
#include <cstdint>

namespace reveille {
namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<std::int8_t, 256>;

constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}

constexpr Values base64_values = values_of(base64_alphabet);
constexpr Values base64url_values = values_of(base64url_alphabet);

std::string encode_sextets(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet[(bits >> held) & 63];
    }
  }
  if (held > 0) text += alphabet[(bits << (6 - held)) & 63];
  return text;
}

// As many bytes as the text makes are written; false when it is none, or bits are left over.
bool decode_sextets(std::string_view text, Values const& values, std::span<char> bytes) {
  if (text.size() % 4 == 1 || text.size() * 3 / 4 != bytes.size()) return false;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t written = 0;
  for (char c : text) {
    auto const value = values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[written++] = static_cast<char>(bits >> held);
  }
  // The bits that fill up the last character must be zero (RFC 4648 section 3.5).
  return (bits & ((1U << static_cast<unsigned>(held)) - 1)) == 0;
}

std::optional<std::string> decode_sextets(std::string_view text, Values const& values) {
  std::string bytes(text.size() * 3 / 4, '\0');
  return decode_sextets(text, values, bytes) ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace

std::string encode_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    auto const byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<std::string> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return {};
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int const high = hex_value(text[i]);
    int const low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text = encode_sextets(bytes, base64_alphabet);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return {};
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode_sextets(text, base64_values);
}

std::string encode_base64url(std::string_view bytes) {
  return encode_sextets(bytes, base64url_alphabet);
}

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode_sextets(text, base64url_values);
}

bool decode_base64url(std::string_view text, std::span<char> bytes) {
  return decode_sextets(text, base64url_values, bytes);
}

}  // namespace reveille
