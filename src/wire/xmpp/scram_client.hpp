// ScramClient: the client's side of SCRAM-SHA-1 and SCRAM-SHA-256, without channel binding.
//
// What:     first() → the server's challenge → answer() → the server's last word → verify().
// Lifetime: one an attempt. Threads: one. PBKDF2 runs inside answer(): some milliseconds.
// Requires: a nonce of printable ASCII without ',', not guessable, never used twice.
// Errors:   malformed for what is not of the protocol, refused when the server does not prove that it knows the keys.
// Source:   RFC 5802 sections 3, 5 and 7; RFC 7677.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::xmpp {

enum class ScramHash : std::uint8_t { sha1, sha256 };

[[nodiscard]] constexpr std::string_view mechanism_of(ScramHash hash) {
  return hash == ScramHash::sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256";
}

class ScramClient {
 public:
  ScramClient(ScramHash hash, std::string_view user, Secret password, std::string_view nonce);

  [[nodiscard]] std::string first() const { return "n,," + first_bare_; }
  [[nodiscard]] Result<std::string> answer(std::string_view challenge);
  [[nodiscard]] Result<void> verify(std::string_view server_final) const;

 private:
  ScramHash hash_;
  Secret password_;
  std::string nonce_;
  std::string first_bare_;
  std::string server_signature_ = {};
};

// RFC 5802 section 5.1: "," and "=" in a user name, and back. Nothing for a name with a stray "=".
[[nodiscard]] std::string escape_scram_name(std::string_view name);
[[nodiscard]] Result<std::string> unescape_scram_name(std::string_view name);
// The value of one attribute ("n=…") of a SCRAM message; malformed when it is not there.
[[nodiscard]] Result<std::string> scram_attribute(std::string_view message, char name);

}  // namespace reveille::xmpp
