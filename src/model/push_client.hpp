// Who may use the push service: client credentials and the access tokens they are exchanged for (RFC 6749 section 4.4,
// B-PUSH-2).
//
// A client secret is 32 random bytes that we made, so one keyed hash of it is kept and no slow one is needed. An access
// token is signed, not stored: tenant, client and expiry under a key that the service keeps. Threads: any.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "model/push_service.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::model {

// RFC 6749 section 4.2.2 and B-PUSH-2: short-lived, at most an hour.
inline constexpr Duration access_token_lives = 1h;

struct PushClient {
  std::string id = {};
  TenantId tenant = {};
  std::string salt = {};
  std::string hash = {};  // of the secret

  bool operator==(PushClient const&) const = default;
};

struct NewPushClient {
  PushClient client = {};
  Secret secret = {};
};
[[nodiscard]] NewPushClient make_push_client(TenantId const& tenant, Random& random);
[[nodiscard]] bool is_secret_of(PushClient const& client, std::string_view secret);

[[nodiscard]] std::string pack(PushClient const& client);
[[nodiscard]] Result<PushClient> unpack_push_client(std::string_view bytes);

struct AccessToken {
  TenantId tenant = {};
  std::string client_id = {};
  Instant expires_at = {};

  bool operator==(AccessToken const&) const = default;
};
[[nodiscard]] std::string sign_access_token(AccessToken const& token, Secret const& key);
// Nothing for one that this key has not signed, or whose time is over.
[[nodiscard]] std::optional<AccessToken> check_access_token(std::string_view text, Secret const& key, Instant now);

// What the token endpoint asks. Lifetime: outlives its doors. Threads: the shard's.
class PushClientPort {
 public:
  virtual ~PushClientPort() = default;
  // Null when there is none.
  [[nodiscard]] virtual PushClient const* find(std::string_view client_id) const = 0;
  [[nodiscard]] virtual Secret const& signing_key() const = 0;
};

}  // namespace reveille::model
