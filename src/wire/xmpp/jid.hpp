// Jid: an XMPP address, [localpart@]domainpart[/resourcepart], prepared, so that equal addresses compare equal.
//
// Errors: malformed when a part is empty where it may not be, longer than 1023 bytes, or not of its profile.
// Source: RFC 7622 sections 3.1 to 3.4 (profiles in wire/xmpp/precis.hpp).
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace reveille::xmpp {

inline constexpr std::size_t longest_jid_part = 1023;  // bytes, RFC 7622 section 3.1

struct Jid {
  std::string local = {};
  std::string domain = {};
  std::string resource = {};

  bool operator==(Jid const&) const = default;
  auto operator<=>(Jid const&) const = default;

  [[nodiscard]] bool is_bare() const { return resource.empty(); }
  [[nodiscard]] Jid bare() const { return {.local = local, .domain = domain}; }
  [[nodiscard]] Jid with_resource(std::string_view its_resource) const {
    return {.local = local, .domain = domain, .resource = std::string(its_resource)};
  }
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] Result<Jid> parse_jid(std::string_view text);

}  // namespace reveille::xmpp
