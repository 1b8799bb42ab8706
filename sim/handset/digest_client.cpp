// Digest authentication, the client's side.
#include "sim/handset/digest_client.hpp"

#include <fmt/format.h>

namespace reveille::sim::handset {

namespace {

bool can_answer(sip::Challenge const& challenge) {
  if (challenge.scheme != sip::AuthScheme::digest || challenge.realm.empty()) return false;
  // A -sess form needs a cnonce, which only goes with qop.
  bool const is_session = challenge.algorithm != sip::base_of(challenge.algorithm);
  return challenge.algorithm != sip::Algorithm::other && (challenge.offers_auth || !is_session);
}

}  // namespace

std::optional<std::string_view> choose_challenge(std::vector<std::string_view> const& values) {
  for (auto const value : values)
    if (auto const challenge = sip::parse_challenge(value); challenge && can_answer(*challenge)) return value;
  return std::nullopt;
}

// RFC 7616 section 3.4; without qop, the form of RFC 2069.
std::string answer_challenge(std::string_view challenge_value, DigestRequest const& request, Secret const& password) {
  auto const challenge = sip::parse_challenge(challenge_value).value_or(sip::Challenge{});
  auto const count = fmt::format("{:08x}", request.nonce_count);
  sip::Credentials credentials{.algorithm = challenge.algorithm,
                               .qop = challenge.offers_auth ? sip::Qop::auth : sip::Qop::none,
                               .nonce_count = request.nonce_count,
                               .username = request.user,
                               .realm = challenge.realm,
                               .nonce = challenge.nonce,
                               .uri = request.uri,
                               .cnonce = request.client_nonce,
                               .opaque = challenge.opaque,
                               .nonce_count_text = count};
  sip::Digester digester;
  auto const ha1 = digester.ha1(challenge.algorithm, request.user, challenge.realm, password.reveal());
  auto const response = digester.response(credentials, ha1.view(), request.method);
  credentials.response = response.view();
  return sip::format_credentials(credentials);
}

}  // namespace reveille::sim::handset
