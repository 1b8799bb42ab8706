// ApnsRequest: one notification as APNs takes it, and how it is made from a push request (B-TABLE-3, B-CALL-4, B-IM-2).
//
// Values only. The class and the channel decide push type, priority, expiration and collapse id:
//   any class on VoIP   voip, not collapsed (a call always; a message only to the shared channel of iOS 12)
//   call elsewhere      alert, 10, collapsed by tracking id
//   message             alert, 10, collapsed by conversation
//   missed, elsewhere   alert, 10, collapsed by tracking id, so that they replace what the call showed
//   clear, background   background, 5 (10 would be an error); with a badge: alert, 5
// A collapse id that is too long, or has spaces around it, goes as its SHA-256, in hexadecimal.
// Apple keeps each until it expires, a call until it stops ringing; the apns-id is the push id.
// Source: Apple, "Sending notification requests to APNs".
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "model/push.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace reveille::deliver::apns {

enum class PushType : std::uint8_t { alert, background, voip };
[[nodiscard]] std::string_view name_of(PushType type);

enum class Priority : std::uint8_t { low = 1, considerate = 5, immediate = 10 };

// Bytes of payload that APNs takes.
[[nodiscard]] constexpr std::size_t payload_limit(PushType type) {
  return type == PushType::voip ? 5120 : 4096;
}

struct ApnsRequest {
  model::PushClass push_class = model::PushClass::message;  // calls go first, whatever their push type
  std::string token = {};                                   // hexadecimal, of any length
  std::string topic = {};                                   // with its suffix: ".voip" on the VoIP channel
  PushType push_type = PushType::alert;
  Priority priority = Priority::immediate;
  std::optional<std::int64_t> expiration = {};  // Unix seconds; 0 = once, never stored; absent = Apple's own policy
  std::string collapse_id = {};                 // at most 64 bytes; empty: none
  std::string apns_id = {};                     // canonical lower-case UUID, the same in every retry
  std::string payload = {};                     // JSON
  // Until then it may wait for a connection or for room on one; later it ends as not_processed.
  Instant give_up_at = {};

  bool operator==(ApnsRequest const&) const = default;
};

// Everything but the wire: headers chosen, payload built and cut to fit. Fails with malformed where the payload is no
// JSON object, the token no hexadecimal, or topic or collapse id no header field's value; with too_large where even the
// cut payload does not fit.
[[nodiscard]] Result<ApnsRequest> make_request(model::PushRequest const& request);
// Whether make_request() would succeed for a payload that is a JSON object, for less.
[[nodiscard]] Result<void> check_request(model::PushRequest const& request);

}  // namespace reveille::deliver::apns
