#include "edge/sip/dialog_token.hpp"

#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace reveille::edge::sip {
namespace {

DialogTokens const tokens{Secret{std::string(32, 'k')}};
DialogEnd const juliet{
    .account = "juliet@localhost", .instance = "00000000-0000-4000-8000-0000000000a1", .remote = "udp 127.0.0.1:5060"};

TEST(DialogToken, ComesBackAsItWas) {
  auto const token = tokens.write(juliet, "call");
  EXPECT_EQ(tokens.read(token, "call"), juliet);
  EXPECT_EQ(tokens.read_uri("sip:" + token + "@127.0.0.1:5060;transport=tcp;lr", "call"), juliet);
}

TEST(DialogToken, IsOfItsDialogOnly) {
  auto const token = tokens.write(juliet, "call");
  EXPECT_FALSE(tokens.read(token, "another"));
  EXPECT_FALSE(tokens.read(token, ""));
  EXPECT_FALSE(tokens.read(tokens.write(juliet, ""), "call"));
}

TEST(DialogToken, TellsTheOtherEndNothing) {
  auto const bytes = decode_base64url(tokens.write(juliet, "call")).value();
  for (auto const* known : {"juliet", "000000a1", "127.0.0.1"}) EXPECT_EQ(bytes.find(known), std::string::npos);
}

TEST(DialogToken, WhatWeDidNotWriteIsNotRead) {
  auto const token = tokens.write(juliet, "call");
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.read(changed, "call")) << i;
  }
  EXPECT_FALSE(DialogTokens{Secret{std::string(32, 'x')}}.read(token, "call"));
  for (auto uri : {"sip:127.0.0.1;lr", "sip:juliet@localhost", "tel:+1", ""})
    EXPECT_FALSE(tokens.read_uri(uri, "call")) << uri;
}

}  // namespace
}  // namespace reveille::edge::sip
