#include "wire/crypto/digest.hpp"

#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace reveille::crypto {
namespace {

TEST(Digest, PublishedVectors) {
  EXPECT_EQ(encode_hex(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");           // RFC 1321 A.5
  EXPECT_EQ(encode_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");  // RFC 3174 7.3
  EXPECT_EQ(encode_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  EXPECT_EQ(encode_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231 4.3
  EXPECT_EQ(encode_hex(pbkdf2_sha1("password", "salt", 4096)), "4b007901b765489abead49d926f721d065a429c1");  // RFC 6070
  EXPECT_EQ(encode_hex(hmac_sha1("", "")), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

}  // namespace
}  // namespace reveille::crypto
