#include "wire/sip/writer.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace reveille::sip {
namespace {

std::string const invite_text =
    "INVITE sip:juliet@localhost SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa, SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKz\r\n"
    "Via: SIP/2.0/TCP 10.0.0.8;branch=z9hG4bKy\r\n"
    "Max-Forwards: 17\r\n"
    "Route: <sip:one;lr>, <sip:two;lr>\r\n"
    "Record-Route: <sip:before;lr>\r\n"
    "From: <sip:romeo@localhost>;tag=r1\r\n"
    "To: <sip:juliet@localhost>\r\n"
    "Call-ID: c1\r\n"
    "CSeq: 7 INVITE\r\n"
    "Proxy-Authorization: Digest username=\"romeo\"\r\n"
    "X-Kept: as it is\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "v=0\r\n";

Message invite() {
  return *Message::parse(invite_text);
}

TEST(Writer, AResponseCopiesWhatSection8Asks) {
  std::string out;
  auto const request = invite();
  EXPECT_EQ(respond(out, *request, {.status = 180, .to_tag = "j1"}).header("X-A", "b").finish(), Written::yes);
  EXPECT_EQ(out,
            "SIP/2.0 180 Ringing\r\n"
            "Via: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKa, SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKz\r\n"
            "Via: SIP/2.0/TCP 10.0.0.8;branch=z9hG4bKy\r\n"
            "Record-Route: <sip:before;lr>\r\n"
            "From: <sip:romeo@localhost>;tag=r1\r\n"
            "To: <sip:juliet@localhost>;tag=j1\r\n"
            "Call-ID: c1\r\n"
            "CSeq: 7 INVITE\r\n"
            "X-A: b\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(Writer, AResponseMarksWhereTheRequestCameFrom) {
  std::string out;
  auto const request = invite();
  Source const source{.address = "192.0.2.1", .port = 61000};
  EXPECT_EQ(respond(out, *request, {.status = 100, .to_tag = "j1", .source = source}).finish(), Written::yes);
  auto const response = *Message::parse(out);
  auto const via = parse_via(*response->elements(HeaderName::via).begin());
  ASSERT_TRUE(via);
  EXPECT_EQ(via->rport(), 61000);
  EXPECT_EQ(via->received(), "192.0.2.1");
  EXPECT_EQ(response->text(HeaderName::to), "<sip:juliet@localhost>");
  EXPECT_FALSE(response->has(HeaderName::record_route));
}

TEST(Writer, ForwardsWithEdits) {
  std::string out;
  auto const request = invite();
  Forward forward(*request);
  forward.request_uri("sip:juliet@10.1.1.1:40000")
      .source({.address = "10.0.0.1", .port = 5070})
      .prepend_via("SIP/2.0/TLS proxy;branch=z9hG4bKp")
      .decrement_max_forwards()
      .pop_route()
      .record_route("<sip:proxy;lr>")
      .remove(HeaderName::proxy_authorization)
      .add("Reveille-Call-UUID", "u-1");
  EXPECT_EQ(forward.write(out), Written::yes);
  EXPECT_EQ(out,
            "INVITE sip:juliet@10.1.1.1:40000 SIP/2.0\r\n"
            "Via: SIP/2.0/TLS proxy;branch=z9hG4bKp\r\n"
            "Record-Route: <sip:proxy;lr>\r\n"
            "Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport=5070;received=10.0.0.1, "
            "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKz\r\n"
            "Via: SIP/2.0/TCP 10.0.0.8;branch=z9hG4bKy\r\n"
            "Max-Forwards: 16\r\n"
            "Route: <sip:two;lr>\r\n"
            "Record-Route: <sip:before;lr>\r\n"
            "From: <sip:romeo@localhost>;tag=r1\r\n"
            "To: <sip:juliet@localhost>\r\n"
            "Call-ID: c1\r\n"
            "CSeq: 7 INVITE\r\n"
            "X-Kept: as it is\r\n"
            "Content-Type: application/sdp\r\n"
            "Reveille-Call-UUID: u-1\r\n"
            "Content-Length: 5\r\n"
            "\r\n"
            "v=0\r\n");
}

TEST(Writer, ForwardsAResponseWithoutItsTopmostVia) {
  auto const response =
      *Message::parse("SIP/2.0 200 Fine\r\nv: SIP/2.0/UDP a;branch=1\r\nVia: SIP/2.0/UDP b\r\nl: 0\r\n\r\n");
  std::string out;
  EXPECT_EQ(Forward(*response).pop_via().write(out), Written::yes);
  EXPECT_EQ(out, "SIP/2.0 200 Fine\r\nVia: SIP/2.0/UDP b\r\nContent-Length: 0\r\n\r\n");
}

TEST(Writer, ReplacesFieldsAndBody) {
  auto const request = invite();
  std::string out;
  Forward forward(*request);
  forward.replace(HeaderName::call_id, "c2").remove("x-kept").push_route("<sip:zero;lr>").body("text/plain", "hello");
  EXPECT_EQ(forward.write(out), Written::yes);
  auto const sent = *Message::parse(out);
  EXPECT_EQ(sent->call_id(), "c2");
  EXPECT_EQ(sent->count(HeaderName::call_id), 1U);
  EXPECT_FALSE(sent->first("X-Kept"));
  EXPECT_EQ(*sent->elements(HeaderName::route).begin(), "<sip:zero;lr>");
  EXPECT_EQ(sent->text(HeaderName::content_type), "text/plain");
  EXPECT_EQ(sent->count(HeaderName::content_type), 1U);
  EXPECT_EQ(sent->body(), "hello");
}

TEST(Writer, AddsMaxForwardsAndNeverCountsBelowZero) {
  auto const bare = *Message::parse("OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\n\r\n");
  std::string out;
  EXPECT_EQ(Forward(*bare).decrement_max_forwards().write(out), Written::yes);
  EXPECT_EQ((*Message::parse(out))->text(HeaderName::max_forwards), "70");
  auto const zero = *Message::parse("OPTIONS sip:a SIP/2.0\r\nMax-Forwards: 0\r\n\r\n");
  EXPECT_EQ(Forward(*zero).decrement_max_forwards().write(out), Written::yes);
  EXPECT_EQ((*Message::parse(out))->text(HeaderName::max_forwards), "0");
}

TEST(Writer, NoValueCanAddAField) {
  auto const request = invite();
  std::string out = "old";
  for (std::string_view const evil : {"a\r\nEvil: yes", "a\nb", "a\r"}) {
    EXPECT_EQ(MessageWriter(out).request_line("INVITE", "sip:a").header("X", evil).finish(), Written::line_break);
    EXPECT_EQ(out, "");
    EXPECT_EQ(MessageWriter(out).request_line("INVITE", evil).finish(), Written::line_break);
    EXPECT_EQ(MessageWriter(out).status_line(200, evil).finish(), Written::line_break);
    EXPECT_EQ(respond(out, *request, {.status = 200, .to_tag = evil}).finish(), Written::line_break);
    EXPECT_EQ(Forward(*request).request_uri(evil).write(out), Written::line_break);
    EXPECT_EQ(Forward(*request).add("X", evil).write(out), Written::line_break);
    EXPECT_EQ(Forward(*request).add(evil, "x").write(out), Written::line_break);
    EXPECT_EQ(Forward(*request).body(evil, "x").write(out), Written::line_break);
    EXPECT_EQ(out, "");
  }
}

TEST(Writer, RefusesMoreEditsOrBytesThanItHolds) {
  auto const request = invite();
  std::string out;
  Forward forward(*request);
  for (int i = 0; i < 33; ++i) forward.add("X", "y");
  EXPECT_EQ(forward.write(out), Written::too_many_edits);
  std::string const huge(70'000, 'x');
  EXPECT_EQ(Forward(*request).body("a/b", huge).write(out), Written::too_large);
}

TEST(Writer, WritesANewRequest) {
  std::string out;
  MessageWriter writer(out);
  writer.request_line(Method::options, "sip:b").header(HeaderName::max_forwards, 70).cseq(3, "OPTIONS");
  EXPECT_EQ(writer.finish("text/plain", "hi"), Written::yes);
  EXPECT_EQ(out,
            "OPTIONS sip:b SIP/2.0\r\nMax-Forwards: 70\r\nCSeq: 3 OPTIONS\r\nContent-Type: text/plain\r\n"
            "Content-Length: 2\r\n\r\nhi");
}

TEST(Status, HasAPhraseForAll) {
  EXPECT_EQ(reason_of(555), "Push Notification Service Not Supported");
  EXPECT_EQ(reason_of(499), "Error");
  EXPECT_EQ(reason_of(9999), "Unknown");
}

}  // namespace
}  // namespace reveille::sip
