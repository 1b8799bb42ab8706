// SRTP (RFC 3711) keyed by SDP security descriptions (RFC 4568), suite AES_CM_128_HMAC_SHA1_80, over libsrtp2.
//
// Threads: one object, one thread. Each direction has a key of its own: the sender's, from the sender's a=crypto line.
#pragma once

#include "base/random.hpp"
#include "base/result.hpp"

#include <srtp2/srtp.h>

#include <memory>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

inline constexpr std::size_t srtp_key_bytes = 30;  // 16 of key, 14 of salt (RFC 4568 section 6.1)

// A new master key and salt, in base64 as an a=crypto line has it.
[[nodiscard]] std::string make_srtp_key(Random& random);

class SrtpSession {
 public:
  // Keys in base64.
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
