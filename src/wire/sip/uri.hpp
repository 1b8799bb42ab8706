// Uri: an address on the wire: sip, sips, tel and any other scheme (RFC 3261 section 19.1, RFC 3966, RFC 3986).
//
// What:     places in the text that it was parsed from. User, password, parameters and headers stay escaped there;
//           unescape() (syntax.hpp) decodes. Setting fields and calling append_uri writes a changed URI.
// Lifetime: of the text. Errors: SyntaxFault. Allocation-free but for the functions that return std::string.
// Threads:  any.
#pragma once

#include "wire/sip/parameters.hpp"
#include "wire/sip/syntax.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

// Longer ones are refused: comparing the parameters of two takes the product of their numbers.
inline constexpr std::size_t maximum_uri = 2'048;

enum class Scheme : std::uint8_t { sip, sips, tel, other };

enum class HostKind : std::uint8_t { name, ipv4, ipv6 };

struct Uri {
  Scheme scheme = Scheme::sip;
  HostKind host_kind = HostKind::name;
  std::string_view scheme_text = "sip";
  // sip and sips:
  std::optional<std::string_view> user = {};
  std::optional<std::string_view> password = {};
  std::string_view host = {};  // an IPv6 address without its brackets
  std::optional<std::uint16_t> port = {};
  // sip, sips and tel: with the first semicolon.
  Parameters parameters = {};
  // sip and sips: behind the question mark.
  std::string_view headers = {};
  // tel: the number. Other schemes: everything behind the colon.
  std::string_view opaque = {};

  [[nodiscard]] bool is_sip() const { return scheme == Scheme::sip || scheme == Scheme::sips; }
};

struct HostPort {
  HostKind kind = HostKind::name;
  std::string_view host = {};  // without brackets
  std::optional<std::uint16_t> port = {};
};

// The whole text must be one URI.
[[nodiscard]] Parsed<Uri> parse_uri(std::string_view text);
// host [ ":" port ], with IPv6 in brackets.
[[nodiscard]] Parsed<HostPort> parse_host_port(std::string_view text);

// RFC 3261 section 19.1.4. URIs of other schemes are equal when their texts are, but for the scheme's case.
[[nodiscard]] bool equivalent(Uri const& a, Uri const& b);

void append_uri(std::string& out, Uri const& uri);
[[nodiscard]] std::string format_uri(Uri const& uri);
// "user@host" unescaped, host in lower case, without port and parameters: what an account is found by. "host" alone
// when there is no user. For tel the number without visual separators.
[[nodiscard]] std::string address_of(Uri const& uri);
void append_host(std::string& out, HostKind kind, std::string_view host);

// The parameters that `stays(name)` is true for, each with its semicolon.
template <class Predicate>
[[nodiscard]] std::string filter_parameters(Parameters parameters, Predicate stays) {
  std::string out;
  for (auto at = parameters.begin(); at != parameters.end(); ++at)
    if (stays(at->name)) (out += ';') += at.text();
  return out;
}

}  // namespace reveille::sip
