#include "wire/xmpp/xml_characters.hpp"

#include "base/encoding.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace reveille::xmpp {
namespace {

constexpr std::size_t longest_reference = 12;  // "&#x0010FFFF;"

struct Range {
  char32_t first = 0;
  char32_t last = 0;
};

// XML 1.0 production 4, without ':' (XML-NAMES production 4).
constexpr std::array name_start{
    Range{'A', 'Z'},       Range{'_', '_'},       Range{'a', 'z'},       Range{0xC0, 0xD6},     Range{0xD8, 0xF6},
    Range{0xF8, 0x2FF},    Range{0x370, 0x37D},   Range{0x37F, 0x1FFF},  Range{0x200C, 0x200D}, Range{0x2070, 0x218F},
    Range{0x2C00, 0x2FEF}, Range{0x3001, 0xD7FF}, Range{0xF900, 0xFDCF}, Range{0xFDF0, 0xFFFD}, Range{0x10000, 0xEFFFF},
};
// XML 1.0 production 4a: what may follow.
constexpr std::array name_more{
    Range{'-', '.'}, Range{'0', '9'}, Range{0xB7, 0xB7}, Range{0x300, 0x36F}, Range{0x203F, 0x2040},
};

template <std::size_t N>
bool within(std::array<Range, N> const& ranges, char32_t c) {
  for (auto const& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

std::optional<char32_t> number_of(std::string_view digits, unsigned base) {
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (char const c : digits) {
    int const digit = hex_value(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
    value = value * base + static_cast<unsigned>(digit);
  }
  if (value > 0x10FFFF) return std::nullopt;
  return static_cast<char32_t>(value);
}

struct Reference {
  char32_t value = 0;
  std::size_t bytes = 0;
};

// XML 1.0 section 4.1; `raw` starts at the ampersand.
Result<Reference, StreamError> read_reference(std::string_view raw) {
  auto const end = raw.substr(0, longest_reference).find(';');
  if (end == std::string_view::npos) return std::unexpected(StreamError::not_well_formed);
  auto const name = raw.substr(1, end - 1);
  auto const found = [&](char32_t value) { return Reference{.value = value, .bytes = end + 1}; };
  if (name == "lt") return found('<');
  if (name == "gt") return found('>');
  if (name == "amp") return found('&');
  if (name == "quot") return found('"');
  if (name == "apos") return found('\'');
  // RFC 6120 section 11.1: entities other than the predefined ones are restricted.
  if (!name.starts_with('#')) return std::unexpected(StreamError::restricted_xml);
  auto const value = name.starts_with("#x") ? number_of(name.substr(2), 16) : number_of(name.substr(1), 10);
  if (!value || !is_xml_character(*value)) return std::unexpected(StreamError::not_well_formed);
  return found(*value);
}

bool is_plain(unsigned char c, TextPlace place) {
  return c >= 0x20 && c < 0x80 && c != '<' && (place == TextPlace::cdata || (c != '&' && c != ']'));
}

}  // namespace

Codepoint first_codepoint(std::string_view text) {
  auto const at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  unsigned const lead = at(0);
  if (lead < 0x80) return {.value = lead, .bytes = 1};
  std::size_t const bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return {};
  char32_t value = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (at(i) & 0x3FU);
  }
  bool const overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {.value = value, .bytes = bytes};
}

void append_utf8(std::string& out, char32_t c) {
  auto const tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_xml_character(char32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c <= 0x10FFFF);
}

bool is_ncname(std::string_view name) {
  if (name.empty()) return false;
  for (bool first = true; !name.empty(); first = false) {
    auto const next = first_codepoint(name);
    if (next.bytes == 0) return false;
    if (!within(name_start, next.value) && (first || !within(name_more, next.value))) return false;
    name.remove_prefix(next.bytes);
  }
  return true;
}

Result<void, StreamError> append_character_data(std::string& out, std::string_view raw, TextPlace place) {
  for (std::size_t i = 0; i < raw.size();) {
    std::size_t run = i;
    while (run < raw.size() && is_plain(static_cast<unsigned char>(raw[run]), place)) ++run;
    out.append(raw, i, run - i);
    i = run;
    if (i == raw.size()) break;

    char const c = raw[i];
    if (c == '\r' || is_xml_space(c)) {
      // XML 1.0 sections 2.11 and 3.3.3: one line end is one line feed; in an attribute, one space.
      if (c == '\r' && i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
      out += place == TextPlace::attribute ? ' ' : c == '\r' ? '\n' : c;
      ++i;
    } else if (c == '&' && place != TextPlace::cdata) {
      auto const reference = read_reference(raw.substr(i));
      if (!reference) return std::unexpected(reference.error());
      append_utf8(out, reference->value);
      i += reference->bytes;
    } else if (c == '<' && place != TextPlace::cdata) {
      return std::unexpected(StreamError::not_well_formed);
    } else if (c == ']' && place == TextPlace::content && raw.substr(i).starts_with("]]>")) {
      return std::unexpected(StreamError::not_well_formed);
    } else {
      auto const next = first_codepoint(raw.substr(i));
      if (next.bytes == 0 || !is_xml_character(next.value)) return std::unexpected(StreamError::not_well_formed);
      out.append(raw, i, next.bytes);
      i += next.bytes;
    }
  }
  return {};
}

}  // namespace reveille::xmpp
