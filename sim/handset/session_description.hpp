// Session descriptions (SDP, RFC 8866) as far as a phone needs them, and the offer/answer model (RFC 3264) over them.
//
// A handset's session has one audio stream (PCMU) and, in a video call, a second one whose payload is a byte pattern
// ("x-picture"). Two attributes of ours say what each end plays: "a=x-reveille-tone:HERTZ",
// "a=x-reveille-picture:SEED". Unknown lines are skipped. Pure.
#pragma once

#include "base/result.hpp"
#include "sim/handset/srtp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

enum class StreamKind { audio, video, other };
enum class Direction { send_receive, send_only, receive_only, inactive };

inline constexpr std::uint8_t pcmu_payload_type = 0;      // RFC 3551 table 4
inline constexpr std::uint8_t picture_payload_type = 96;  // the first dynamic one
inline constexpr std::size_t most_streams = 8;

struct StreamDescription {
  StreamKind kind = StreamKind::audio;
  std::string media = "audio";  // as written, for the answer to a kind that we do not know
  std::uint16_t port = 0;       // 0: refused
  std::string transport = "RTP/AVP";
  std::vector<std::string> formats = {};
  Direction direction = Direction::send_receive;
  std::string address = {};  // where it differs from the session's
  std::optional<CryptoLine> crypto = {};
  std::optional<unsigned> tone = {};
  std::optional<std::uint32_t> picture = {};

  [[nodiscard]] bool is_secure() const { return transport == "RTP/SAVP"; }
};

struct SessionDescription {
  std::string address = "127.0.0.1";
  std::uint64_t id = 0;
  std::uint64_t version = 0;
  Direction direction = Direction::send_receive;
  std::vector<StreamDescription> streams = {};

  [[nodiscard]] StreamDescription const* find(StreamKind kind) const;
  [[nodiscard]] std::string const& address_of(StreamDescription const& stream) const {
    return stream.address.empty() ? address : stream.address;
  }
};

[[nodiscard]] std::string format_session(SessionDescription const& session);
// At most 64 KB and `most_streams` streams.
[[nodiscard]] Result<SessionDescription> parse_session(std::string_view text);

// What one end brings to a call.
struct LocalMedia {
  std::string address = "127.0.0.1";
  std::uint16_t audio_port = 0;
  std::uint16_t video_port = 0;  // 0: no video
  unsigned tone = 0;
  std::uint32_t picture = 0;
  std::optional<CryptoLine> audio_crypto = {};  // present: RTP/SAVP
  std::optional<CryptoLine> video_crypto = {};
  std::uint64_t id = 0;
  std::uint64_t version = 1;
};

[[nodiscard]] SessionDescription make_offer(LocalMedia const& local);
// RFC 3264 section 6: one stream for each of the offer's, in its order; what we do not do gets port 0. Refused (488)
// when no audio stream is left. The answer's crypto lines carry the offer's tags.
[[nodiscard]] Result<SessionDescription> make_answer(SessionDescription const& offer, LocalMedia const& local);

}  // namespace reveille::sim::handset
