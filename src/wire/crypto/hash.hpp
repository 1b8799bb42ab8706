// Hashes and message authentication codes, as raw bytes.
//
// Threads: any. Errors: none; a failure of the crypto library is a broken installation and ends the process.
// Sources: FIPS 180-4 (SHA), RFC 1321 (MD5, for RFC 3261's digest only), RFC 2104 (HMAC).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::crypto {

enum class Hash : std::uint8_t { md5, sha1, sha256, sha512 };

[[nodiscard]] std::string hash(Hash algorithm, std::string_view data);
[[nodiscard]] std::string hmac(Hash algorithm, std::string_view key, std::string_view data);

[[nodiscard]] inline std::string sha256(std::string_view data) {
  return hash(Hash::sha256, data);
}
[[nodiscard]] inline std::string hmac_sha256(std::string_view key, std::string_view data) {
  return hmac(Hash::sha256, key, data);
}

}  // namespace reveille::crypto
