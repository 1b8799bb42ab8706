// SDP: lines to values, values to lines, and offer to answer.
#include "sim/handset/session_description.hpp"

#include <algorithm>
#include <charconv>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t longest_description = 65536;

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    auto const end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::send_receive: return "sendrecv";
    case Direction::send_only: return "sendonly";
    case Direction::receive_only: return "recvonly";
    case Direction::inactive: return "inactive";
  }
  std::unreachable();
}

std::optional<Direction> direction_of(std::string_view attribute) {
  using enum Direction;
  for (auto const direction : {send_receive, send_only, receive_only, inactive})
    if (attribute == name_of(direction)) return direction;
  return std::nullopt;
}

StreamKind kind_of(std::string_view media) {
  if (media == "audio") return StreamKind::audio;
  return media == "video" ? StreamKind::video : StreamKind::other;
}

// RFC 8866 section 5.14: m=<media> <port>[/<number>] <proto> <fmt> …
Result<StreamDescription> parse_media(std::string_view value, Direction session_direction) {
  auto const words = words_of(value);
  if (words.size() < 4)
    return failure(ErrorCode::malformed, "an m= line needs a medium, a port, a transport and a format");
  auto const port = number_of<std::uint16_t>(words[1].substr(0, words[1].find('/')));
  if (!port) return failure(ErrorCode::malformed, "the port of an m= line is no number");
  StreamDescription stream{.kind = kind_of(words[0]),
                           .media = std::string(words[0]),
                           .port = *port,
                           .transport = std::string(words[2]),
                           .direction = session_direction};
  for (std::size_t i = 3; i < words.size(); ++i) stream.formats.emplace_back(words[i]);
  return stream;
}

void parse_attribute(std::string_view value, SessionDescription& session) {
  auto const colon = value.find(':');
  auto const name = value.substr(0, colon);
  auto const rest = colon == value.npos ? std::string_view{} : value.substr(colon + 1);
  auto* stream = session.streams.empty() ? nullptr : &session.streams.back();
  if (auto const direction = direction_of(value)) (stream ? stream->direction : session.direction) = *direction;
  if (stream == nullptr) return;
  if (name == "crypto" && !stream->crypto) stream->crypto = parse_crypto_line(rest);
  if (name == "x-reveille-tone") stream->tone = number_of<unsigned>(rest);
  if (name == "x-reveille-picture") stream->picture = number_of<std::uint32_t>(rest);
}

void parse_origin(std::string_view value, SessionDescription& session) {
  auto const words = words_of(value);
  if (words.size() != 6) return;
  session.id = number_of<std::uint64_t>(words[1]).value_or(0);
  session.version = number_of<std::uint64_t>(words[2]).value_or(0);
}

Result<void> parse_line(char type, std::string_view value, SessionDescription& session) {
  if (type == 'o') parse_origin(value, session);
  if (type == 'a') parse_attribute(value, session);
  if (type == 'c') {
    auto const words = words_of(value);
    if (words.size() == 3) (session.streams.empty() ? session.address : session.streams.back().address) = words[2];
  }
  if (type == 'm') {
    if (session.streams.size() == most_streams) return failure(ErrorCode::too_large, "too many m= lines");
    auto stream = parse_media(value, session.direction);
    if (!stream) return std::unexpected(stream.error());
    session.streams.push_back(std::move(*stream));
  }
  return {};
}

void format_stream(std::string& out, StreamDescription const& stream) {
  out += "m=" + stream.media + ' ' + std::to_string(stream.port) + ' ' + stream.transport;
  for (auto const& format : stream.formats) out += ' ' + format;
  out += "\r\n";
  if (stream.port == 0) return;
  if (stream.kind == StreamKind::audio) out += "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n";
  if (stream.kind == StreamKind::video) out += "a=rtpmap:96 x-picture/90000\r\n";
  if (stream.crypto) out += "a=crypto:" + format_crypto_line(*stream.crypto) + "\r\n";
  if (stream.tone) out += "a=x-reveille-tone:" + std::to_string(*stream.tone) + "\r\n";
  if (stream.picture) out += "a=x-reveille-picture:" + std::to_string(*stream.picture) + "\r\n";
  out += "a=" + std::string(name_of(stream.direction)) + "\r\n";
}

