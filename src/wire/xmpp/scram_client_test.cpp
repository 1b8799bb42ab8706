#include "wire/xmpp/scram_client.hpp"

#include <gtest/gtest.h>

namespace reveille::xmpp {
namespace {

// RFC 5802 section 5.
TEST(ScramClient, SpeaksTheConversationOfRfc5802) {
  ScramClient client{ScramHash::sha1, "user", Secret{"pencil"}, "fyko+d2lbbFgONRv9qkxdawL"};
  EXPECT_EQ(client.first(), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  EXPECT_EQ(client.answer("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
  EXPECT_TRUE(client.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
  EXPECT_FALSE(client.verify("v=rmF9pqV8S7suAoZWja4dJRkFsKA="));
  EXPECT_FALSE(client.verify("e=invalid-proof"));
}

// RFC 7677 section 3.
TEST(ScramClient, SpeaksTheConversationOfRfc7677) {
  ScramClient client{ScramHash::sha256, "user", Secret{"pencil"}, "rOprNGfwEbeRWgbNEkqO"};
  EXPECT_EQ(
      client.answer("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(client.verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

TEST(ScramClient, RefusesAServerThatDoesNotContinueTheNonce) {
  ScramClient client{ScramHash::sha1, "user", Secret{"pencil"}, "abc"};
  for (auto const* challenge :
       {"r=abd1,s=QSXCR+Q6sek8bf92,i=4096", "r=abc,s=QSXCR+Q6sek8bf92,i=4096", "r=abc1,s=?,i=4096",
        "r=abc1,s=QSXCR+Q6sek8bf92,i=0", "r=abc1,s=QSXCR+Q6sek8bf92,i=99999999", "r=abc1", ""})
    EXPECT_FALSE(client.answer(challenge)) << challenge;
  EXPECT_FALSE(client.verify("v="));
}

TEST(Scram, NamesAreEscaped) {
  EXPECT_EQ(escape_scram_name("a,b=c"), "a=2Cb=3Dc");
  EXPECT_EQ(unescape_scram_name("a=2Cb=3Dc"), "a,b=c");
  EXPECT_FALSE(unescape_scram_name("a=2c"));
  EXPECT_FALSE(unescape_scram_name("a="));
}

}  // namespace
}  // namespace reveille::xmpp
