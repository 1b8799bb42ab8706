#include "sim/handset/srtp.hpp"

#include "sim/handset/rtp.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

TEST(CryptoLine, WhatIsWrittenIsRead) {
  SeededRandom random;
  auto const line = make_crypto_line(random, 7);
  EXPECT_EQ(line.key.size(), srtp_key_bytes);
  EXPECT_EQ(parse_crypto_line(format_crypto_line(line)), line);
}

TEST(CryptoLine, ReadsWhatTheRfcShows) {
  // RFC 4568 section 10.1.1, with its lifetime.
  auto const line = parse_crypto_line("1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->key, "YS___semctl () {\t220;}\n}\nunles");
}

TEST(CryptoLine, RefusesWhatItCannotHonour) {
  for (auto const* text :
       {"", "1", "1 AES_CM_128_HMAC_SHA1_80",
        "1 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
        "x AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|1:4",
        "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz UNENCRYPTED_SRTP"})
    EXPECT_FALSE(parse_crypto_line(text)) << text;
}

TEST(Srtp, TheOtherEndHearsWhatWasSaid) {
  SeededRandom random;
  auto const romeo = make_crypto_line(random, 1);
  auto const juliet = make_crypto_line(random, 1);
  auto his = SrtpSession::make(romeo.key, juliet.key);
  auto hers = SrtpSession::make(juliet.key, romeo.key);
  ASSERT_TRUE(his && hers);

  auto const said = encode_rtp({.sequence = 1, .source = 5, .payload = "but soft"});
  auto const sent = his->protect(said);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->size(), said.size() + 10);
  EXPECT_EQ(sent->find("but soft"), std::string::npos);
  EXPECT_EQ(hers->unprotect(*sent), said);
}

TEST(Srtp, RefusesReplaysForgeriesAndOtherKeys) {
  SeededRandom random;
  auto const romeo = make_crypto_line(random, 1);
  auto const juliet = make_crypto_line(random, 1);
  auto his = SrtpSession::make(romeo.key, juliet.key);
  auto hers = SrtpSession::make(juliet.key, romeo.key);
  auto strangers = SrtpSession::make(juliet.key, juliet.key);
  ASSERT_TRUE(his && hers && strangers);

  auto const sent = his->protect(encode_rtp({.sequence = 1, .source = 5, .payload = "but soft"}));
  ASSERT_TRUE(sent);
  auto forged = *sent;
  forged[13] ^= 1;
  EXPECT_FALSE(hers->unprotect(forged));
  EXPECT_FALSE(strangers->unprotect(*sent));
  EXPECT_TRUE(hers->unprotect(*sent));
  EXPECT_FALSE(hers->unprotect(*sent));
  EXPECT_FALSE(hers->unprotect("short"));
  EXPECT_FALSE(hers->unprotect(std::string(4000, 'x')));
  EXPECT_FALSE(SrtpSession::make("short", romeo.key));
}

}  // namespace
}  // namespace reveille::sim::handset
