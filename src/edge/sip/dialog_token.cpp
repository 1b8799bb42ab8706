#include "edge/sip/dialog_token.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/sip/uri.hpp"

namespace reveille::edge::sip {
namespace {

constexpr std::size_t mac_size = 12;

std::string signed_text(std::string_view body, std::string_view call_id) {
  return std::string(body) + '\0' + std::string(call_id);
}

}  // namespace

std::string DialogTokens::mac_of(std::string_view text) const {
  return encode_base64url(crypto::hmac_sha256(key_.reveal(), text).substr(0, mac_size));
}

std::string DialogTokens::write(DialogEnd const& end, std::string_view call_id) const {
  std::string const body = encode_base64url(end.account + '\0' + end.instance + '\0' + end.remote);
  return body + '.' + mac_of(signed_text(body, call_id));
}

std::optional<DialogEnd> DialogTokens::read(std::string_view token, std::string_view call_id) const {
  auto const dot = token.find('.');
  if (dot == std::string_view::npos) return {};
  auto const mac = token.substr(dot + 1);
  if (!equal_in_constant_time(mac, mac_of(signed_text(token.substr(0, dot), call_id)))) return {};
  auto const body = decode_base64url(token.substr(0, dot));
  if (!body) return {};
  auto const first = body->find('\0');
  auto const second = body->find('\0', first + 1);
  if (first == std::string::npos || second == std::string::npos) return {};
  return DialogEnd{.account = body->substr(0, first),
                   .instance = body->substr(first + 1, second - first - 1),
                   .remote = body->substr(second + 1)};
}

std::optional<DialogEnd> DialogTokens::read_uri(std::string_view uri, std::string_view call_id) const {
  auto const parsed = reveille::sip::parse_uri(uri);
  if (!parsed || !parsed->user) return {};
  return read(*parsed->user, call_id);
}

}  // namespace reveille::edge::sip
