#include "wire/crypto/seal.hpp"

#include <gtest/gtest.h>

namespace reveille::crypto {
namespace {

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

std::string const key(seal_key_size, 'k');

TEST(Seal, ComesBackAsItWas) {
  for (std::string const& text : {std::string("x"), std::string("juliet\0phone", 12), std::string(100'000, 'y')}) {
    auto const sealed = seal(key, text, "call");
    EXPECT_EQ(sealed.size(), text.size() + 16);
    EXPECT_EQ(sealed.find(text), std::string::npos);
    EXPECT_EQ(seal(key, text, "call"), sealed);
    EXPECT_EQ(open_sealed(key, sealed, "call"), text);
  }
}

TEST(Seal, RFC5297_A_1) {
  auto const vector_key = bytes("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  auto const context = bytes("101112131415161718191a1b1c1d1e1f2021222324252627");
  auto const text = bytes("112233445566778899aabbccddee");
  auto const sealed = bytes("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
  EXPECT_EQ(seal(vector_key, text, context), sealed);
  EXPECT_EQ(open_sealed(vector_key, sealed, context), text);
}

TEST(Seal, IsOpenedByNothingElse) {
  auto const sealed = seal(key, "juliet", "call");
  EXPECT_FALSE(open_sealed(key, sealed, "another"));
  EXPECT_FALSE(open_sealed(key, sealed, ""));
  EXPECT_FALSE(open_sealed(std::string(seal_key_size, 'x'), sealed, "call"));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(open_sealed(key, sealed.substr(0, size), "call"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_sealed(key, changed, "call")) << i;
  }
  EXPECT_EQ(open_sealed(key, sealed, "call"), "juliet");
}

}  // namespace
}  // namespace reveille::crypto
