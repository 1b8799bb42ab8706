#include "wire/sip/syntax.hpp"

#include "base/encoding.hpp"

#include <limits>
#include <utility>

namespace reveille::sip {
namespace {

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

}  // namespace

std::string_view name_of(SyntaxFault fault) {
  using enum SyntaxFault;
  switch (fault) {
    case empty: return "empty";
    case character: return "character";
    case quote: return "quote";
    case bracket: return "bracket";
    case escape: return "escape";
    case host: return "host";
    case number: return "number";
    case missing: return "missing";
    case too_long: return "too long";
  }
  std::unreachable();
}

bool all_of_class_or_escaped(std::string_view text, character::Class wanted) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (character::is(text[at], wanted)) continue;
    if (!is_escape(text, at)) return false;
    at += 2;
  }
  return true;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text.empty()) return {};
  std::uint64_t value = 0;
  for (char const c : text) {
    if (!character::is(c, character::digit)) return {};
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > std::numeric_limits<std::uint32_t>::max()) return {};
  }
  return static_cast<std::uint32_t>(value);
}

std::optional<std::uint32_t> parse_delta_seconds(std::string_view text) {
  if (text.empty() || !all_of_class(text, character::digit)) return {};
  auto const number = parse_number(text);
  return number ? *number : std::numeric_limits<std::uint32_t>::max();
}

std::optional<std::size_t> quoted_length(std::string_view text) {
  auto const first = text.find('"', 1);
  if (first == text.npos) return {};
  if (text.substr(1, first - 1).find('\\') == text.npos) return first + 1;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return {};
}

std::size_t find_outside(std::string_view text, char stop) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto const c = text[at];
    if (c == stop) return at;
    if (c == '"') {
      auto const length = quoted_length(text.substr(at));
      if (!length) return text.size();
      at += *length - 1;
    } else if (c == '<') {
      at = text.find('>', at);
      if (at == text.npos) return text.size();
    }
  }
  return text.size();
}

std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    out += text[at];
  }
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char const c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }
  out += '"';
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_escape(text, at)) {
      out += static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::string escape(std::string_view text, character::Class allowed) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char const c : text) {
    if (character::is(c, allowed)) {
      out += c;
    } else {
      auto const byte = static_cast<unsigned char>(c);
      (out += '%') += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

void Elements::Iterator::advance() {
  for (;;) {
    rest_ = trim_left(rest_);
    at_end_ = rest_.empty();
    if (at_end_) return;
    auto const comma = find_outside(rest_, ',');
    element_ = trim_right(rest_.substr(0, comma));
    rest_.remove_prefix(comma < rest_.size() ? comma + 1 : comma);
    if (!element_.empty()) return;
  }
}

bool list_holds(std::string_view list, std::string_view token) {
  for (auto const element : Elements(list))
    if (equal_ignoring_case(element, token)) return true;
  return false;
}

}  // namespace reveille::sip
