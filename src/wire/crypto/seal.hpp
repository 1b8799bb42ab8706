// Sealing: text that others carry for us, and neither read nor change. AES-128-SIV over OpenSSL: it needs no nonce, and
// the same text gives the same bytes.
//
// Threads: any (contexts are kept per thread). A failure of OpenSSL itself is out of memory: it aborts.
// Source: RFC 5297.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::crypto {

inline constexpr std::size_t seal_key_size = 32;

// `key`: seal_key_size bytes. `context`: is not in the result, and must be the same to open it.
[[nodiscard]] std::string seal(std::string_view key, std::string_view text, std::string_view context);
// Nothing for what seal() did not make with that key and context.
[[nodiscard]] std::optional<std::string> open_sealed(std::string_view key, std::string_view sealed,
                                                     std::string_view context);

}  // namespace reveille::crypto
