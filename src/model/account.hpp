// Account: one user of one of our domains. Verifier: what is kept of his password.
//
// An AccountId is an address of record and a bare JID at once: "juliet@localhost", lower case, no scheme, no port.
// A Verifier holds derived keys only; the password itself is never stored (RFC 8760 section 2.7, RFC 5802 section 9).
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::model {

using AccountId = Id<struct AccountTag>;

// The part before and behind the '@'; both empty when there is none.
[[nodiscard]] std::string_view user_of(AccountId const& account);
[[nodiscard]] std::string_view domain_of(AccountId const& account);

// Reads "user@domain" as an administrator types it: trims, lower-cases, refuses what RFC 7622 forbids in a localpart
// and what is no host.
[[nodiscard]] Result<AccountId> parse_account(std::string_view text);

// Keys of one SCRAM mechanism (RFC 5802 section 3), raw bytes.
struct ScramKeys {
  std::string salt = {};
  std::uint32_t iterations = 0;
  std::string stored_key = {};
  std::string server_key = {};

  bool operator==(ScramKeys const&) const = default;
};

// HA1 of RFC 7616 section 3.4.2 per algorithm, in lower-case hexadecimal; the realm is the account's domain.
struct Verifier {
  std::string ha1_md5 = {};
  std::string ha1_sha256 = {};
  ScramKeys scram_sha1 = {};
  ScramKeys scram_sha256 = {};

  bool operator==(Verifier const&) const = default;
};

// The HA1s of a packed verifier, as views of it; both empty when the record does not make sense.
struct DigestKeys {
  std::string_view md5 = {};
  std::string_view sha256 = {};
};
[[nodiscard]] DigestKeys digest_keys_in(std::string_view packed_verifier);

// Derives every key. Takes some milliseconds (PBKDF2): off the io threads. `salt` is 16 random bytes.
[[nodiscard]] Verifier derive_verifier(AccountId const& account, Secret const& password, std::string_view salt,
                                       std::uint32_t iterations = 10'000);

}  // namespace reveille::model
