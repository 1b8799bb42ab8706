// ProviderToken: the ES256 token that authorises requests, on a clock grid.
//
// Its `iat` is the last multiple of 40 minutes, so that every process and every restart signs for the same moment, and
// APNs sees a new one no more often than each 20 minutes and none older than an hour. A connection keeps the token that
// it began with until 20 minutes have passed; where that token grows too old first, the connection must be replaced.
// When APNs calls a token too old all the same (a clock is wrong), one is signed for that very moment, if the one
// before is 20 minutes old. Lifetime: as its key. Threads: one. Source: Apple, "Establishing a token-based connection
// to APNs".
#pragma once

#include "base/instant.hpp"
#include "wire/crypto/es256.hpp"

#include <string>

namespace reveille::deliver::apns {

inline constexpr Duration token_grid = 40min;
inline constexpr Duration least_between_tokens = 20min;
inline constexpr Duration token_too_old = 55min;  // APNs refuses at 60

class ProviderToken {
 public:
  ProviderToken(crypto::Es256Key key, std::string team, std::string key_id)
      : key_(std::move(key)), team_(std::move(team)), key_id_(std::move(key_id)) {}

  // The moment that the token of `now` is signed for: the grid's, or that of renew().
  [[nodiscard]] Instant issued_at(Instant now) const;
  // APNs calls the present one too old.
  void renew(Instant now);
  // "bearer <jwt>" for that moment; signed when asked for the first time.
  [[nodiscard]] std::string const& authorization(Instant now);

 private:
  crypto::Es256Key key_;
  std::string team_;
  std::string key_id_;
  Instant renewed_ = Instant::min();
  Instant signed_for_ = Instant::min();
  std::string authorization_;
};

// What one connection does about its token at `now`.
enum class TokenStep : std::uint8_t {
  keep,                // the one it has
  renew,               // take the one of now
  replace_connection,  // it may neither keep its own nor take another
};
// `issued` is the token's iat, `first_used` when this connection sent it first, `wanted` the iat of now's.
[[nodiscard]] TokenStep next_token_step(Instant issued, Instant first_used, Instant wanted, Instant now);

}  // namespace reveille::deliver::apns
