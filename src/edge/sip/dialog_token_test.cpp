#include "edge/sip/dialog_token.hpp"

#include <gtest/gtest.h>

namespace reveille::edge::sip {
namespace {

DialogTokens const tokens{Secret{std::string(32, 'k')}};
DialogEnd const juliet{
    .account = "juliet@localhost", .instance = "00000000-0000-4000-8000-0000000000a1", .remote = "udp 127.0.0.1:5060"};

TEST(DialogToken, ComesBackAsItWas) {
  auto const token = tokens.write(juliet);
  EXPECT_EQ(tokens.read(token), juliet);
  EXPECT_EQ(tokens.read_uri("sip:" + token + "@127.0.0.1:5060;transport=tcp;lr"), juliet);
}

TEST(DialogToken, WhatWeDidNotWriteIsNotRead) {
  auto const token = tokens.write(juliet);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.read(changed)) << i;
  }
  EXPECT_FALSE(DialogTokens{Secret{std::string(32, 'x')}}.read(token));
  for (auto uri : {"sip:127.0.0.1;lr", "sip:juliet@localhost", "tel:+1", ""}) EXPECT_FALSE(tokens.read_uri(uri)) << uri;
}

}  // namespace
}  // namespace reveille::edge::sip
