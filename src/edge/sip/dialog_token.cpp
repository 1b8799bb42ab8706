#include "edge/sip/dialog_token.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/sip/uri.hpp"

namespace reveille::edge::sip {
namespace {

constexpr std::size_t mac_size = 12;

}  // namespace

std::string DialogTokens::mac_of(std::string_view text) const {
  return encode_base64url(crypto::hmac_sha256(key_.reveal(), text).substr(0, mac_size));
}

std::string DialogTokens::write(DialogEnd const& end) const {
  std::string const body = encode_base64url(end.account + '\0' + end.instance + '\0' + end.remote);
  return body + '.' + mac_of(body);
}

std::optional<DialogEnd> DialogTokens::read(std::string_view token) const {
  auto const dot = token.find('.');
  if (dot == std::string_view::npos || !equal_in_constant_time(token.substr(dot + 1), mac_of(token.substr(0, dot))))
    return {};
  auto const body = decode_base64url(token.substr(0, dot));
  if (!body) return {};
  auto const first = body->find('\0');
  auto const second = body->find('\0', first + 1);
  if (first == std::string::npos || second == std::string::npos) return {};
  return DialogEnd{.account = body->substr(0, first),
                   .instance = body->substr(first + 1, second - first - 1),
                   .remote = body->substr(second + 1)};
}

std::optional<DialogEnd> DialogTokens::read_uri(std::string_view uri) const {
  auto const parsed = reveille::sip::parse_uri(uri);
  if (!parsed || !parsed->user) return {};
  return read(*parsed->user);
}

}  // namespace reveille::edge::sip
