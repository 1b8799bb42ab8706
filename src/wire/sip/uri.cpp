#include "wire/sip/uri.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <limits>

namespace reveille::sip {
namespace {

constexpr std::size_t longest_host = 255;

bool is_ipv4(std::string_view text) {
  int parts = 0;
  while (!text.empty()) {
    auto const dot = text.find('.');
    auto const part = text.substr(0, dot);
    auto const number = parse_number(part);
    if (part.size() > 3 || !number || *number > 255) return false;
    ++parts;
    if (dot == text.npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
  return false;
}

// Hexadecimal groups with colons, at most one "::", perhaps an IPv4 address at the end (RFC 3261, IPv6address).
bool is_ipv6(std::string_view text) {
  int groups = 0;
  auto const gap = text.find("::");
  if (gap != text.npos && text.find("::", gap + 1) != text.npos) return false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ':') {
      if (at != gap && (at == 0 || at + 1 == text.size())) return false;
      at += at == gap ? 2 : 1;
      continue;
    }
    auto const group = text.substr(at, text.find(':', at) - at);
    at += group.size();
    if (at == text.size() && is_ipv4(group)) {
      groups += 2;
      break;
    }
    if (group.size() > 4 || !std::ranges::all_of(group, [](char c) { return hex_value(c) >= 0; })) return false;
    ++groups;
  }
  return gap == text.npos ? groups == 8 : groups < 8;
}

Parsed<std::uint16_t> parse_port(std::string_view text) {
  auto const number = parse_number(text);
  if (!number || *number > std::numeric_limits<std::uint16_t>::max()) return std::unexpected(SyntaxFault::number);
  return static_cast<std::uint16_t>(*number);
}

// COMPAT: "=" within a value: padded base64 tokens are sent unescaped.
bool is_uri_parameter_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    // Each semicolon begins a parameter with a name.
    if (text[at] == ';' && (at + 1 == text.size() || text[at + 1] == ';' || text[at + 1] == '=')) return false;
    if (character::is(text[at], character::parameter) || text[at] == '=' || text[at] == ';') continue;
    if (text[at] != '%' || !all_of_class_or_escaped(text.substr(at, 3), character::parameter)) return false;
  }
  return true;
}

bool is_uri_headers_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (character::is(text[at], character::header) || text[at] == '=' || text[at] == '&') continue;
    if (text[at] != '%' || !all_of_class_or_escaped(text.substr(at, 3), character::header)) return false;
  }
  return true;
}

// userinfo = user [ ":" password ] (RFC 3261 section 25.1).
std::optional<SyntaxFault> parse_userinfo(std::string_view text, Uri& uri) {
  auto const colon = text.find(':');
  auto const user = text.substr(0, colon);
  if (user.empty()) return SyntaxFault::empty;
  if (!all_of_class_or_escaped(user, character::user)) return SyntaxFault::character;
  uri.user = user;
  if (colon == text.npos) return {};
  uri.password = text.substr(colon + 1);
  if (!all_of_class_or_escaped(*uri.password, character::password)) return SyntaxFault::character;
  return {};
}

Parsed<Uri> parse_sip_uri(std::string_view rest, Uri uri) {
  // "@" stands in a SIP URI only behind the user information, which may hold ";" and "?".
  if (auto const at = rest.find('@'); at != rest.npos) {
    if (auto const fault = parse_userinfo(rest.substr(0, at), uri)) return std::unexpected(*fault);
    rest.remove_prefix(at + 1);
  }
  auto const question = rest.find('?');
  if (question != rest.npos) {
    uri.headers = rest.substr(question + 1);
    if (!is_uri_headers_text(uri.headers)) return std::unexpected(SyntaxFault::character);
    rest = rest.substr(0, question);
  }
  auto const semicolon = std::min(rest.find(';'), rest.size());
  uri.parameters = Parameters(rest.substr(semicolon));
  if (!is_uri_parameter_text(uri.parameters.text())) return std::unexpected(SyntaxFault::character);
  auto const place = parse_host_port(rest.substr(0, semicolon));
  if (!place) return std::unexpected(place.error());
  uri.host_kind = place->kind;
  uri.host = place->host;
  uri.port = place->port;
  return uri;
}

