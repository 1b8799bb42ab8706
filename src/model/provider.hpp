// What a push provider answered, in our words. A sender (deliver/apns, …) maps every documented answer to one of these
// verdicts; what follows from each is decided in one table, decide/wake/push_consequence.hpp (B-PUSH-4).
#pragma once

#include "base/instant.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::model {

enum class ProviderVerdict : std::uint8_t {
  accepted,              // taken: APNs 200
  token_gone,            // the provider's word that the token is dead: APNs 410
  token_wrong,           // the token does not fit: BadDeviceToken, DeviceTokenNotForTopic
  topic_refused,         // TopicDisallowed, BadTopic, MissingTopic: the app is not set up for this
  payload_too_large,     // 413
  request_refused,       // another 4xx: our own mistake
  forbidden,             // 403 Forbidden: this notification is not allowed; it says nothing of others
  credential_refused,    // another 403: the key is not accepted
  credential_expired,    // 403 ExpiredProviderToken: sign anew, once
  credential_throttled,  // 429 TooManyProviderTokenUpdates
  device_throttled,      // 429 TooManyRequests: for this device token
  provider_failing,      // 5xx
  not_processed,         // provably unprocessed: no connection, refused stream, above GOAWAY's last stream
  fate_unknown           // bytes left, and no answer came: reset, time-out, connection lost
};
inline constexpr ProviderVerdict last_provider_verdict = ProviderVerdict::fate_unknown;

[[nodiscard]] std::string_view name_of(ProviderVerdict verdict);

struct ProviderAnswer {
  ProviderVerdict verdict = ProviderVerdict::fate_unknown;
  unsigned status = 0;                     // HTTP status; 0 when there was no answer
  std::string reason = {};                 // the provider's word ("Unregistered"), checked to be printable, or ours
  std::optional<Instant> dead_since = {};  // with token_gone: the provider's timestamp
  std::optional<Duration> retry_after = {};

  bool operator==(ProviderAnswer const&) const = default;
};

}  // namespace reveille::model
