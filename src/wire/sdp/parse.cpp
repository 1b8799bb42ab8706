// Reading a session description (RFC 8866 sections 5 and 9).
#include "wire/sdp/session.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace reveille::sdp {
namespace {

using Fault = std::optional<SdpFault>;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

// Takes the word up to `stop` off the front.
std::string_view take(std::string_view& rest, char stop = ' ') {
  auto const end = std::min(rest.find(stop), rest.size());
  auto const word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

// RFC 3551 section 6, tables 4 and 5: types that need no rtpmap.
struct StaticType {
  std::uint8_t payload_type = 0;
  std::string_view encoding = {};
  std::uint32_t clock_rate = 0;
};
constexpr std::array static_types{StaticType{0, "PCMU", 8000},   StaticType{3, "GSM", 8000},
                                  StaticType{4, "G723", 8000},   StaticType{8, "PCMA", 8000},
                                  StaticType{9, "G722", 8000},   StaticType{15, "G728", 8000},
                                  StaticType{18, "G729", 8000},  StaticType{26, "JPEG", 90000},
                                  StaticType{31, "H261", 90000}, StaticType{34, "H263", 90000}};

Codec codec_of(std::uint8_t payload_type) {
  auto const found = std::ranges::find(static_types, payload_type, &StaticType::payload_type);
  if (found == static_types.end()) return {.payload_type = payload_type};
  return {.payload_type = payload_type, .encoding = std::string(found->encoding), .clock_rate = found->clock_rate};
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == ':' ||
           c == '-' || c == '%' || c == '_';
  });
}

// nettype SP addrtype SP connection-address (section 5.7); the TTL of multicast is dropped.
std::optional<Connection> read_connection(std::string_view text) {
  if (take(text) != "IN") return {};
  auto const kind = take(text);
  if (kind != "IP4" && kind != "IP6") return {};
  auto const address = text.substr(0, text.find('/'));
  if (!is_address(address)) return {};
  return Connection{.kind = kind == "IP4" ? AddressKind::ipv4 : AddressKind::ipv6, .address = std::string(address)};
}

std::optional<Direction> direction_named(std::string_view text) {
  using enum Direction;
  for (auto const direction : {sendrecv, sendonly, recvonly, inactive})
    if (text == name_of(direction)) return direction;
  return {};
}

// Reads line after line into the session. The stream that a line belongs to is the last one begun.
class Reader {
 public:
  Fault read(std::string_view text);
  Session session = {};

 private:
  Fault read_line(char type, std::string_view value);
  Fault read_origin(std::string_view value);
  Fault read_timing(std::string_view value);
  Fault read_media(std::string_view value);
  Fault read_formats(std::string_view value, Media& media);
  Fault read_attribute(std::string_view value);
  Fault read_media_attribute(std::string_view name, std::string_view value, Media& media);
  static Fault read_rtpmap(std::string_view value, Media& media);
  static Fault read_fmtp(std::string_view value, Media& media);
  static Fault read_crypto(std::string_view value, Media& media);
  [[nodiscard]] Fault finish();

  std::string seen_ = {};  // types of session-level lines, in order
  Direction session_direction_ = Direction::sendrecv;
  std::array<bool, maximum_media> has_direction_ = {};
};

Fault Reader::read(std::string_view text) {
  if (text.size() > maximum_text) return SdpFault::too_large;
  for (std::size_t lines = 0; !text.empty(); ++lines) {
    if (lines == maximum_lines) return SdpFault::too_large;
    auto line = take(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && text.empty()) break;  // COMPAT: a blank line at the end
    if (line.size() < 2 || line[1] != '=' || line.find('\0') != line.npos || line.find('\r') != line.npos)
      return SdpFault::line;
    if (auto const fault = read_line(line[0], line.substr(2))) return fault;
  }
  return finish();
}

Fault Reader::read_line(char type, std::string_view value) {
  // v=, o= and s= come first, in this order (section 5).
  constexpr std::string_view first = "vos";
  if (seen_.size() < first.size() && type != first[seen_.size()]) return SdpFault::order;
  if (session.media.empty()) {
    if (first.find(type) != first.npos && seen_.find(type) != seen_.npos) return SdpFault::order;
    if (type == 'm' && seen_.find('t') == seen_.npos) return SdpFault::order;
    seen_ += type;
  }
  switch (type) {
    case 'v': return value == "0" && session.media.empty() ? Fault{} : Fault{SdpFault::version};
    case 'o': return read_origin(value);
    case 's': session.name = value; return {};
    case 't': return read_timing(value);
    case 'm': return read_media(value);
    case 'a': return read_attribute(value);
    case 'c': {
      auto const connection = read_connection(value);
      if (!connection) return SdpFault::connection;
      (session.media.empty() ? session.connection : session.media.back().connection) = *connection;
      return {};
    }
    default: return {};  // i, u, e, p, b, r, z, k: nothing that we act on
  }
}

// o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address> (section 5.2).
Fault Reader::read_origin(std::string_view value) {
  auto const username = take(value);
  auto const id = number<std::uint64_t>(take(value));
  auto const version = number<std::uint64_t>(take(value));
  auto const connection = read_connection(value);
  if (username.empty() || !id || !version || !connection) return SdpFault::origin;
  session.origin = {
      .username = std::string(username), .session_id = *id, .version = *version, .connection = *connection};
  return {};
}

Fault Reader::read_timing(std::string_view value) {
  auto const start = number<std::uint64_t>(take(value));
  auto const stop = number<std::uint64_t>(value);
  if (!start || !stop) return SdpFault::timing;
  session.start = *start;
  session.stop = *stop;
  return {};
}

