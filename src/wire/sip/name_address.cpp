#include "wire/sip/name_address.hpp"

namespace reveille::sip {
namespace {

// display-name = *( token LWS ) / quoted-string.
std::optional<SyntaxFault> check_display_name(std::string_view text) {
  if (text.empty()) return {};
  if (text.front() == '"') {
    auto const length = quoted_length(text);
    if (!length) return SyntaxFault::quote;
    return *length == text.size() ? std::nullopt : std::optional(SyntaxFault::character);
  }
  for (char const c : text)
    // COMPAT: several clients leave UTF-8 names unquoted.
    if (!character::is(c, character::token) && !is_space(c) && static_cast<unsigned char>(c) < 0x80)
      return SyntaxFault::character;
  return {};
}

struct Split {
  std::string_view name = {};
  std::string_view uri = {};
  std::string_view rest = {};
};

Parsed<Split> split(std::string_view text) {
  // Only a quoted display name can hold a "<" that begins no URI.
  std::size_t from = 0;
  if (text.front() == '"') {
    auto const length = quoted_length(text);
    if (!length) return std::unexpected(SyntaxFault::quote);
    from = *length;
  }
  auto const open = text.find('<', from);
  if (open == text.npos) {
    auto const end = text.find(';');
    return Split{.uri = trim_right(text.substr(0, end)), .rest = text.substr(end == text.npos ? text.size() : end)};
  }
  auto const close = text.find('>', open);
  if (close == text.npos) return std::unexpected(SyntaxFault::bracket);
  return Split{.name = trim_right(text.substr(0, open)),
               .uri = text.substr(open + 1, close - open - 1),
               .rest = text.substr(close + 1)};
}

}  // namespace

Parsed<NameAddress> parse_name_address(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::unexpected(SyntaxFault::empty);
  auto const parts = split(text);
  if (!parts) return std::unexpected(parts.error());
  if (auto const fault = check_display_name(parts->name)) return std::unexpected(*fault);
  auto const bare = parts->uri.data() == text.data();
  if (bare && parts->uri.find_first_of(",?") != parts->uri.npos) return std::unexpected(SyntaxFault::character);

  NameAddress out{.display_name = parts->name, .uri_text = parts->uri, .parameters = Parameters(parts->rest)};
  auto const uri = parse_uri(parts->uri);
  if (!uri) return std::unexpected(uri.error());
  out.uri = *uri;
  if (auto const fault = out.parameters.check()) return std::unexpected(*fault);
  return out;
}

std::string_view tag_of(std::string_view name_address) {
  auto const close = find_outside(name_address, ';');
  return Parameters(name_address.substr(close)).value("tag").value_or(std::string_view{});
}

std::string format_name_address(std::string_view display_text, std::string_view uri, std::string_view parameters) {
  std::string out;
  if (!display_text.empty()) (out += quote(display_text)) += ' ';
  ((out += '<') += uri) += '>';
  if (!parameters.empty() && parameters.front() != ';') out += ';';
  return out += parameters;
}

}  // namespace reveille::sip
