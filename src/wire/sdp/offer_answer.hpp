// Offer and answer: two sides agree on streams, codecs, directions and keys (RFC 3264; RFC 4568 section 5 for SDES).
//
// What:     an endpoint says what it can (LocalMedia); offers and answers are made of that and of what the other side
//           said. At most one audio and one video stream are taken; any other is refused with port 0.
// Errors:   AnswerFault. Pure: addresses, ports and keys are given. Threads: any.
#pragma once

#include "wire/sdp/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sdp {

enum class Security : std::uint8_t {
  none,      // RTP/AVP
  optional,  // answers either, offers RTP/AVP
  required   // RTP/SAVP with SDES, where signalling is TLS
};

struct LocalStream {
  MediaKind kind = MediaKind::audio;
  std::uint16_t port = 0;
  std::vector<Codec> codecs = {};  // most preferred first
  Direction direction = Direction::sendrecv;
  std::vector<Attribute> attributes = {};  // beyond those that have a field here, as "ptime:20"
  // Base64 of 16 bytes of key and 14 of salt, from a random source. Needed where Security is not none.
  std::string key = {};
};

struct LocalMedia {
  Origin origin = {};
  Connection connection = {};
  Security security = Security::none;
  std::vector<LocalStream> streams = {};
};

enum class AnswerFault : std::uint8_t {
  nothing_acceptable  // no stream has a codec and a transport in common: 488
};

inline constexpr std::string_view default_crypto_suite = "AES_CM_128_HMAC_SHA1_80";

[[nodiscard]] Session make_offer(LocalMedia const& local);
[[nodiscard]] Result<Session, AnswerFault> make_answer(Session const& offer, LocalMedia const& local);

// One stream both have agreed to, from the side of `local`.
struct AgreedStream {
  MediaKind kind = MediaKind::audio;
  Codec send = {};                   // with the payload type that the other side expects
  std::uint8_t receive_payload = 0;  // the payload type that it uses towards us
  Direction direction = Direction::sendrecv;
  Connection remote = {};
  std::uint16_t remote_port = 0;
  std::optional<Crypto> local_crypto = {};
  std::optional<Crypto> remote_crypto = {};
};

// What `local` and `remote` say together, whichever of the two was the offer.
[[nodiscard]] std::vector<AgreedStream> agreed(Session const& local, Session const& remote);

// The same session with another direction on each stream, one version on: hold and resume (RFC 3264 section 8.4).
[[nodiscard]] Session with_direction(Session session, Direction direction);

}  // namespace reveille::sdp
