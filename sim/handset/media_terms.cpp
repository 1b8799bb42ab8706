// The handset's streams, as SDP describes them.
#include "sim/handset/media_terms.hpp"

#include <algorithm>
#include <charconv>

namespace reveille::sim::handset {

namespace {

constexpr std::string_view tone_attribute = "x-reveille-tone";

}  // namespace

sdp::LocalStream audio_stream(std::uint16_t port, unsigned tone) {
  return {.kind = sdp::MediaKind::audio,
          .port = port,
          .codecs = {{.payload_type = 0, .encoding = "PCMU", .clock_rate = 8000}},  // RFC 3551 table 4
          .attributes = {{.name = "ptime", .value = "20"},
                         {.name = std::string(tone_attribute), .value = std::to_string(tone)}}};
}

sdp::LocalStream video_stream(std::uint16_t port) {
  return {.kind = sdp::MediaKind::video,
          .port = port,
          .codecs = {{.payload_type = 96, .encoding = "x-picture", .clock_rate = 90'000}}};
}

std::optional<sdp::Session> answer_with_audio(sdp::Session const& offer, sdp::LocalMedia const& local) {
  auto answer = sdp::make_answer(offer, local);
  if (!answer || answer->active(sdp::MediaKind::audio) == nullptr) return std::nullopt;
  return std::move(*answer);
}

std::optional<unsigned> tone_in(sdp::Session const& session) {
  auto const* const audio = session.active(sdp::MediaKind::audio);
  if (audio == nullptr) return std::nullopt;
  auto const found = std::ranges::find(audio->attributes, tone_attribute, &sdp::Attribute::name);
  if (found == audio->attributes.end() || !found->value) return std::nullopt;
  unsigned tone = 0;
  auto const* const end = found->value->data() + found->value->size();
  auto const [at, fault] = std::from_chars(found->value->data(), end, tone);
  if (fault != std::errc{} || at != end) return std::nullopt;
  return tone;
}

bool has_secure_audio(sdp::Session const& session) {
  auto const* const audio = session.active(sdp::MediaKind::audio);
  return audio != nullptr && audio->is_secure();
}

}  // namespace reveille::sim::handset
