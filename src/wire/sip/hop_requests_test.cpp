#include "wire/sip/hop_requests.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

Message message(std::string text) {
  auto parsed = Message::parse(std::move(text));
  EXPECT_TRUE(parsed);
  return std::move(*parsed);
}

Message const invite = message(
    "INVITE sip:juliet@192.0.2.4:4711 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP proxy.example:5060;branch=z9hG4bKour, SIP/2.0/UDP romeo.example;branch=z9hG4bKhis\r\n"
    "Max-Forwards: 69\r\n"
    "Route: <sip:one.example;lr>\r\n"
    "Route: <sip:two.example;lr>\r\n"
    "Require: 100rel\r\n"
    "From: <sip:romeo@example>;tag=1\r\nTo: <sip:juliet@example>\r\nCall-ID: c1\r\nCSeq: 17 INVITE\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0");

// RFC 3261 section 17.1.1.3.
TEST(HopRequests, AckTakesToFromTheResponseAndTheRestFromTheInvite) {
  auto const busy = message(
      "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP proxy.example:5060;branch=z9hG4bKour\r\n"
      "From: <sip:romeo@example>;tag=1\r\nTo: <sip:juliet@example>;tag=j\r\nCall-ID: c1\r\nCSeq: 17 INVITE\r\n"
      "Content-Length: 0\r\n\r\n");
  std::string text;
  ASSERT_EQ(write_hop_ack(text, *invite, *busy), Written::yes);
  EXPECT_EQ(text,
            "ACK sip:juliet@192.0.2.4:4711 SIP/2.0\r\n"
            "Via: SIP/2.0/UDP proxy.example:5060;branch=z9hG4bKour\r\n"
            "Max-Forwards: 70\r\n"
            "From: <sip:romeo@example>;tag=1\r\nTo: <sip:juliet@example>;tag=j\r\nCall-ID: c1\r\nCSeq: 17 ACK\r\n"
            "Route: <sip:one.example;lr>\r\nRoute: <sip:two.example;lr>\r\n"
            "Content-Length: 0\r\n\r\n");
}

// RFC 3261 section 9.1: no Require; RFC 3326: why.
TEST(HopRequests, CancelEqualsTheInviteButForItsMethod) {
  std::string text;
  ASSERT_EQ(write_cancel(text, *invite, R"(SIP;cause=200;text="Call completed elsewhere")"), Written::yes);
  EXPECT_EQ(text,
            "CANCEL sip:juliet@192.0.2.4:4711 SIP/2.0\r\n"
            "Via: SIP/2.0/UDP proxy.example:5060;branch=z9hG4bKour\r\n"
            "Max-Forwards: 70\r\n"
            "From: <sip:romeo@example>;tag=1\r\nTo: <sip:juliet@example>\r\nCall-ID: c1\r\nCSeq: 17 CANCEL\r\n"
            "Route: <sip:one.example;lr>\r\nRoute: <sip:two.example;lr>\r\n"
            "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(HopRequests, AReasonCannotAddAField) {
  std::string text;
  EXPECT_EQ(write_cancel(text, *invite, "SIP\r\nEvil: yes"), Written::line_break);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace reveille::sip
