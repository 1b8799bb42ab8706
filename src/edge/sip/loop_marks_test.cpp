#include "edge/sip/loop_marks.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

namespace reveille::edge::sip {
namespace {

wire::Message request(std::string const& method, std::string const& uri, std::string const& fields = "") {
  auto parsed = wire::Message::parse(method + ' ' + uri + " SIP/2.0\r\n" + fields +
                                     "Via: SIP/2.0/UDP romeo.example;branch=z9hG4bKhis;x=\"a;b\"\r\n"
                                     "From: <sip:r@x>;tag=1\r\nTo: <sip:j@x>\r\nCall-ID: c\r\nCSeq: 7 " +
                                     method + "\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(parsed);
  return std::move(*parsed);
}

std::string via(std::string const& mark) {
  return "Via: SIP/2.0/TCP other.example;branch=z9hG4bKq-, SIP/2.0/UDP us.example;rport;branch=z9hG4bK00ff" + mark +
         "\r\n";
}

struct LoopMarksTest : testing::Test {
  SeededRandom random;
  LoopMarks marks{random};
  std::string const mark = marks.mark_of(*request("INVITE", "sip:j@x"));
};

// RFC 5393 section 4.2.2.
TEST_F(LoopMarksTest, a_request_that_comes_back_as_it_was_has_looped) {
  EXPECT_FALSE(marks.has_looped(*request("INVITE", "sip:j@x")));
  EXPECT_TRUE(marks.has_looped(*request("INVITE", "sip:j@x", via(mark))));
}

TEST_F(LoopMarksTest, one_that_goes_elsewhere_now_is_spiralling) {
  EXPECT_FALSE(marks.has_looped(*request("INVITE", "sip:nurse@x", via(mark))));
  EXPECT_FALSE(marks.has_looped(*request("INVITE", "sip:j@x", via(mark) + "Route: <sip:us.example;lr>\r\n")));
}

TEST_F(LoopMarksTest, a_branch_of_others_is_theirs) {
  EXPECT_FALSE(marks.has_looped(*request("INVITE", "sip:j@x", via(""))));
  EXPECT_FALSE(marks.has_looped(*request("INVITE", "sip:j@x", via("-0123456789abcdef"))));
  LoopMarks const another{random};
  EXPECT_FALSE(another.has_looped(*request("INVITE", "sip:j@x", via(mark))));
}

// RFC 5393 section 4.2.1: it "MUST NOT vary with the request method".
TEST_F(LoopMarksTest, cancel_and_ack_have_the_mark_of_their_invite) {
  EXPECT_EQ(marks.mark_of(*request("CANCEL", "sip:j@x")), mark);
  EXPECT_EQ(mark.size(), loop_mark_size);
}

}  // namespace
}  // namespace reveille::edge::sip
