#include "admin/printable.hpp"

#include <cstddef>

namespace reveille::admin {
namespace {

struct Form {
  std::size_t length = 0;  // 0: no first byte of a character
  unsigned bits = 0;
  unsigned least = 0;  // a smaller number in so many bytes is overlong
};

Form form_of(unsigned char first) {
  if (first < 0x80) return {.length = 1, .bits = first};
  if (first >= 0xC2 && first < 0xE0) return {.length = 2, .bits = first & 0x1FU, .least = 0x80};
  if (first >= 0xE0 && first < 0xF0) return {.length = 3, .bits = first & 0x0FU, .least = 0x800};
  if (first >= 0xF0 && first < 0xF5) return {.length = 4, .bits = first & 0x07U, .least = 0x10000};
  return {};
}

bool is_shown(unsigned number) {
  auto const is_control = number < 0x20 || (number >= 0x7F && number < 0xA0);
  auto const is_surrogate = number >= 0xD800 && number < 0xE000;
  // Marks that turn the direction of writing around.
  auto const turns = (number >= 0x202A && number <= 0x202E) || (number >= 0x2066 && number <= 0x2069);
  return !is_control && !is_surrogate && !turns && number <= 0x10FFFF;
}

// RFC 3629 section 4. The length of the character at the start of the text, 0 when there is none to be shown.
std::size_t character_length(std::string_view text) {
  auto const form = form_of(static_cast<unsigned char>(text[0]));
  if (form.length == 0 || form.length > text.size()) return 0;
  auto number = form.bits;
  for (auto const next : text.substr(1, form.length - 1)) {
    auto const byte = static_cast<unsigned char>(next);
    if ((byte & 0xC0U) != 0x80) return 0;
    number = (number << 6U) | (byte & 0x3FU);
  }
  return number >= form.least && is_shown(number) ? form.length : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    auto const length = character_length(text);
    if (length == 0) result += '?';
    result += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace reveille::admin