// m=<media> <port>[/<number of ports>] <proto> <fmt> … (section 5.14).
Fault Reader::read_media(std::string_view value) {
  if (session.media.size() == maximum_media) return SdpFault::too_large;
  Media media;
  media.kind_text = take(value);
  media.kind = media.kind_text == "audio"   ? MediaKind::audio
               : media.kind_text == "video" ? MediaKind::video
                                            : MediaKind::other;
  auto port = take(value);
  auto const number_of_port = number<std::uint16_t>(take(port, '/'));
  media.protocol = take(value);
  if (media.kind_text.empty() || !number_of_port || media.protocol.empty()) return SdpFault::media;
  media.port = *number_of_port;
  if (auto const fault = read_formats(value, media)) return fault;
  session.media.push_back(std::move(media));
  return {};
}

Fault Reader::read_formats(std::string_view value, Media& media) {
  while (!value.empty()) {
    auto const format = take(value);
    if (format.empty()) continue;
    if (media.codecs.size() + media.formats.size() == maximum_formats) return SdpFault::too_large;
    if (!media.is_rtp()) {
      media.formats.emplace_back(format);
      continue;
    }
    auto const type = number<std::uint8_t>(format);
    if (!type || *type > 127) return SdpFault::media;
    if (std::ranges::find(media.codecs, *type, &Codec::payload_type) == media.codecs.end())
      media.codecs.push_back(codec_of(*type));
  }
  return media.codecs.empty() && media.formats.empty() ? Fault{SdpFault::media} : Fault{};
}

Fault Reader::read_attribute(std::string_view value) {
  auto const colon = value.find(':');
  auto const name = value.substr(0, colon);
  auto const rest = colon == value.npos ? std::string_view{} : value.substr(colon + 1);
  if (name.empty()) return SdpFault::attribute;
  if (auto const direction = direction_named(name); direction && colon == value.npos) {
    if (session.media.empty()) {
      session_direction_ = *direction;
    } else {
      session.media.back().direction = *direction;
      has_direction_[session.media.size() - 1] = true;
    }
    return {};
  }
  if (!session.media.empty()) {
    auto& media = session.media.back();
    if (name == "rtpmap" || name == "fmtp" || name == "crypto" || name == "rtcp-mux")
      return read_media_attribute(name, rest, media);
  }
  auto& attributes = session.media.empty() ? session.attributes : session.media.back().attributes;
  attributes.push_back(
      {.name = std::string(name), .value = colon == value.npos ? std::nullopt : std::optional(std::string(rest))});
  return {};
}

Fault Reader::read_media_attribute(std::string_view name, std::string_view value, Media& media) {
  if (name == "rtpmap") return read_rtpmap(value, media);
  if (name == "fmtp") return read_fmtp(value, media);
  if (name == "crypto") return read_crypto(value, media);
  media.rtcp_mux = true;
  return {};
}

Codec* codec_in(Media& media, std::string_view type) {
  auto const wanted = number<std::uint8_t>(type);
  auto const found = wanted ? std::ranges::find(media.codecs, *wanted, &Codec::payload_type) : media.codecs.end();
  return found == media.codecs.end() ? nullptr : &*found;
}

// a=rtpmap:<payload type> <encoding name>/<clock rate>[/<channels>] (section 6.6). One for a type that m= does not list
// is ignored.
Fault Reader::read_rtpmap(std::string_view value, Media& media) {
  auto* const codec = codec_in(media, take(value));
  auto const encoding = take(value, '/');
  auto const rate = number<std::uint32_t>(take(value, '/'));
  auto const channels = value.empty() ? std::optional<std::uint8_t>(1) : number<std::uint8_t>(value);
  if (encoding.empty() || !rate || !channels || *channels == 0) return SdpFault::attribute;
  if (codec == nullptr) return {};
  codec->encoding = encoding;
  codec->clock_rate = *rate;
  codec->channels = *channels;
  return {};
}

Fault Reader::read_fmtp(std::string_view value, Media& media) {
  if (auto* const codec = codec_in(media, take(value))) codec->parameters = value;
  return {};
}

// a=crypto:<tag> <crypto-suite> inline:<key||salt>["|" lifetime]["|" MKI ":" length] [<session-params>].
Fault Reader::read_crypto(std::string_view value, Media& media) {
  constexpr std::string_view inline_method = "inline:";
  if (media.crypto.size() == maximum_formats) return SdpFault::too_large;
  auto const tag = number<std::uint32_t>(take(value));
  auto const suite = take(value);
  if (!tag || suite.empty() || !value.starts_with(inline_method)) return SdpFault::attribute;
  value.remove_prefix(inline_method.size());
  auto const end = std::min(value.find_first_of("| "), value.size());
  if (end == 0) return SdpFault::attribute;
  media.crypto.push_back({.tag = *tag,
                          .suite = std::string(suite),
                          .key = std::string(value.substr(0, end)),
                          .parameters = std::string(value.substr(end))});
  return {};
}

Fault Reader::finish() {
  if (seen_.size() < 3 || seen_.find('t') == seen_.npos) return SdpFault::order;
  for (std::size_t i = 0; i < session.media.size(); ++i) {
    auto& media = session.media[i];
    if (!has_direction_[i]) media.direction = session_direction_;
    // Section 5.7: a c= at session level, or one in each stream. A refused stream needs none.
    if (media.is_active() && session.connection_of(media) == nullptr) return SdpFault::connection;
  }
  return {};
}

}  // namespace

Result<Session, SdpFault> parse_session(std::string_view text) {
  Reader reader;
  if (auto const fault = reader.read(text)) return std::unexpected(*fault);
  return std::move(reader.session);
}

}  // namespace reveille::sdp
