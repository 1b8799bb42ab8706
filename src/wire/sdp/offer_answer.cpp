#include "wire/sdp/offer_answer.hpp"

#include <algorithm>
#include <array>

namespace reveille::sdp {
namespace {

constexpr std::string_view plain_protocol = "RTP/AVP";
constexpr std::string_view secure_protocol = "RTP/SAVP";

std::string_view text_of(MediaKind kind) {
  return kind == MediaKind::video ? "video" : "audio";
}

Session begin(LocalMedia const& local) {
  return {.origin = local.origin, .connection = local.connection};
}

// RFC 3264 section 6: a stream is refused by port 0; the formats must still be there.
Media refused(Media const& offered) {
  Media out{.kind = offered.kind, .kind_text = offered.kind_text, .port = 0, .protocol = offered.protocol};
  if (!offered.codecs.empty()) out.codecs = {offered.codecs.front()};
  if (!offered.formats.empty()) out.formats = {offered.formats.front()};
  return out;
}

// Telephone events accompany a codec; they are no way to talk by themselves (RFC 4733).
bool carries_media(Codec const& codec) {
  constexpr std::array<std::string_view, 2> beside{"telephone-event", "CN"};
  return std::ranges::find(beside, codec.encoding) == beside.end();
}

// RFC 3264 section 6.1: the answer lists what both know, with the offer's payload types, in our order of preference.
std::vector<Codec> common_codecs(std::vector<Codec> const& ours, std::vector<Codec> const& offered) {
  std::vector<Codec> out;
  for (auto const& mine : ours) {
    auto const found = std::ranges::find_if(offered, [&mine](Codec const& one) { return same_encoding(mine, one); });
    if (found == offered.end()) continue;
    out.push_back(mine);
    out.back().payload_type = found->payload_type;
  }
  return std::ranges::any_of(out, carries_media) ? out : std::vector<Codec>{};
}

// RFC 4568 section 6.3.7: a line with a session parameter that is not done is not used; nor is one with a master key
// identifier ("|1:4"), which would stand in every packet. A lifetime ("|2^31") may follow the key.
bool can_be_honoured(Crypto const& line) {
  return line.suite == default_crypto_suite && line.parameters.find_first_of(" :") == std::string::npos;
}

Crypto const* usable_crypto(Media const& media) {
  auto const found = std::ranges::find_if(media.crypto, can_be_honoured);
  return found == media.crypto.end() ? nullptr : &*found;
}

bool transport_fits(Media const& offered, Security security) {
  if (!offered.is_rtp() || offered.protocol.starts_with("UDP/TLS/")) return false;
  if (!offered.is_secure()) return security != Security::required;
  return security != Security::none && usable_crypto(offered) != nullptr;
}

std::optional<Media> answer_stream(Media const& offered, LocalStream const& stream, LocalMedia const& local) {
  if (!offered.is_active() || !transport_fits(offered, local.security)) return {};
  auto codecs = common_codecs(stream.codecs, offered.codecs);
  if (codecs.empty()) return {};
  Media out{.kind = offered.kind,
            .kind_text = offered.kind_text,
            .port = stream.port,
            .protocol = offered.protocol,
            .codecs = std::move(codecs),
            .direction = intersection(reversed(offered.direction), stream.direction),
            .rtcp_mux = offered.rtcp_mux,
            .attributes = stream.attributes};
  // RFC 4568 section 5.1.2: the answer takes one of the offer's lines, by its tag, with a key of its own.
  if (offered.is_secure())
    out.crypto = {{.tag = usable_crypto(offered)->tag, .suite = std::string(default_crypto_suite), .key = stream.key}};
  return out;
}

std::optional<AgreedStream> agree(Session const& remote, Media const& mine, Media const& theirs) {
  if (!mine.is_active() || !theirs.is_active()) return {};
  auto const* const connection = remote.connection_of(theirs);
  if (connection == nullptr) return {};
  for (auto const& codec : theirs.codecs) {
    auto const match =
        std::ranges::find_if(mine.codecs, [&codec](Codec const& one) { return same_encoding(one, codec); });
    if (match == mine.codecs.end() || !carries_media(codec)) continue;
    AgreedStream out{.kind = mine.kind,
                     .send = codec,
                     .receive_payload = match->payload_type,
                     .direction = intersection(mine.direction, reversed(theirs.direction)),
                     .remote = *connection,
                     .remote_port = theirs.port};
    for (auto const& one : mine.crypto)
      for (auto const& other : theirs.crypto)
        if (one.tag == other.tag && one.suite == other.suite && !out.local_crypto) {
          out.local_crypto = one;
          out.remote_crypto = other;
        }
    // A secure stream without a pair of keys would be sent in the clear.
    if ((mine.is_secure() || theirs.is_secure()) && !out.local_crypto) return {};
    return out;
  }
  return {};
}

}  // namespace

Session make_offer(LocalMedia const& local) {
  auto offer = begin(local);
  auto const secure = local.security == Security::required;
  for (auto const& stream : local.streams) {
    Media media{.kind = stream.kind,
                .kind_text = std::string(text_of(stream.kind)),
                .port = stream.port,
                .protocol = std::string(secure ? secure_protocol : plain_protocol),
                .codecs = stream.codecs,
                .direction = stream.direction,
                .attributes = stream.attributes};
    if (secure) media.crypto = {{.tag = 1, .suite = std::string(default_crypto_suite), .key = stream.key}};
    offer.media.push_back(std::move(media));
  }
  return offer;
}

// RFC 3264 section 6: the answer has as many streams as the offer, in its order.
Result<Session, AnswerFault> make_answer(Session const& offer, LocalMedia const& local) {
  auto answer = begin(local);
  std::array<bool, 2> taken{};
  auto any = false;
  for (auto const& offered : offer.media) {
    std::optional<Media> stream;
    auto const mine = std::ranges::find(local.streams, offered.kind, &LocalStream::kind);
    if (offered.kind != MediaKind::other && mine != local.streams.end() &&
        !taken[static_cast<std::size_t>(offered.kind)])
      stream = answer_stream(offered, *mine, local);
    if (stream) any = taken[static_cast<std::size_t>(offered.kind)] = true;
    answer.media.push_back(stream ? std::move(*stream) : refused(offered));
  }
  if (!any) return std::unexpected(AnswerFault::nothing_acceptable);
  return answer;
}

std::vector<AgreedStream> agreed(Session const& local, Session const& remote) {
  std::vector<AgreedStream> out;
  for (std::size_t i = 0; i < std::min(local.media.size(), remote.media.size()); ++i)
    if (auto stream = agree(remote, local.media[i], remote.media[i])) out.push_back(std::move(*stream));
  return out;
}

Session with_direction(Session session, Direction direction) {
  ++session.origin.version;
  for (auto& media : session.media) media.direction = direction;
  return session;
}

}  // namespace reveille::sdp
