// The words of SIP's grammar (RFC 3261 section 25.1): character classes, white space, numbers, comparison without case,
// splitting that honours quotes and angle brackets. Everything here reads views and allocates nothing. Threads: any.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

// Why a text is not of its grammar.
enum class SyntaxFault {
  empty,      // nothing where something must be
  character,  // a character that may not stand there
  quote,      // a quoted string without its end
  bracket,    // < or [ without its end, or the other way round
  escape,     // % without two hexadecimal digits
  host,       // no host name, IPv4 or IPv6 address
  number,     // not a number, or too large
  missing,    // a part that must be there is not
  too_long    // longer than we accept
};

[[nodiscard]] std::string_view name_of(SyntaxFault fault);

template <class T>
using Parsed = Result<T, SyntaxFault>;

namespace character {

enum Class : std::uint8_t {
  token = 1,          // token
  user = 2,           // unreserved and user-unreserved
  password = 4,       // unreserved and those of password
  parameter = 8,      // paramchar: unreserved and param-unreserved
  header = 16,        // unreserved and hnv-unreserved
  host = 32,          // alphanumeric, hyphen, dot, and underscore (COMPAT: seen in private networks)
  digit = 64,         //
  alphanumeric = 128  //
};

[[nodiscard]] constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> made{};
  auto const set = [&made](std::string_view all, unsigned bits) {
    for (char const c : all) made[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bits);
  };
  set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
      token | user | password | parameter | header | host | alphanumeric);
  set("0123456789", digit);
  set("-.!%*_+`'~", token);
  set("-_.!~*'()", user | password | parameter | header);
  set("&=+$,;?/", user);
  set("&=+$,", password);
  set("[]/:&+$", parameter);
  set("[]/?:+$", header);
  set("-._", host);
  return made;
}

inline constexpr auto classes = make_classes();

[[nodiscard]] constexpr bool is(char c, Class wanted) {
  return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

}  // namespace character

// After parsing, line folding has become spaces; CR and LF are accepted as white space all the same, so that a value
// from elsewhere is read alike.
[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

[[nodiscard]] constexpr std::string_view trim_left(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}
[[nodiscard]] constexpr std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  return trim_right(trim_left(text));
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

[[nodiscard]] constexpr bool all_of_class(std::string_view text, character::Class wanted) {
  for (char const c : text)
    if (!character::is(c, wanted)) return false;
  return true;
}
[[nodiscard]] constexpr bool is_token(std::string_view text) {
  return !text.empty() && all_of_class(text, character::token);
}
// True when each character is of the class or begins "%HH".
[[nodiscard]] bool all_of_class_or_escaped(std::string_view text, character::Class wanted);

// Decimal digits only; nothing when there are none, something else stands there, or the number is over 32 bits.
[[nodiscard]] std::optional<std::uint32_t> parse_number(std::string_view text);
// Like parse_number, but a number that is too large becomes 2^32 - 1 (RFC 3261 section 20.19 leaves no other use).
[[nodiscard]] std::optional<std::uint32_t> parse_delta_seconds(std::string_view text);

// The length of the quoted string that `text` begins with, both quotes included; nothing when it has no end.
[[nodiscard]] std::optional<std::size_t> quoted_length(std::string_view text);
// The place of the first `stop` outside of quoted strings and <>; text.size() when there is none.
[[nodiscard]] std::size_t find_outside(std::string_view text, char stop);

// A quoted string without its quotes and backslashes; any other text as it is.
[[nodiscard]] std::string unquote(std::string_view text);
// A text as a quoted string. CR, LF and NUL cannot be written in one: they become spaces.
[[nodiscard]] std::string quote(std::string_view text);
// "%HH" as the byte; a stray % stays.
[[nodiscard]] std::string unescape(std::string_view text);
// Bytes outside the class as "%HH".
[[nodiscard]] std::string escape(std::string_view text, character::Class allowed);

// Elements of a comma-separated value, each trimmed. Empty elements are skipped, as in "a,,b" (RFC 9110 section 5.6.1;
// RFC 3261 has none, peers do). The views are of the text given.
class Elements {
 public:
  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { advance(); }
    std::string_view operator*() const { return element_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    bool operator==(Iterator const& other) const { return at_end_ == other.at_end_ && (at_end_ || same(other)); }

   private:
    bool same(Iterator const& other) const { return element_.data() == other.element_.data(); }
    void advance();
    std::string_view rest_ = {};
    std::string_view element_ = {};
    bool at_end_ = true;
  };

  explicit Elements(std::string_view text) : text_(text) {}
  [[nodiscard]] Iterator begin() const { return Iterator(text_); }
  [[nodiscard]] Iterator end() const { return Iterator(); }

 private:
  std::string_view text_;
};

// True when a comma-separated list of tokens (Supported, Require, Allow) holds the token, without regard to case.
[[nodiscard]] bool list_holds(std::string_view list, std::string_view token);

}  // namespace reveille::sip