StreamDescription stream_of(StreamKind kind, LocalMedia const& local) {
  bool const audio = kind == StreamKind::audio;
  StreamDescription stream{.kind = kind,
                           .media = audio ? "audio" : "video",
                           .port = audio ? local.audio_port : local.video_port,
                           .formats = {std::to_string(audio ? pcmu_payload_type : picture_payload_type)},
                           .crypto = audio ? local.audio_crypto : local.video_crypto};
  if (stream.crypto) stream.transport = "RTP/SAVP";
  if (audio) stream.tone = local.tone;
  if (!audio) stream.picture = local.picture;
  return stream;
}

Direction mirrored(Direction direction) {
  if (direction == Direction::send_only) return Direction::receive_only;
  return direction == Direction::receive_only ? Direction::send_only : direction;
}

bool fits(StreamDescription const& offered, StreamDescription const& ours) {
  auto const knows_format = std::ranges::find(offered.formats, ours.formats.front()) != offered.formats.end();
  auto const transport_is_known = offered.transport == "RTP/AVP" || (offered.is_secure() && offered.crypto);
  return offered.port != 0 && ours.port != 0 && knows_format && transport_is_known;
}

StreamDescription answer_stream(StreamDescription const& offered, LocalMedia const& local,
                                SessionDescription const& sofar) {
  StreamDescription refusal{.kind = offered.kind,
                            .media = offered.media,
                            .port = 0,
                            .transport = offered.transport,
                            .formats = {offered.formats.front()}};
  if (offered.kind == StreamKind::other || sofar.find(offered.kind) != nullptr) return refusal;
  auto stream = stream_of(offered.kind, local);
  if (!fits(offered, stream) || (offered.is_secure() && !stream.crypto)) return refusal;
  stream.direction = mirrored(offered.direction);
  stream.transport = offered.transport;
  if (offered.is_secure()) stream.crypto->tag = offered.crypto->tag;
  if (!offered.is_secure()) stream.crypto.reset();
  return stream;
}

}  // namespace

StreamDescription const* SessionDescription::find(StreamKind kind) const {
  auto const found =
      std::ranges::find_if(streams, [kind](auto const& stream) { return stream.kind == kind && stream.port != 0; });
  return found == streams.end() ? nullptr : &*found;
}

std::string format_session(SessionDescription const& session) {
  auto const family = session.address.contains(':') ? std::string("IN IP6 ") : std::string("IN IP4 ");
  std::string out = "v=0\r\no=- " + std::to_string(session.id) + ' ' + std::to_string(session.version) + ' ' + family +
                    session.address + "\r\ns=-\r\nc=" + family + session.address + "\r\nt=0 0\r\n";
  for (auto const& stream : session.streams) format_stream(out, stream);
  return out;
}

Result<SessionDescription> parse_session(std::string_view text) {
  if (text.size() > longest_description) return failure(ErrorCode::too_large, "the session description is too long");
  if (!text.starts_with("v=0")) return failure(ErrorCode::malformed, "a session description begins with v=0");
  SessionDescription session{.address = {}};
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() < 2 || line[1] != '=') continue;
    if (auto parsed = parse_line(line[0], line.substr(2), session); !parsed) return std::unexpected(parsed.error());
  }
  return session;
}

SessionDescription make_offer(LocalMedia const& local) {
  SessionDescription offer{.address = local.address, .id = local.id, .version = local.version};
  offer.streams.push_back(stream_of(StreamKind::audio, local));
  if (local.video_port != 0) offer.streams.push_back(stream_of(StreamKind::video, local));
  return offer;
}

Result<SessionDescription> make_answer(SessionDescription const& offer, LocalMedia const& local) {
  SessionDescription answer{.address = local.address, .id = local.id, .version = local.version};
  for (auto const& offered : offer.streams) answer.streams.push_back(answer_stream(offered, local, answer));
  if (answer.find(StreamKind::audio) == nullptr) return failure(ErrorCode::unsupported, "no audio stream in common");
  return answer;
}

}  // namespace reveille::sim::handset
