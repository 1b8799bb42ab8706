#include "sim/handset/media_terms.hpp"

#include "sim/handset/srtp.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

sdp::LocalMedia phone(sdp::Security security, unsigned tone) {
  SeededRandom random(tone);
  sdp::LocalMedia media{.origin = {.session_id = 9, .version = 1, .connection = {.address = "10.0.0.1"}},
                        .connection = {.address = "10.0.0.1"},
                        .security = security,
                        .streams = {audio_stream(4000, tone), video_stream(4002)}};
  for (auto& stream : media.streams) stream.key = make_srtp_key(random);
  return media;
}

sdp::Session heard(sdp::Session const& said) {
  auto const session = sdp::parse_session(sdp::format_session(said));
  EXPECT_TRUE(session);
  return session.value_or(sdp::Session{});
}

TEST(MediaTerms, TwoHandsetsAgreeOnEverything) {
  auto const offer = heard(sdp::make_offer(phone(sdp::Security::required, 500)));
  EXPECT_EQ(tone_in(offer), 500U);
  EXPECT_TRUE(has_secure_audio(offer));
  auto const answer = answer_with_audio(offer, phone(sdp::Security::optional, 900));
  ASSERT_TRUE(answer);
  EXPECT_EQ(tone_in(heard(*answer)), 900U);
  auto const streams = sdp::agreed(*answer, offer);
  ASSERT_EQ(streams.size(), 2U);
  for (auto const& stream : streams) {
    ASSERT_TRUE(stream.local_crypto && stream.remote_crypto);
    EXPECT_TRUE(SrtpSession::make(stream.local_crypto->key, stream.remote_crypto->key));
  }
}

TEST(MediaTerms, AnswersPlainWherePlainWasOffered) {
  auto const answer =
      answer_with_audio(sdp::make_offer(phone(sdp::Security::none, 500)), phone(sdp::Security::optional, 900));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(has_secure_audio(*answer));
}

TEST(MediaTerms, AForeignPhonesOfferIsAnsweredWithItsPayloadTypes) {
  auto const offer = sdp::parse_session(
      "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=Talk\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
      "m=audio 7078 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
      "m=video 9078 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\n");
  ASSERT_TRUE(offer);
  auto const answer = answer_with_audio(*offer, phone(sdp::Security::optional, 900));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->media[1].port, 0) << "no codec in common";
  auto const streams = sdp::agreed(*answer, *offer);
  ASSERT_EQ(streams.size(), 1U);
  EXPECT_EQ(streams[0].send.encoding, "PCMU");
  EXPECT_FALSE(tone_in(*offer));
}

TEST(MediaTerms, RefusesWhereNoAudioIsLeft) {
  auto const silent = phone(sdp::Security::none, 500);
  auto only_video = sdp::make_offer(silent);
  only_video.media[0].port = 0;
  EXPECT_FALSE(answer_with_audio(only_video, silent));
  auto opus = sdp::make_offer(silent);
  opus.media[0].codecs = {{.payload_type = 96, .encoding = "opus", .clock_rate = 48'000, .channels = 2}};
  EXPECT_FALSE(answer_with_audio(opus, silent));
}

TEST(MediaTerms, NonsenseIsNoTone) {
  auto session = sdp::make_offer(phone(sdp::Security::none, 500));
  for (auto const* value : {"", "x", "500x", "99999999999"}) {
    session.media[0].attributes.back().value = value;
    EXPECT_FALSE(tone_in(session)) << value;
  }
  EXPECT_FALSE(tone_in({}));
}

}  // namespace
}  // namespace reveille::sim::handset
