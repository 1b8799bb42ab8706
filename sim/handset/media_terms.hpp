// What a handset's session descriptions say: its two codecs, and the tone that it plays.
//
// Audio is PCMU. A video call has a second stream whose payload is a byte pattern ("x-picture"). The attribute
// "a=x-reveille-tone:HERTZ" says what this end plays; where something between the phones has dropped it, the other
// end's tone follows from its address (tone_of). Pure.
#pragma once

#include "wire/sdp/offer_answer.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace reveille::sim::handset {

[[nodiscard]] sdp::LocalStream audio_stream(std::uint16_t port, unsigned tone);
[[nodiscard]] sdp::LocalStream video_stream(std::uint16_t port);

// RFC 3264 section 6. Nothing when there is nothing in common, or no audio: 488.
[[nodiscard]] std::optional<sdp::Session> answer_with_audio(sdp::Session const& offer, sdp::LocalMedia const& local);

// The tone that the description's sender says he plays.
[[nodiscard]] std::optional<unsigned> tone_in(sdp::Session const& session);
// True where the audio goes as SRTP.
[[nodiscard]] bool has_secure_audio(sdp::Session const& session);

}  // namespace reveille::sim::handset
