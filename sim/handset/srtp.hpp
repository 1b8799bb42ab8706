// SRTP (RFC 3711) keyed by SDP security descriptions (RFC 4568), suite AES_CM_128_HMAC_SHA1_80, over libsrtp2.
//
// Threads: one object, one thread. Each direction has a key of its own: the sender's, from the sender's a=crypto line.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"

#include <srtp2/srtp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

inline constexpr std::string_view srtp_suite = "AES_CM_128_HMAC_SHA1_80";
inline constexpr std::size_t srtp_key_bytes = 30;  // 16 of key, 14 of salt (RFC 4568 section 6.1)

struct CryptoLine {
  unsigned tag = 1;
  std::string key = {};  // master key and salt, raw bytes

  bool operator==(CryptoLine const&) const = default;
};

[[nodiscard]] CryptoLine make_crypto_line(Random& random, unsigned tag);
// The value of an a=crypto attribute: "1 AES_CM_128_HMAC_SHA1_80 inline:…".
[[nodiscard]] std::string format_crypto_line(CryptoLine const& line);
// Nothing for another suite, for session parameters that we do not do, and for a master key identifier.
[[nodiscard]] std::optional<CryptoLine> parse_crypto_line(std::string_view value);

class SrtpSession {
 public:
  [[nodiscard]] static Result<SrtpSession> make(std::string_view sending_key, std::string_view receiving_key);

  // RTP in, SRTP out, and back. Unprotecting refuses forgeries and replays.
  [[nodiscard]] Result<std::string> protect(std::string_view packet);
  [[nodiscard]] Result<std::string> unprotect(std::string_view packet);

 private:
  struct Dealloc {
    void operator()(srtp_ctx_t_* session) const { srtp_dealloc(session); }
  };
  using Handle = std::unique_ptr<srtp_ctx_t_, Dealloc>;

  SrtpSession(Handle sending, Handle receiving) : sending_(std::move(sending)), receiving_(std::move(receiving)) {}

  [[nodiscard]] static Handle open(std::string_view key, srtp_ssrc_type_t direction);

  Handle sending_;
  Handle receiving_;
};

}  // namespace reveille::sim::handset
