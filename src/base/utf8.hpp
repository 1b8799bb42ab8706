// UTF-8 (RFC 3629): where characters end, so that texts of peers can be cut and made well-formed. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace reveille {

// U+FFFD, in the place of what is no character.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

// The length of the well-formed character (section 4) that a text which is not empty begins with; 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
// A byte inside of a character: a text is not cut before it.
[[nodiscard]] constexpr bool is_utf8_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}
// The beginning of a text, of at most that many bytes, without half a character at its end.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t most);

}  // namespace reveille
