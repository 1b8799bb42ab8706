// Push: one notification for one device, what became of it, and the port through which call control and IM ask for it.
//
// Call control and IM know this port only; behind it stands the push service in another process (deliver/push, REST) or
// in this one. Source: B-CALL-4, B-PUSH-3, B-PUSH-8; interfaces.md sections 3 and 4.
#pragma once

#include "base/id.hpp"
#include "base/instant.hpp"
#include "model/device.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

using PushId = Id<struct PushTag>;          // a UUID; the provider's apns-id too
using TrackingId = Id<struct TrackingTag>;  // follows one call or message through every part

enum class PushClass : std::uint8_t { call, missed_call, answered_elsewhere, message, clear, background };
[[nodiscard]] std::string_view name_of(PushClass push_class);
[[nodiscard]] std::optional<PushClass> push_class_named(std::string_view name);

// Where to: what the provider needs, copied from the device at the moment of the request.
struct PushTarget {
  Provider provider = Provider::none;
  std::string token = {};
  std::string topic = {};  // APNs topic of the channel (with ".voip" on the VoIP channel), FCM project
  std::string team = {};
  Environment environment = Environment::production;

  bool operator==(PushTarget const&) const = default;
};

struct PushRequest {
  PushId id = {};  // derived by the asker (B-CALL-4), so that asking twice is asking once: it is the Idempotency-Key
  AccountId account = {};
  InstanceId instance = {};
  PushTarget target = {};
  PushClass push_class = PushClass::message;
  ChannelName channel = ChannelName::message;
  Instant expires_at = {};
  std::string conversation = {};  // the keyed hash that messages collapse by; empty for calls
  TrackingId tracking = {};
  std::string payload = {};      // the JSON object `reveille` of interfaces.md section 4
  std::string alert_title = {};  // what the operating system may show; empty: nothing
  std::string alert_body = {};
  std::optional<std::uint32_t> badge = {};

  bool operator==(PushRequest const&) const = default;
};

// The ends of a notification (B-PUSH-8) and what comes before them.
enum class PushState : std::uint8_t {
  accepted,              // by the push service: on disk
  sending,               // marked on disk before the first byte leaves
  accepted_by_provider,  // the provider said yes; the device may still be silent
  acknowledged,          // end: the client's receipt, registration or resumption
  unconfirmed,           // end: accepted by the provider, no sign from the client by expiry
  expired,               // end: its deadline passed before it could be sent
  refused,               // end: the provider or the service said no for good
  unknown,               // end: bytes left, and nobody can say what became of them
  taken_back             // end: withdrawn before it was sent
};
[[nodiscard]] std::string_view name_of(PushState state);
[[nodiscard]] std::optional<PushState> push_state_named(std::string_view name);
[[nodiscard]] constexpr bool is_end(PushState state) {
  return state != PushState::accepted && state != PushState::sending && state != PushState::accepted_by_provider;
}

// The provider's word on the token itself.
enum class TokenVerdict : std::uint8_t { alive, dead, quarantined };
[[nodiscard]] std::string_view name_of(TokenVerdict verdict);
[[nodiscard]] std::optional<TokenVerdict> token_verdict_named(std::string_view name);

struct PushReceipt {
  PushId id = {};
  PushState state = PushState::accepted;
  unsigned provider_status = 0;  // HTTP status of the provider; 0 when there was no answer
  std::string reason = {};       // the provider's reason, or ours
  TokenVerdict token = TokenVerdict::alive;
  std::optional<Instant> dead_since = {};  // with TokenVerdict::dead: the provider's timestamp
  Instant at = {};

  bool operator==(PushReceipt const&) const = default;
};

// Lifetime: outlives every request. Threads: the shard's. The answer comes on the same thread, exactly once, never from
// inside the call.
class PushPort {
 public:
  using Answer = std::move_only_function<void(PushReceipt)>;

  virtual ~PushPort() = default;
  // Asks for a notification; answered with its first final word (accepted_by_provider or an end), at the latest some
  // seconds after it expires.
  virtual void request(PushRequest request, Answer answer) = 0;
  // Withdraws one that may not have been sent yet; the request's own answer then says what became of it.
  virtual void take_back(PushId const& id) = 0;
  // The client has shown itself (registered, resumed, sent a receipt): the notification ends `acknowledged`.
  virtual void acknowledge(PushId const& id) = 0;
  // Whether it is worth asking: a credential for that provider and environment, which only APNs tells apart. One that
  // the provider has refused counts too: calls find out anew, and all others wait.
  [[nodiscard]] virtual bool has_credential(Provider provider, Environment environment) const = 0;
  // False while no such credential is usable: then push is not offered (RFC 8599 Feature-Caps, 555).
  [[nodiscard]] virtual bool serves(Provider provider, Environment environment) const = 0;
};

// A UUID (version 8) made of the words given: the same words give the same UUID in every process (B-CALL-4).
[[nodiscard]] std::string derive_uuid(std::string_view domain, std::vector<std::string_view> const& words);

}  // namespace reveille::model
