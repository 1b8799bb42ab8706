#include "wire/sip/validate.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace reveille::sip {
namespace {

std::string const register_text =
    "REGISTER sip:localhost SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n"
    "Max-Forwards: 70\r\n"
    "From: <sip:juliet@localhost>;tag=a1\r\n"
    "To: <sip:juliet@localhost>\r\n"
    "Call-ID: c1\r\n"
    "CSeq: 2 REGISTER\r\n"
    "Contact: <sip:juliet@192.0.2.7>\r\n"
    "Require: gruu, teleport, outbound, fly\r\n"
    "Content-Length: 0\r\n\r\n";

std::optional<Refusal> refusal_of(std::string_view from, std::string_view to,
                                  Handling handling = Handling::forwarding) {
  auto text = register_text;
  auto const at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  auto const message = Message::parse(text.replace(at, from.size(), to));
  EXPECT_TRUE(message) << text;
  return message ? check_request(**message, handling) : std::nullopt;
}

struct Case {
  std::string_view from;
  std::string_view to;
  Refusal refusal;
};

TEST(Validate, AcceptsAGoodRequest) {
  EXPECT_EQ(refusal_of("To", "To"), std::nullopt);
  EXPECT_EQ(refusal_of("Max-Forwards: 70\r\n", ""), std::nullopt);
  EXPECT_EQ(refusal_of("sip:localhost SIP", "tel:+123 SIP"), std::nullopt);
  EXPECT_EQ(refusal_of("To: <sip:juliet@localhost>", "To: <isbn:123>"), std::nullopt);
  EXPECT_EQ(refusal_of("<sip:juliet@192.0.2.7>", "*\r\nExpires: 0"), std::nullopt);
}

TEST(Validate, RefusesEachFault) {
  using enum Refusal;
  std::vector<Case> const cases{
      {"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\n", "", missing_header},
      {"From: <sip:juliet@localhost>;tag=a1\r\n", "", missing_header},
      {"To: <sip:juliet@localhost>\r\n", "", missing_header},
      {"Call-ID: c1\r\n", "", missing_header},
      {"Call-ID: c1", "Call-ID:", missing_header},
      {"CSeq: 2 REGISTER\r\n", "", missing_header},
      {"Call-ID: c1\r\n", "Call-ID: c1\r\nCall-ID: c1\r\n", repeated_header},
      {"Call-ID: c1\r\n", "Call-ID: c1\r\ni: c2\r\n", repeated_header},
      {"Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nMAX-FORWARDS: 5\r\n", repeated_header},
      {"CSeq: 2 REGISTER\r\n", "CSeq: 2 REGISTER\r\nCSeq: 3 REGISTER\r\n", repeated_header},
      {"sip:localhost SIP", "sip:local%host SIP", bad_request_uri},
      {"sip:localhost SIP", "sip: SIP", bad_request_uri},
      {"sip:localhost SIP", "sip:localhost?Route=%3Csip:evil%3E SIP", bad_request_uri},
      {"sip:localhost SIP", "http://localhost/ SIP", unknown_scheme},
      {"192.0.2.7;branch", "192.0.2.7;;branch", bad_via},
      {"SIP/2.0/UDP 192.0.2.7", "SIP/2.0/UDP 192.0.2.7 :x", bad_via},
      {"Via: SIP", "Via: ,\r\nVia: SIP/2.0\r\nVia: SIP", bad_via},
      {"From: <sip:juliet@localhost>", "From: \"Juliet <sip:juliet@localhost>", bad_from},
      {"From: <sip:juliet@localhost>", "From: <sip:juliet@localhost", bad_from},
      {"To: <sip:juliet@localhost>", "To: Juliet, C <sip:juliet@localhost>", bad_to},
      {"To: <sip:juliet@localhost>", "To: < sip:juliet@localhost >", bad_to},
      {"To: <sip:juliet@localhost>", "To: <sip:juliet@localhost>;tag=\"a", bad_to},
      {"CSeq: 2 REGISTER", "CSeq: REGISTER", bad_cseq},
      {"CSeq: 2 REGISTER", "CSeq: 4294967296 REGISTER", bad_cseq},
      {"CSeq: 2 REGISTER", "CSeq: 2 INVITE", method_mismatch},
      {"CSeq: 2 REGISTER", "CSeq: 2 register", method_mismatch},
      {"Max-Forwards: 70", "Max-Forwards: 256", bad_max_forwards},
      {"Max-Forwards: 70", "Max-Forwards: -1", bad_max_forwards},
      {"Max-Forwards: 70", "Max-Forwards: 0", too_many_hops},
      {"<sip:juliet@192.0.2.7>", "sip:juliet@192.0.2.7?Route=x", bad_contact},
      {"<sip:juliet@192.0.2.7>", "<sip:juliet@192.0.2.7>;q=7", bad_contact},
      {"<sip:juliet@192.0.2.7>", "<sip:juliet@192.0.2.7>, \"x", bad_contact},
      {"<sip:juliet@192.0.2.7>", "*", bad_star},
      {"<sip:juliet@192.0.2.7>", "*\r\nExpires: 60", bad_star},
      {"<sip:juliet@192.0.2.7>", "*, <sip:a@b>\r\nExpires: 0", bad_star},
      {"Call-ID", "Route: sip:a;lr\r\nCall-ID", bad_route},
      {"Call-ID", "Record-Route: <sip:a;lr\r\nCall-ID", bad_route},
      {"Call-ID", "Route: <sip:ok;lr>, <sip:@bad>\r\nCall-ID", bad_route},
  };
  for (auto const& one : cases) {
    auto const refusal = refusal_of(one.from, one.to);
    EXPECT_EQ(refusal, one.refusal) << one.to << " gave " << (refusal ? name_of(*refusal) : "nothing");
  }
}

// What every response copies is bounded, so that there is always an answer that can be written.
TEST(Validate, NobodyNeedsThatMuch) {
  std::string const long_word(513, 'x');
  for (auto const& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"Call-ID: c1", "Call-ID: " + long_word},
           {";tag=a1", ";tag=" + long_word},
           {"To: <sip:juliet@localhost>", "To: <sip:juliet@localhost>;tag=" + long_word},
           {"branch=z9hG4bK1", "branch=z9hG4bK" + long_word},
           {"Via: SIP", "Via: SIP/2.0/UDP h;x=" + std::string(17'000, 'x') + "\r\nVia: SIP"},
           {"Call-ID", "Record-Route: <sip:h;x=" + std::string(17'000, 'x') + ">\r\nCall-ID"}}) {
    EXPECT_EQ(refusal_of(from, to), Refusal::too_long) << from;
    EXPECT_EQ(status_of(Refusal::too_long), 513);
  }
  EXPECT_EQ(refusal_of("Call-ID: c1", "Call-ID: " + std::string(512, 'x')), std::nullopt);
}

TEST(Validate, TheLastHopMayReceive) {
  EXPECT_EQ(refusal_of("Max-Forwards: 70", "Max-Forwards: 0", Handling::receiving), std::nullopt);
}

TEST(Validate, NamesWhatIsNotSupported) {
  auto const message = Message::parse(register_text);
  ASSERT_TRUE(message);
  std::array<std::string_view, 2> const supported{"outbound", "GRUU"};
  EXPECT_EQ(unsupported_options(**message, HeaderName::require, supported), "teleport, fly");
  EXPECT_EQ(unsupported_options(**message, HeaderName::proxy_require, supported), "");
}

TEST(Validate, EachRefusalHasItsAnswer) {
  for (int i = 0; i <= static_cast<int>(Refusal::bad_star); ++i) {
    auto const refusal = static_cast<Refusal>(i);
    EXPECT_FALSE(name_of(refusal).empty());
    EXPECT_FALSE(reason_of(refusal).empty());
    EXPECT_GE(status_of(refusal), 400);
  }
  EXPECT_EQ(status_of(Refusal::unknown_scheme), 416);
  EXPECT_EQ(status_of(Refusal::too_many_hops), 483);
}

}  // namespace
}  // namespace reveille::sip
