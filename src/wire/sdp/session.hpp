// Session: a session description as a softphone and a media relay need it (RFC 8866, with RFC 4566's forms; RFC 3551
// static payload types; RFC 4568 security descriptions; RFC 5761 rtcp-mux).
//
// What:     values that own their text. Attributes without a field of their own are kept in their order and written
//           again, so that what is relayed loses nothing that this file does not know.
// Limits:   maximum_text bytes, maximum_lines lines, maximum_media streams, maximum_formats formats a stream.
// Errors:   SdpFault. Pure; threads: any.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sdp {

inline constexpr std::size_t maximum_text = 65'535;
inline constexpr std::size_t maximum_lines = 1'000;
inline constexpr std::size_t maximum_media = 16;
inline constexpr std::size_t maximum_formats = 64;

enum class SdpFault : std::uint8_t {
  too_large,   // a limit was reached
  line,        // not of the form x=value
  order,       // v=, o=, s= or t= is absent or in the wrong place
  version,     // not 0
  origin,      // o= is not of its form
  connection,  // c= is not of its form, or a stream has none
  timing,      // t= is not of its form
  media,       // m= is not of its form
  attribute    // a= that we read is not of its form
};

[[nodiscard]] std::string_view name_of(SdpFault fault);

// RFC 8866 section 6.7.
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

[[nodiscard]] std::string_view name_of(Direction direction);
// What the other side sees: sendonly as recvonly.
[[nodiscard]] Direction reversed(Direction direction);
// What both agree to: what either refuses is gone.
[[nodiscard]] Direction intersection(Direction a, Direction b);

enum class AddressKind : std::uint8_t { ipv4, ipv6 };

struct Connection {
  AddressKind kind = AddressKind::ipv4;
  std::string address = {};  // an IP address or a host name, without TTL

  bool operator==(Connection const&) const = default;
};

struct Origin {
  std::string username = "-";
  std::uint64_t session_id = 0;
  std::uint64_t version = 0;
  Connection connection = {};

  bool operator==(Origin const&) const = default;
};

struct Attribute {
  std::string name = {};
  std::optional<std::string> value = {};

  bool operator==(Attribute const&) const = default;
};

// One payload type of RTP: from rtpmap and fmtp, or, without rtpmap, from RFC 3551.
struct Codec {
  std::uint8_t payload_type = 0;
  std::string encoding = {};  // as written: "opus", "PCMU"; empty for a dynamic type without rtpmap
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string parameters = {};  // fmtp

  bool operator==(Codec const&) const = default;
};

// RFC 3264 section 6.1: the same encoding, in any case, clock rate and channels.
[[nodiscard]] bool same_encoding(Codec const& a, Codec const& b);

// One a=crypto line (RFC 4568 section 9.1).
struct Crypto {
  std::uint32_t tag = 0;
  std::string suite = {};       // "AES_CM_128_HMAC_SHA1_80"
  std::string key = {};         // base64, without "inline:"
  std::string parameters = {};  // lifetime, MKI and session parameters, as written, with their separator

  bool operator==(Crypto const&) const = default;
};

enum class MediaKind : std::uint8_t { audio, video, other };

struct Media {
  MediaKind kind = MediaKind::audio;
  std::string kind_text = "audio";
  std::uint16_t port = 0;  // 0: refused, or not offered
  std::string protocol = "RTP/AVP";
  std::vector<Codec> codecs = {};         // of RTP protocols, most preferred first
  std::vector<std::string> formats = {};  // of any other protocol
  std::optional<Connection> connection = {};
  Direction direction = Direction::sendrecv;
  std::vector<Crypto> crypto = {};
  bool rtcp_mux = false;
  std::vector<Attribute> attributes = {};

  [[nodiscard]] bool is_rtp() const { return protocol.starts_with("RTP/") || protocol.starts_with("UDP/TLS/RTP/"); }
  // RTP/SAVP or RTP/SAVPF (RFC 3711, RFC 5124).
  [[nodiscard]] bool is_secure() const { return protocol.find("SAVP") != std::string::npos; }
  [[nodiscard]] bool is_active() const { return port != 0; }

  bool operator==(Media const&) const = default;
};

struct Session {
  Origin origin = {};
  std::string name = "-";
  std::optional<Connection> connection = {};
  std::uint64_t start = 0;
  std::uint64_t stop = 0;
  std::vector<Attribute> attributes = {};
  std::vector<Media> media = {};

  // The connection of a stream: its own or the session's.
  [[nodiscard]] Connection const* connection_of(Media const& stream) const;
  // The first active stream of the kind.
  [[nodiscard]] Media const* active(MediaKind kind) const;

  bool operator==(Session const&) const = default;
};

// LF alone ends a line too (RFC 8866 section 5). Directions at session level are given to each stream.
[[nodiscard]] Result<Session, SdpFault> parse_session(std::string_view text);
// Line breaks within values cannot be written: they become spaces.
[[nodiscard]] std::string format_session(Session const& session);

}  // namespace reveille::sdp
