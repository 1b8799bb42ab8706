#include "edge/sip/dialog_token.hpp"

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
  // Nor with the Call-ID moved into the text that is signed.
  auto const dot = token.find('.');
  EXPECT_FALSE(tokens.read(token.substr(0, dot) + '\0' + "call" + token.substr(dot), "another"));
  // A token without a Call-ID in its signature would be good in any dialog.
  EXPECT_FALSE(
      tokens.read("anVsaWV0QGxvY2FsaG9zdAAwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwYTEAdWRwIDEyNy4wLjAuMTo1MDYw."
                  "5SMHcd8a4Ie31L9A",
                  "call"));
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
