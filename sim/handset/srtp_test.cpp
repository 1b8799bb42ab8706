#include "sim/handset/srtp.hpp"

#include "sim/handset/rtp.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

TEST(Srtp, AKeyIsNewEachTimeAndAsLongAsTheSuiteWants) {
  SeededRandom random;
  auto const key = make_srtp_key(random);
  EXPECT_EQ(key.size(), srtp_key_bytes / 3 * 4);
  EXPECT_NE(make_srtp_key(random), key);
}

TEST(Srtp, TheOtherEndHearsWhatWasSaid) {
  SeededRandom random;
  auto const romeo = make_srtp_key(random);
  auto const juliet = make_srtp_key(random);
  auto his = SrtpSession::make(romeo, juliet);
  auto hers = SrtpSession::make(juliet, romeo);
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
  auto const romeo = make_srtp_key(random);
  auto const juliet = make_srtp_key(random);
  auto his = SrtpSession::make(romeo, juliet);
  auto hers = SrtpSession::make(juliet, romeo);
  auto strangers = SrtpSession::make(juliet, juliet);
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
  EXPECT_FALSE(SrtpSession::make("AAAA", romeo));
  EXPECT_FALSE(SrtpSession::make(romeo, "not base64"));
}

}  // namespace
}  // namespace reveille::sim::handset
