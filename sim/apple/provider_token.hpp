// The provider's token, as strictly as APNs reads it, and what a connection remembers of the tokens on it.
//
// Source: Apple, "Establishing a token-based connection to APNs": ES256, kid and iss of 10 characters, iat at most an
// hour old, on one connection a new token at most every 20 minutes, one team a connection; a key may be good for one
// environment only. Pure; time comes in.
#pragma once

#include "base/instant.hpp"
#include "sim/apple/environment.hpp"
#include "sim/apple/reason.hpp"
#include "wire/crypto/es256.hpp"

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::apple {

struct ProviderKey {
  std::string team = {};
  std::string key_id = {};
  crypto::Es256PublicKey key;
  std::optional<Environment> environment = {};  // nothing: both, as keys made before 2025 are
};

// The keys that the developer portal would know, by key id.
using ProviderKeys = std::map<std::string, ProviderKey, std::less<>>;

struct TokenClaims {
  std::string team = {};
  std::string key_id = {};
  Instant issued_at = {};
};

// `authorization` is the header's value: "bearer <jwt>"; `served` is the listener's environment, nothing for both.
[[nodiscard]] std::expected<TokenClaims, Reason> check_provider_token(std::optional<std::string_view> authorization,
                                                                      ProviderKeys const& keys,
                                                                      std::optional<Environment> served, Instant now);

// What one connection has seen. A token that was checked once is not checked again.
class ConnectionTokens {
 public:
  [[nodiscard]] std::expected<TokenClaims, Reason> check(std::optional<std::string_view> authorization,
                                                         ProviderKeys const& keys, std::optional<Environment> served,
                                                         Instant now);

 private:
  std::string current_;  // the authorization header accepted last
  TokenClaims claims_;
  Instant since_ = {};
};

}  // namespace reveille::sim::apple