// RFC 3966: global numbers with "+", local ones; visual separators allowed.
Parsed<Uri> parse_tel_uri(std::string_view rest, Uri uri) {
  auto const semicolon = std::min(rest.find(';'), rest.size());
  uri.opaque = rest.substr(0, semicolon);
  uri.parameters = Parameters(rest.substr(semicolon));
  if (uri.opaque.empty()) return std::unexpected(SyntaxFault::empty);
  if (uri.opaque.find_first_not_of("+0123456789-.()abcdefABCDEF*#") != uri.opaque.npos)
    return std::unexpected(SyntaxFault::character);
  if (!is_uri_parameter_text(uri.parameters.text())) return std::unexpected(SyntaxFault::character);
  return uri;
}

Parsed<Uri> parse_other_uri(std::string_view rest, Uri uri) {
  uri.opaque = rest;
  if (rest.empty()) return std::unexpected(SyntaxFault::empty);
  for (char const c : rest)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>' || c == '"' || c == 0x7f)
      return std::unexpected(SyntaxFault::character);
  return uri;
}

// Equal once unreserved characters are unescaped; each %HH of a reserved one stays what it is.
bool equal_escaped(std::string_view a, std::string_view b, auto fold) {
  auto const next = [](std::string_view text, std::size_t& at) -> unsigned {
    if (text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0) {
      auto const byte = static_cast<unsigned>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 3;
      return std::string_view(";/?:@&=+$,").find(static_cast<char>(byte)) == std::string_view::npos ? byte : byte + 256;
    }
    return static_cast<unsigned char>(text[at++]);
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    auto const left = next(a, i), right = next(b, j);
    if (left != right && fold(left) != fold(right)) return false;
  }
  return i == a.size() && j == b.size();
}

constexpr auto with_case = [](unsigned c) { return c; };
constexpr auto without_case = [](unsigned c) {
  return c < 128 ? static_cast<unsigned>(to_lower(static_cast<char>(c))) : c;
};

bool equal_optional(std::optional<std::string_view> a, std::optional<std::string_view> b) {
  return a.has_value() == b.has_value() && (!a || equal_escaped(*a, *b, with_case));
}

// These in one URI only keep the URIs apart; any other parameter in one URI only is ignored.
bool must_be_in_both(std::string_view name) {
  for (std::string_view const one : {"user", "ttl", "method", "maddr", "transport"})
    if (equal_ignoring_case(name, one)) return true;
  return false;
}

// Of a name that stands twice, which section 19.1.1 forbids, the first counts.
bool parameters_agree(Parameters a, Parameters b) {
  for (auto const one : a) {
    auto const mine = a.find(one.name);
    auto const theirs = b.find(one.name);
    if (!theirs && must_be_in_both(one.name)) return false;
    if (!theirs) continue;
    if (mine->value.has_value() != theirs->value.has_value()) return false;
    if (mine->value && !equal_escaped(*mine->value, *theirs->value, without_case)) return false;
  }
  return true;
}

// Calls `each` with the components of "a=b&c=d" until it is false.
bool every_component(std::string_view headers, auto each) {
  while (!headers.empty()) {
    auto const end = std::min(headers.find('&'), headers.size());
    if (!each(headers.substr(0, end))) return false;
    headers.remove_prefix(std::min(end + 1, headers.size()));
  }
  return true;
}

bool headers_within(std::string_view a, std::string_view b) {
  return every_component(a, [b](std::string_view mine) {
    return !every_component(b, [mine](std::string_view theirs) { return !equal_escaped(mine, theirs, without_case); });
  });
}

}  // namespace

