#include "wire/sip/reason.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

Message cancel(std::string const& fields) {
  auto parsed = Message::parse(
      "CANCEL sip:juliet@example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:r@x>;tag=1\r\n"
      "To: <sip:j@x>\r\nCall-ID: c\r\nCSeq: 1 CANCEL\r\n" +
      fields + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(parsed);
  return std::move(*parsed);
}

// RFC 3326 section 2: "one for each protocol".
TEST(Reason, all_of_a_message_are_one_value) {
  EXPECT_EQ(reasons_of(*cancel("")), "");
  EXPECT_EQ(reasons_of(*cancel("Reason: Q.850 ;cause=16 ;text=\"Terminated, by user\"\r\n"
                               "reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n")),
            "Q.850 ;cause=16 ;text=\"Terminated, by user\", SIP;cause=200;text=\"Call completed elsewhere\"");
}

TEST(Reason, what_is_none_or_too_long_is_left_out) {
  EXPECT_EQ(reasons_of(*cancel("Reason: ;cause=200, SIP;=, two words;cause=1, X\r\n")), "X");
  EXPECT_EQ(reasons_of(*cancel("Reason: SIP;text=\"" + std::string(600, 'x') + "\", Q.850;cause=16\r\n")),
            "Q.850;cause=16");
}

TEST(Reason, a_call_completed_elsewhere_is_told_from_one_given_up) {
  EXPECT_TRUE(is_completed_elsewhere("SIP;cause=200"));
  EXPECT_TRUE(is_completed_elsewhere("Q.850;cause=26, sip ; cause=200 ; text=\"Call completed elsewhere\""));
  EXPECT_FALSE(is_completed_elsewhere(""));
  EXPECT_FALSE(is_completed_elsewhere("SIP;cause=600;text=\"Busy Everywhere\""));
  EXPECT_FALSE(is_completed_elsewhere("Q.850;cause=200"));
  EXPECT_FALSE(is_completed_elsewhere("SIP;text=\"cause=200\""));
}

}  // namespace
}  // namespace reveille::sip
