#include "wire/sip/contact.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/feature_caps.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/owned_message.hpp"
#include "wire/sip/via.hpp"

#include <gtest/gtest.h>

#include <string>

namespace reveille::sip {
namespace {

TEST(NameAddress, ReadsEachForm) {
  auto const quoted = parse_name_address("\"Jo \\\"<J>\\\"\" <sip:j@h;x=1>;tag=t1;y");
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->display_text(), "Jo \"<J>\"");
  EXPECT_EQ(quoted->uri_text, "sip:j@h;x=1");
  EXPECT_EQ(quoted->uri.parameters.value("x"), "1");
  EXPECT_EQ(quoted->tag(), "t1");
  auto const bare = parse_name_address("sip:j@h;tag=t2");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->uri_text, "sip:j@h");
  EXPECT_TRUE(bare->uri.parameters.empty());
  EXPECT_EQ(bare->tag(), "t2");
  EXPECT_EQ(parse_name_address("Jo van J<sip:j@h>")->display_text(), "Jo van J");
  EXPECT_EQ(parse_name_address("J\xc3\xb6 <sip:j@h>")->display_name, "J\xc3\xb6");
  EXPECT_EQ(parse_name_address("<tel:+123>")->uri.scheme, Scheme::tel);
}

TEST(NameAddress, RefusesWhatIsNone) {
  for (auto text : {"", "*", "\"J <sip:j@h>", "<sip:j@h", "J, K <sip:j@h>", "< sip:j@h >", "<sip:j@h>;;", "<sip:j@h>x",
                    "<sip:j@h>;tag=", "<sip:j@h>;=x", "sip:j@h?Route=x", "sip:j@h,sip:k@h", "\"J\" K <sip:j@h>", "J",
                    "<>", "<sip:j@h>;a=\"b"})
    EXPECT_FALSE(parse_name_address(text)) << text;
}

TEST(NameAddress, FindsATagWithoutReadingTheRest) {
  EXPECT_EQ(tag_of("<sip:a;tag=no>;x=\";tag=no\";tag=yes"), "yes");
  EXPECT_EQ(tag_of("sip:a"), "");
}

TEST(NameAddress, Writes) {
  EXPECT_EQ(format_name_address("A \"B\"", "sip:c", "tag=1"), "\"A \\\"B\\\"\" <sip:c>;tag=1");
  EXPECT_EQ(format_name_address("", "sip:c"), "<sip:c>");
}

TEST(Via, ReadsEachForm) {
  auto const via = parse_via("SIP / 2.0 / tls  [2001:db8::1]:5061 ; branch = z9hG4bK1 ;rport;received=2001:db8::2");
  ASSERT_TRUE(via);
  EXPECT_EQ(via->transport, Transport::tls);
  EXPECT_EQ(via->host, "2001:db8::1");
  EXPECT_EQ(via->port, 5061);
  EXPECT_EQ(via->branch(), "z9hG4bK1");
  EXPECT_TRUE(via->wants_rport());
  EXPECT_FALSE(via->rport());
  EXPECT_EQ(via->received(), "2001:db8::2");
  EXPECT_EQ(parse_via("SIP/2.0/NEW h")->transport, Transport::other);
  EXPECT_EQ(parse_via("SIP/2.0/UDP h;rport=61000")->rport(), 61000);
  for (auto text : {"", "SIP/2.0", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0/UDP h;;", "SIP/2.0/UDP h;,", "SIP//UDP h",
                    "SIP/2.0/UDP h:x", "SIP/2.0/U P h k"})
    EXPECT_FALSE(parse_via(text)) << text;
}

// The RFC's own example (section 20.42): sent-by = host [ COLON port ], and COLON has white space around it.
TEST(Via, LetsWhiteSpaceStandAroundTheColon) {
  auto const via =
      parse_via("SIP / 2.0 / UDP first.example.com: 4000;ttl=16;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1");
  ASSERT_TRUE(via);
  EXPECT_EQ(via->host, "first.example.com");
  EXPECT_EQ(via->port, 4000);
  EXPECT_EQ(via->maddr(), "224.2.0.1");
  EXPECT_EQ(via->branch(), "z9hG4bKa7c6a8dlze.1");
  EXPECT_EQ(parse_via("SIP/2.0/UDP [2001:db8::1] :\t5061")->port, 5061);
  EXPECT_EQ(parse_via("SIP/2.0/UDP h : 5061")->host, "h");
  for (auto text : {"SIP/2.0/UDP h :", "SIP/2.0/UDP h 5061", "SIP/2.0/UDP h k:5061", "SIP/2.0/UDP : 5061",
                    "SIP/2.0/UDP [::1] 5061", "SIP/2.0/UDP h: 50 61"})
    EXPECT_FALSE(parse_via(text)) << text;
  EXPECT_EQ(mark_received("SIP/2.0/UDP h : 1;rport", {.address = "192.0.2.9", .port = 4000}),
            "SIP/2.0/UDP h : 1;rport=4000;received=192.0.2.9");
}

