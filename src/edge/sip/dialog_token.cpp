#include "edge/sip/dialog_token.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/seal.hpp"
#include "wire/sip/uri.hpp"

namespace reveille::edge::sip {

std::string DialogTokens::write(DialogEnd const& end, std::string_view call_id) const {
  return encode_base64url(crypto::seal(key_.reveal(), end.account + '\0' + end.instance + '\0' + end.remote, call_id));
}

std::optional<DialogEnd> DialogTokens::read(std::string_view token, std::string_view call_id) const {
  auto const sealed = decode_base64url(token);
  auto const body = sealed ? crypto::open_sealed(key_.reveal(), *sealed, call_id) : std::nullopt;
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
