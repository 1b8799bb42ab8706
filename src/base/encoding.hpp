// Bytes as text: hexadecimal (RFC 4648 section 8), base64 (section 4) and base64url without padding (section 5).
// Bytes are std::string here, since that is what they become next. Decoders refuse what the RFC does not allow.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille {

// 0–15, or −1 for a character that is no hexadecimal digit.
[[nodiscard]] constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[nodiscard]] std::string encode_hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> decode_hex(std::string_view text);

[[nodiscard]] std::string encode_base64(std::string_view bytes);
// Strict: padding is required, no line breaks, no stray bits.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

[[nodiscard]] std::string encode_base64url(std::string_view bytes);
// Strict: no padding.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);
// Into bytes that the text must fill.
[[nodiscard]] bool decode_base64url(std::string_view text, std::span<char> bytes);

}  // namespace reveille
