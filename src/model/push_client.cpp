#include "model/push_client.hpp"

#include "base/encoding.hpp"
#include "base/packing.hpp"
#include "wire/crypto/digest.hpp"

namespace reveille::model {
namespace {

constexpr std::uint64_t client_version = 1;
constexpr std::uint64_t token_version = 1;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t suffix_bytes = 4;
constexpr std::size_t longest_token = 1024;

}  // namespace

NewPushClient make_push_client(TenantId const& tenant, Random& random) {
  NewPushClient made{
      .client = {.id = tenant.value + '-' + random.hex(suffix_bytes), .tenant = tenant, .salt = random.hex(salt_bytes)},
      .secret = Secret{random.hex(secret_bytes)}};
  made.client.hash = crypto::hmac_sha256(made.client.salt, made.secret.reveal());
  return made;
}

bool is_secret_of(PushClient const& client, std::string_view secret) {
  return equal_in_constant_time(client.hash, crypto::hmac_sha256(client.salt, secret));
}

std::string pack(PushClient const& client) {
  Packer out;
  out.number(client_version);
  out.text(client.id);
  out.text(client.tenant.value);
  out.text(client.salt);
  out.text(client.hash);
  return out.take();
}

Result<PushClient> unpack_push_client(std::string_view bytes) {
  Unpacker in{bytes};
  if (in.number() != client_version) return failure(ErrorCode::corrupt, "a client record of an unknown version");
  PushClient client{.id = in.text(), .tenant = TenantId{in.text()}, .salt = in.text(), .hash = in.text()};
  if (in.failed() || !in.at_end()) return failure(ErrorCode::corrupt, "a client record does not make sense");
  return client;
}

std::string sign_access_token(AccessToken const& token, Secret const& key) {
  Packer out;
  out.number(token_version);
  out.text(token.tenant.value);
  out.text(token.client_id);
  out.instant(token.expires_at);
  auto const content = out.take();
  return encode_base64url(content) + '.' + encode_base64url(crypto::hmac_sha256(key.reveal(), content));
}

std::optional<AccessToken> check_access_token(std::string_view text, Secret const& key, Instant now) {
  auto const dot = text.find('.');
  if (dot == std::string_view::npos || text.size() > longest_token) return {};
  auto const content = decode_base64url(text.substr(0, dot));
  auto const mac = decode_base64url(text.substr(dot + 1));
  if (!content || !mac || !equal_in_constant_time(*mac, crypto::hmac_sha256(key.reveal(), *content))) return {};
  Unpacker in{*content};
  if (in.number() != token_version) return {};
  AccessToken token{.tenant = TenantId{in.text()}, .client_id = in.text(), .expires_at = in.instant()};
  if (in.failed() || token.expires_at <= now) return {};
  return token;
}

}  // namespace reveille::model
