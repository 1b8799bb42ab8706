// Characters and names of XML: UTF-8 decoding, the productions Char and NCName, references.
//
// Source: XML 1.0 fifth edition sections 2.2, 2.3, 2.11, 3.3.3, 4.1; XML-NAMES section 3; RFC 3629.
#pragma once

#include "base/result.hpp"
#include "wire/xmpp/errors.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace reveille::xmpp {

struct Codepoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The first character of a text that is not empty. Overlong forms, surrogates and numbers above 10FFFF are refused.
[[nodiscard]] Codepoint first_codepoint(std::string_view text);
void append_utf8(std::string& out, char32_t codepoint);

[[nodiscard]] bool is_xml_character(char32_t codepoint);
[[nodiscard]] constexpr bool is_xml_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
[[nodiscard]] bool is_ncname(std::string_view name);

enum class TextPlace { content, attribute, cdata };

// Appends raw character data with line ends normalised and references replaced. Only the five named entities exist.
[[nodiscard]] Result<void, StreamError> append_character_data(std::string& out, std::string_view raw, TextPlace place);

}  // namespace reveille::xmpp
