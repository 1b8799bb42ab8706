#include "wire/xmpp/jid.hpp"

#include "wire/xmpp/precis.hpp"

#include <optional>
#include <utility>

namespace reveille::xmpp {
namespace {

// RFC 7622 section 3.3.1: beyond the profile, these are refused in a localpart.
constexpr std::string_view forbidden_in_local = "\"&'/:<>@";

bool fits(std::string_view part) {
  return !part.empty() && part.size() <= longest_jid_part;
}

}  // namespace

std::string Jid::text() const {
  std::string out;
  out.reserve(local.size() + domain.size() + resource.size() + 2);
  if (!local.empty()) {
    out += local;
    out += '@';
  }
  out += domain;
  if (!resource.empty()) {
    out += '/';
    out += resource;
  }
  return out;
}

Result<Jid> parse_jid(std::string_view text) {
  auto const malformed = [&](std::string_view why) {
    return failure(ErrorCode::malformed, std::string(why), std::string(text.substr(0, 3 * longest_jid_part)));
  };
  // Section 3.2: the resourcepart is what follows the first '/', the localpart what precedes the first '@' before it.
  Jid jid;
  auto rest = text;
  if (auto const slash = rest.find('/'); slash != std::string_view::npos) {
    auto const raw = rest.substr(slash + 1);
    auto prepared = raw.size() <= longest_jid_part ? prepare_opaque(raw) : std::nullopt;
    if (!prepared || !fits(*prepared)) return malformed("a JID's resourcepart is not valid");
    jid.resource = std::move(*prepared);
    rest = rest.substr(0, slash);
  }
  if (auto const at = rest.find('@'); at != std::string_view::npos) {
    auto const raw = rest.substr(0, at);
    auto prepared = raw.size() <= longest_jid_part ? prepare_username(raw) : std::nullopt;
    if (!prepared || !fits(*prepared) || prepared->find_first_of(forbidden_in_local) != std::string::npos)
      return malformed("a JID's localpart is not valid");
    jid.local = std::move(*prepared);
    rest = rest.substr(at + 1);
  }
  auto prepared = rest.size() <= longest_jid_part ? prepare_domain(rest) : std::nullopt;
  if (!prepared || !fits(*prepared)) return malformed("a JID's domainpart is not valid");
  jid.domain = std::move(*prepared);
  return jid;
}

}  // namespace reveille::xmpp
