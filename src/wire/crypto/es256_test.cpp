// ES256 signed here, checked here, and a signature of RFC 7515 appendix A.3.
#include "wire/crypto/es256.hpp"

#include <gtest/gtest.h>

namespace reveille::crypto {
namespace {

TEST(Es256, SignsWhatItsPublicHalfAccepts) {
  auto const key = Es256Key::generate();
  auto const signature = key.sign("Juliet");
  EXPECT_EQ(signature.size(), 64u);
  EXPECT_TRUE(key.public_half().verify("Juliet", signature));
  EXPECT_FALSE(key.public_half().verify("Romeo", signature));
  EXPECT_FALSE(Es256Key::generate().public_half().verify("Juliet", signature));
  auto broken = signature;
  broken[5] = static_cast<char>(broken[5] ^ 1);
  EXPECT_FALSE(key.public_half().verify("Juliet", broken));
  EXPECT_FALSE(key.public_half().verify("Juliet", signature.substr(1)));
  EXPECT_FALSE(key.public_half().verify("Juliet", std::string(64, '\0')));
}

TEST(Es256, GoesThroughPemAndBack) {
  auto const key = Es256Key::generate();
  auto const again = Es256Key::from_pem(key.private_pem());
  ASSERT_TRUE(again.has_value());
  auto const checker = Es256PublicKey::from_pem(key.public_pem());
  ASSERT_TRUE(checker.has_value());
  EXPECT_TRUE(checker->verify("x", again->sign("x")));
  EXPECT_EQ(Es256Key::from_pem("nonsense").error().code, ErrorCode::malformed);
  EXPECT_EQ(Es256PublicKey::from_pem(key.private_pem()).error().code, ErrorCode::malformed);
}

TEST(Es256, AcceptsTheExampleOfRfc7515) {
  auto const key = Es256PublicKey::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
      "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_TRUE(key.has_value());
  auto const jws = split_compact(
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  ASSERT_TRUE(jws.has_value());
  EXPECT_EQ(jws->header, R"({"alg":"ES256"})");
  EXPECT_TRUE(key->verify(jws->signed_text, jws->signature));
}

TEST(CompactJws, RefusesOtherForms) {
  EXPECT_FALSE(split_compact(""));
  EXPECT_FALSE(split_compact("a.b"));
  EXPECT_FALSE(split_compact("YQ.YQ.YQ.YQ"));
  EXPECT_FALSE(split_compact("YQ.Y*.YQ"));
  auto const key = Es256Key::generate();
  auto const jws = split_compact(sign_compact(key, "{}", R"({"iat":1})"));
  ASSERT_TRUE(jws.has_value());
  EXPECT_EQ(jws->payload, R"({"iat":1})");
  EXPECT_TRUE(key.public_half().verify(jws->signed_text, jws->signature));
}

}  // namespace
}  // namespace reveille::crypto