TEST(Via, DoesNotBelieveTheSendersOwnMark) {
  Source const source{.address = "192.0.2.9", .port = 4000};
  EXPECT_EQ(mark_received("SIP/2.0/UDP h;received=1.1.1.1;branch=b", source),
            "SIP/2.0/UDP h;branch=b;received=192.0.2.9");
  EXPECT_EQ(mark_received("SIP/2.0/UDP 192.0.2.9;branch=b", source), "SIP/2.0/UDP 192.0.2.9;branch=b");
  EXPECT_EQ(mark_received("SIP/2.0/UDP 192.0.2.9;rport=1;branch=b", source),
            "SIP/2.0/UDP 192.0.2.9;branch=b;rport=4000;received=192.0.2.9");
}

TEST(CSeq, IsBelowTwoToThe31) {
  EXPECT_EQ(parse_cseq("0009 \t INVITE")->number, 9U);
  EXPECT_EQ(parse_cseq("2147483647 ACK")->method, Method::ack);
  EXPECT_EQ(parse_cseq("1 FOO")->method_text, "FOO");
  for (auto text :
       {"", "1", "1 ", "x INVITE", "-1 INVITE", "2147483648 INVITE", "36893488147419103232 REGISTER", "1 A B"})
    EXPECT_FALSE(parse_cseq(text)) << text;
}

TEST(Numbers, OfFields) {
  EXPECT_EQ(parse_max_forwards("0068"), 68);
  EXPECT_FALSE(parse_max_forwards("256"));
  EXPECT_EQ(parse_expires("3600"), std::chrono::seconds(3600));
  EXPECT_EQ(parse_expires("60;x=y"), std::chrono::seconds(60));
  EXPECT_EQ(parse_expires("1000000000000"), std::chrono::seconds(4294967295));
  EXPECT_FALSE(parse_expires("soon"));
}

// RFC 5393 section 5.3.3.
TEST(Numbers, OfBranchesAtOnceAreBounded) {
  auto const breadth_of = [](std::string const& field) {
    return max_breadth_of(Message::parse("OPTIONS sip:h SIP/2.0\r\n" + field + "\r\n")->view());
  };
  EXPECT_EQ(breadth_of(""), 60U);
  EXPECT_EQ(breadth_of("Max-Breadth: 7\r\n"), 7U);
  EXPECT_EQ(breadth_of("Max-Breadth: 61\r\n"), 60U);
  EXPECT_EQ(breadth_of("Max-Breadth: 1000000000000\r\n"), 60U);
  EXPECT_EQ(breadth_of("Max-Breadth: many\r\n"), 60U);
}

TEST(Contact, ReadsABinding) {
  auto const contact = parse_contact(
      "<sip:j@192.0.2.1;transport=tls>;q=0.33;expires=60;reg-id=2;"
      "+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\"");
  ASSERT_TRUE(contact);
  EXPECT_EQ(contact->q, 330);
  EXPECT_EQ(contact->expires, std::chrono::seconds(60));
  EXPECT_EQ(contact->reg_id, 2U);
  EXPECT_EQ(contact->instance_uuid(), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_EQ(parse_contact("<sip:j@h>;expires=later")->expires, std::nullopt);
  for (auto text : {"*", "<sip:j@h>;q=2", "<sip:j@h>;q=0.1234", "<sip:j@h>;q=.5", "<sip:j@h>;reg-id=0"})
    EXPECT_FALSE(parse_contact(text)) << text;
  EXPECT_TRUE(is_star(" * "));
}

TEST(FeatureCaps, NamesOnePushService) {
  EXPECT_EQ(format_feature_caps({.pns = "apns", .pnsreg = 130, .pnspurr = "p1"}),
            "*;+sip.pns=\"apns\";+sip.pnsreg=\"130\";+sip.pnspurr=\"p1\"");
  EXPECT_EQ(format_feature_caps({.pns = "fcm"}), "*;+sip.pns=\"fcm\"");
}

}  // namespace
}  // namespace reveille::sip
