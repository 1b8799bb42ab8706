#include "sim/handset/rtp.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <tuple>
#include <vector>

namespace reveille::sim::handset {
namespace {

TEST(Rtp, WhatIsEncodedIsDecoded) {
  auto const bytes =
      encode_rtp({.payload_type = 96, .sequence = 65535, .timestamp = 0xDEADBEEF, .source = 7, .payload = "abc"});
  ASSERT_EQ(bytes.size(), 15U);
  auto const packet = decode_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_EQ(packet->sequence, 65535);
  EXPECT_EQ(packet->timestamp, 0xDEADBEEF);
  EXPECT_EQ(packet->source, 7U);
  EXPECT_EQ(packet->payload, "abc");
}

TEST(Rtp, SkipsContributorsExtensionAndPadding) {
  auto bytes = encode_rtp({.payload_type = 0, .sequence = 1, .timestamp = 2, .source = 3, .payload = {}});
  bytes[0] = static_cast<char>(0x80 | 0x20 | 0x10 | 1);
  bytes += std::string("\0\0\0\1", 4);          // one contributor
  bytes += std::string("\xBE\xDE\0\1wxyz", 8);  // an extension of one word
  bytes += "sound";
  bytes += std::string("\0\0\3", 3);
  auto const packet = decode_rtp(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload, "sound");
}

TEST(Rtp, RefusesWhatIsShorterThanItSays) {
  auto const good = encode_rtp({.payload = "x"});
  for (std::size_t size = 0; size < 12; ++size) EXPECT_FALSE(decode_rtp(good.substr(0, size)));
  auto contributors = good;
  contributors[0] = static_cast<char>(0x8F);
  EXPECT_FALSE(decode_rtp(contributors));
  auto padding = good;
  padding[0] = static_cast<char>(0xA0);
  padding.back() = 9;
  EXPECT_FALSE(decode_rtp(padding));
  auto version = good;
  version[0] = 0x40;
  EXPECT_FALSE(decode_rtp(version));
}

RtpPacket from(std::uint32_t source, std::uint16_t sequence, std::uint8_t payload_type = 0) {
  return {.payload_type = payload_type, .sequence = sequence, .source = source};
}

TEST(RtpReception, BelievesASourceFromItsSecondPacketAndCountsBySequence) {
  RtpReception reception(0);
  EXPECT_FALSE(reception.take(from(7, 65534)));
  EXPECT_FALSE(reception.source());
  EXPECT_TRUE(reception.take(from(7, 65535)));
  EXPECT_EQ(reception.source(), 7U);
  EXPECT_TRUE(reception.take(from(7, 0)));
  EXPECT_TRUE(reception.take(from(7, 3)));
  EXPECT_EQ(reception.lost(), 2U);
  EXPECT_TRUE(reception.take(from(7, 1))) << "late";
  EXPECT_EQ(reception.lost(), 1U);
  EXPECT_EQ(reception.received(), 5U);
}

TEST(RtpReception, CountsNothingOfOtherPayloadTypesAndStrangers) {
  RtpReception reception(0);
  for (std::uint16_t sequence = 1; sequence < 5; ++sequence) EXPECT_FALSE(reception.take(from(7, sequence, 101)));
  for (std::uint16_t sequence = 1; sequence < 50; sequence += 2) EXPECT_FALSE(reception.take(from(sequence, 1)));
  EXPECT_EQ(reception.received(), 0U);
  EXPECT_FALSE(reception.source());
}

TEST(RtpReception, FollowsASourceThatIsReplacedOrBeginsAnew) {
  RtpReception reception(0);
  for (std::uint16_t sequence = 1; sequence < 5; ++sequence) std::ignore = reception.take(from(7, sequence));
  EXPECT_FALSE(reception.take(from(9, 40)));
  EXPECT_TRUE(reception.take(from(9, 41)));
  EXPECT_EQ(reception.source(), 9U);
  EXPECT_FALSE(reception.take(from(9, 30'000)));
  EXPECT_TRUE(reception.take(from(9, 30'001)));
  EXPECT_EQ(reception.lost(), 0U);
  EXPECT_EQ(reception.received(), 8U);
}

TEST(MuLaw, KeepsEverySampleWithinItsStep) {
  EXPECT_EQ(encode_mu_law(0), 0xFF);
  EXPECT_EQ(decode_mu_law(0xFF), 0);
  EXPECT_EQ(decode_mu_law(0x80), 32124);
  EXPECT_EQ(decode_mu_law(0x00), -32124);
  for (int sample = -32768; sample <= 32767; sample += 7) {
    int const back = decode_mu_law(encode_mu_law(static_cast<std::int16_t>(sample)));
    EXPECT_LE(std::abs(back - sample), std::abs(sample) / 16 + 8) << sample;
  }
}

TEST(Tone, EveryToneIsRecognisedAndNoOther) {
  for (unsigned tone = lowest_tone; tone <= highest_tone; tone += tone_step) {
    ToneSource source(tone);
    ToneEar right(tone);
    ToneEar wrong(tone == highest_tone ? tone - tone_step : tone + tone_step);
    for (int frame = 0; frame < 10; ++frame) {
      EXPECT_FALSE(right.recognised());
      auto const sound = source.next_frame();
      right.hear(sound);
      wrong.hear(sound);
    }
    EXPECT_TRUE(right.recognised()) << tone;
    EXPECT_FALSE(wrong.recognised()) << tone;
  }
}

TEST(Tone, SilenceIsNoTone) {
  ToneEar ear(1000);
  for (int frame = 0; frame < 20; ++frame) ear.hear(std::string(samples_per_frame, '\xFF'));
  EXPECT_FALSE(ear.recognised());
  ear.hear("");
  EXPECT_FALSE(ear.recognised());
}

TEST(Tone, AnswererNeverPlaysTheOfferersTone) {
  for (auto const* name : {"romeo@localhost", "juliet@localhost", ""}) {
    auto const tone = tone_of(name);
    EXPECT_EQ(tone % tone_step, 0U);
    EXPECT_NE(tone_of(name, tone), tone);
    EXPECT_GE(tone_of(name, tone), lowest_tone);
    EXPECT_LE(tone_of(name, tone), highest_tone);
  }
}

TEST(Picture, AnyOtherSidesPicturesAreRecognisedAndNotOnesOwn) {
  PictureEye other(2);
  PictureEye own(1);
  PictureEye confused(2);
  for (std::uint16_t sequence = 0; sequence < 5; ++sequence) {
    auto const payload = picture_of(1, sequence);
    EXPECT_EQ(payload.size(), picture_bytes);
    RtpPacket const packet{.payload_type = 96, .sequence = sequence, .payload = payload};
    EXPECT_FALSE(other.recognised());
    other.see(packet);
    own.see(packet);
    auto const another = picture_of(sequence, sequence);
    confused.see({.payload_type = 96, .sequence = sequence, .payload = another});
  }
  EXPECT_TRUE(other.recognised());
  EXPECT_FALSE(own.recognised()) << "an echo";
  EXPECT_FALSE(confused.recognised());
  other.see({.payload_type = 96, .sequence = 5, .payload = "VP8"});
  EXPECT_FALSE(other.recognised());
}

}  // namespace
}  // namespace reveille::sim::handset
