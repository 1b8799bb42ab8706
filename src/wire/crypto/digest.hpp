// Hashes and keyed hashes over OpenSSL, as values. Bytes are std::string or std::string_view.
//
// Threads: any (contexts are kept per thread). A failure of OpenSSL itself is out of memory: it aborts.
// Source: FIPS 180-4, RFC 1321, RFC 2104, RFC 8018.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reveille::crypto {

// Raw digests: 16, 20 and 32 bytes.
[[nodiscard]] std::string md5(std::string_view bytes);
[[nodiscard]] std::string sha1(std::string_view bytes);
[[nodiscard]] std::string sha256(std::string_view bytes);

[[nodiscard]] std::string hmac_sha1(std::string_view key, std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);

// RFC 8018 section 5.2, with HMAC-SHA-1 or HMAC-SHA-256; the output has the hash's size.
[[nodiscard]] std::string pbkdf2_sha1(std::string_view password, std::string_view salt, std::uint32_t iterations);
[[nodiscard]] std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);

}  // namespace reveille::crypto
