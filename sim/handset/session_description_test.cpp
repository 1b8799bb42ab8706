#include "sim/handset/session_description.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

LocalMedia romeo(SeededRandom& random) {
  return {.audio_port = 4000,
          .video_port = 4002,
          .tone = 500,
          .picture = 77,
          .audio_crypto = make_crypto_line(random, 1),
          .video_crypto = make_crypto_line(random, 1),
          .id = 9};
}

LocalMedia juliet(SeededRandom& random) {
  auto media = romeo(random);
  media.audio_port = 5000;
  media.video_port = 5002;
  media.tone = 900;
  return media;
}

TEST(SessionDescription, WhatIsWrittenIsRead) {
  SeededRandom random;
  auto const offer = make_offer(romeo(random));
  auto const read = parse_session(format_session(offer));
  ASSERT_TRUE(read);
  EXPECT_EQ(format_session(*read), format_session(offer));
  ASSERT_EQ(read->streams.size(), 2U);
  EXPECT_TRUE(read->streams[0].is_secure());
  EXPECT_EQ(read->streams[0].tone, 500U);
  EXPECT_EQ(read->streams[1].picture, 77U);
  EXPECT_EQ(read->streams[0].crypto, offer.streams[0].crypto);
}

TEST(SessionDescription, AnswersInTheOffersOrderUnderKeysOfItsOwn) {
  SeededRandom random;
  auto offered = romeo(random);
  offered.audio_crypto->tag = 3;
  auto const offer = make_offer(offered);
  auto const local = juliet(random);
  auto const answer = make_answer(offer, local);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->streams.size(), 2U);
  EXPECT_EQ(answer->streams[0].port, 5000);
  EXPECT_EQ(answer->streams[0].crypto->tag, 3U);
  EXPECT_EQ(answer->streams[0].crypto->key, local.audio_crypto->key);
  EXPECT_EQ(answer->streams[1].port, 5002);
}

TEST(SessionDescription, AVoicePhoneRefusesThePicture) {
  SeededRandom random;
  auto voice_only = juliet(random);
  voice_only.video_port = 0;
  auto const answer = make_answer(make_offer(romeo(random)), voice_only);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->streams[1].port, 0);
  EXPECT_EQ(answer->find(StreamKind::video), nullptr);
}

TEST(SessionDescription, AnswersPlainWherePlainWasOffered) {
  SeededRandom random;
  auto plain = romeo(random);
  plain.audio_crypto.reset();
  plain.video_crypto.reset();
  auto const answer = make_answer(make_offer(plain), juliet(random));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->streams[0].is_secure());
  EXPECT_FALSE(answer->streams[0].crypto);
}

TEST(SessionDescription, RefusesWhereNoAudioIsLeft) {
  SeededRandom random;
  auto const opus_only = parse_session("v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 111\r\n");
  ASSERT_TRUE(opus_only);
  EXPECT_FALSE(make_answer(*opus_only, juliet(random)));
  auto const keyless = parse_session("v=0\r\nm=audio 4000 RTP/SAVP 0\r\n");
  ASSERT_TRUE(keyless);
  EXPECT_FALSE(make_answer(*keyless, juliet(random)));
}

TEST(SessionDescription, HoldIsMirrored) {
  SeededRandom random;
  auto offer = make_offer(romeo(random));
  offer.streams[0].direction = Direction::send_only;
  auto const answer = make_answer(offer, juliet(random));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->streams[0].direction, Direction::receive_only);
}

TEST(SessionDescription, StreamsMayHaveAnAddressOfTheirOwn) {
  auto const session = parse_session(
      "v=0\nc=IN IP4 10.0.0.1\na=sendonly\nm=audio 4000 RTP/AVP 8 0\nm=video 4002/2 RTP/AVP 96\nc=IN IP4 10.0.0.2\n");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->address_of(session->streams[0]), "10.0.0.1");
  EXPECT_EQ(session->address_of(session->streams[1]), "10.0.0.2");
  EXPECT_EQ(session->streams[0].direction, Direction::send_only);
}

TEST(SessionDescription, NonsenseIsRefusedAndNotGuessedAt) {
  for (auto const* text : {"", "hello", "v=1\r\n", "v=0\r\nm=audio\r\n", "v=0\r\nm=audio x RTP/AVP 0\r\n",
                           "v=0\r\nm=audio 99999 RTP/AVP 0\r\n"})
    EXPECT_FALSE(parse_session(text)) << text;
  std::string many = "v=0\r\n";
  for (std::size_t i = 0; i <= most_streams; ++i) many += "m=audio 4000 RTP/AVP 0\r\n";
  EXPECT_FALSE(parse_session(many));
  EXPECT_FALSE(parse_session("v=0\r\n" + std::string(70000, 'x')));
}

}  // namespace
}  // namespace reveille::sim::handset