Parsed<HostPort> parse_host_port(std::string_view text) {
  if (text.empty()) return std::unexpected(SyntaxFault::empty);
  HostPort out;
  std::size_t end = 0;
  if (text.front() == '[') {
    end = text.find(']');
    if (end == text.npos) return std::unexpected(SyntaxFault::bracket);
    out.host = text.substr(1, end - 1);
    out.kind = HostKind::ipv6;
    if (!is_ipv6(out.host)) return std::unexpected(SyntaxFault::host);
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
    if (out.host.empty() || out.host.size() > longest_host || !all_of_class(out.host, character::host))
      return std::unexpected(SyntaxFault::host);
    out.kind = is_ipv4(out.host) ? HostKind::ipv4 : HostKind::name;
  }
  if (end == text.size()) return out;
  if (text[end] != ':') return std::unexpected(SyntaxFault::character);
  auto const port = parse_port(text.substr(end + 1));
  if (!port) return std::unexpected(port.error());
  out.port = *port;
  return out;
}

Parsed<Uri> parse_uri(std::string_view text) {
  auto const colon = text.find(':');
  if (text.empty() || colon == 0) return std::unexpected(SyntaxFault::empty);
  if (colon == text.npos) return std::unexpected(SyntaxFault::missing);
  if (text.size() > maximum_uri) return std::unexpected(SyntaxFault::too_long);
  Uri uri;
  uri.scheme_text = text.substr(0, colon);
  auto const rest = text.substr(colon + 1);
  if (equal_ignoring_case(uri.scheme_text, "sip")) return parse_sip_uri(rest, uri);
  if (equal_ignoring_case(uri.scheme_text, "sips")) {
    uri.scheme = Scheme::sips;
    return parse_sip_uri(rest, uri);
  }
  if (equal_ignoring_case(uri.scheme_text, "tel")) {
    uri.scheme = Scheme::tel;
    return parse_tel_uri(rest, uri);
  }
  uri.scheme = Scheme::other;
  for (char const c : uri.scheme_text)
    if (!character::is(c, character::alphanumeric) && c != '+' && c != '-' && c != '.')
      return std::unexpected(SyntaxFault::character);
  return parse_other_uri(rest, uri);
}

bool equivalent(Uri const& a, Uri const& b) {
  if (a.scheme != b.scheme) return false;
  if (!a.is_sip())
    return equal_ignoring_case(a.scheme_text, b.scheme_text) && a.opaque == b.opaque &&
           a.parameters.text() == b.parameters.text();
  return equal_optional(a.user, b.user) && equal_optional(a.password, b.password) &&
         equal_ignoring_case(a.host, b.host) && a.port == b.port && parameters_agree(a.parameters, b.parameters) &&
         parameters_agree(b.parameters, a.parameters) && headers_within(a.headers, b.headers) &&
         headers_within(b.headers, a.headers);
}

void append_host(std::string& out, HostKind kind, std::string_view host) {
  if (kind == HostKind::ipv6)
    ((out += '[') += host) += ']';
  else
    out += host;
}

void append_uri(std::string& out, Uri const& uri) {
  (out += uri.scheme_text) += ':';
  out += uri.opaque;
  if (uri.user) {
    out += *uri.user;
    if (uri.password) (out += ':') += *uri.password;
    out += '@';
  }
  append_host(out, uri.host_kind, uri.host);
  if (uri.port) (out += ':') += std::to_string(*uri.port);
  for (auto at = uri.parameters.begin(); at != uri.parameters.end(); ++at) (out += ';') += at.text();
  if (!uri.headers.empty()) (out += '?') += uri.headers;
}

std::string format_uri(Uri const& uri) {
  std::string out;
  append_uri(out, uri);
  return out;
}

std::string address_of(Uri const& uri) {
  std::string out;
  if (uri.scheme == Scheme::tel) {
    std::ranges::copy_if(uri.opaque, std::back_inserter(out),
                         [](char c) { return c != '-' && c != '.' && c != '(' && c != ')'; });
    return out;
  }
  if (!uri.is_sip()) return std::string(uri.opaque);
  if (uri.user) (out += unescape(*uri.user)) += '@';
  std::ranges::transform(uri.host, std::back_inserter(out), to_lower);
  return out;
}

}  // namespace reveille::sip
