#include "wire/sip/uri.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace reveille::sip {
namespace {

Uri uri(std::string_view text) {
  auto const parsed = parse_uri(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : name_of(parsed.error()));
  return parsed.value_or(Uri{});
}

TEST(Uri, ReadsAllParts) {
  auto const one = uri("sips:alice:secret%20word@example.com:5061;transport=tls;lr?subject=hi&to=bob");
  EXPECT_EQ(one.scheme, Scheme::sips);
  EXPECT_EQ(one.user, "alice");
  EXPECT_EQ(one.password, "secret%20word");
  EXPECT_EQ(one.host, "example.com");
  EXPECT_EQ(one.port, 5061);
  EXPECT_EQ(one.parameters.value("TRANSPORT"), "tls");
  EXPECT_TRUE(one.parameters.has("lr"));
  EXPECT_EQ(one.parameters.find("lr")->value, std::nullopt);
  EXPECT_FALSE(one.parameters.has("ob"));
  EXPECT_EQ(one.headers, "subject=hi&to=bob");
}

TEST(Uri, ReadsHostsOfEachKind) {
  EXPECT_EQ(uri("sip:192.0.2.1").host_kind, HostKind::ipv4);
  EXPECT_EQ(uri("sip:a@[2001:db8::1]:5070").host, "2001:db8::1");
  EXPECT_EQ(uri("sip:a@[2001:db8::1]:5070").port, 5070);
  for (auto text : {"sip:[::]", "sip:[::1]", "sip:[1::]", "sip:[1:2:3:4:5:6:7:8]", "sip:[::ffff:192.0.2.1]"})
    EXPECT_EQ(uri(text).host_kind, HostKind::ipv6) << text;
  EXPECT_EQ(uri("sip:999.0.2.1").host_kind, HostKind::name);
}

TEST(Uri, UserInformationMayHoldWhatLooksLikeParameters) {
  auto const one = uri("sip:user;par=u%40example.net@example.com");
  EXPECT_EQ(one.user, "user;par=u%40example.net");
  EXPECT_EQ(one.host, "example.com");
  EXPECT_TRUE(one.parameters.empty());
}

TEST(Uri, ReadsOtherSchemes) {
  auto const tel = uri("tel:+1-201-555-0123;phone-context=x");
  EXPECT_EQ(tel.scheme, Scheme::tel);
  EXPECT_EQ(tel.opaque, "+1-201-555-0123");
  EXPECT_EQ(address_of(tel), "+12015550123");
  auto const urn = uri("urn:service:sos");
  EXPECT_EQ(urn.scheme, Scheme::other);
  EXPECT_EQ(urn.opaque, "service:sos");
}

TEST(Uri, RefusesWhatIsNone) {
  for (auto text : {"",
                    "sip",
                    "sip:",
                    ":x",
                    "sip:@host",
                    "sip:a@",
                    "sip:a@b@c",
                    "sip:a b@c",
                    "sip:a@b:",
                    "sip:a@b:65536",
                    "sip:a@b:-1",
                    "sip:a@b:5060x",
                    "sip:a@[::1",
                    "sip:a@[]",
                    "sip:a@[:::1]",
                    "sip:a@[1:2]",
                    "sip:a@[::g]",
                    "sip:a@[::1]x",
                    "sip:a@[1::2::3]",
                    "sip:a%4@b",
                    "sip:a%zz@b",
                    "sip:a@b;x=<y>",
                    "sip:a@b;x=\"y\"",
                    "sip:a@b?x=<y>",
                    "sip:a@b\r\n",
                    "si p:a@b",
                    "sip:a\"b@c",
                    "sip:a@h*st",
                    "tel:",
                    "tel:12x",
                    "urn:a b"})
    EXPECT_FALSE(parse_uri(text)) << text;
  EXPECT_FALSE(parse_uri("sip:" + std::string(256, 'h')));
  EXPECT_FALSE(parse_uri("sip:a@b;x=" + std::string(2048, 'x')));
}

// The sets of RFC 3261 section 19.1.4.
TEST(Uri, TheRfcsEquivalentUrisAre) {
  std::vector<std::pair<std::string_view, std::string_view>> const pairs{
      {"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
      {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
      {"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"},
      {"sip:a@b;transport=tcp;transport=udp", "sip:a@b;transport=tcp"},
      {"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
       "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
      {"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
       "sip:alice@atlanta.com?priority=urgent&subject=project%20x"}};
  for (auto const& [a, b] : pairs) {
    EXPECT_TRUE(equivalent(uri(a), uri(b))) << a << " " << b;
    EXPECT_TRUE(equivalent(uri(b), uri(a))) << b << " " << a;
  }
}

TEST(Uri, TheRfcsDifferentUrisAre) {
  std::vector<std::pair<std::string_view, std::string_view>> const pairs{
      {"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
      {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
      {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"},
      {"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"},
      {"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
      {"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
      {"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
      {"sip:bob@biloxi.com", "sips:bob@biloxi.com"},
      {"sip:bob@biloxi.com", "sip:bob:x@biloxi.com"},
      {"sip:bob@biloxi.com", "sip:biloxi.com"},
      {"sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=1.2.3.4"},
      {"sip:a%40b@c", "sip:a%41b@c"},
      {"sip:a%3Bb@c", "sip:a;b@c"}};
  for (auto const& [a, b] : pairs) {
    EXPECT_FALSE(equivalent(uri(a), uri(b))) << a << " " << b;
    EXPECT_FALSE(equivalent(uri(b), uri(a))) << b << " " << a;
  }
}

TEST(Uri, WritesWhatItRead) {
  for (auto text : {"sip:a@b", "sips:a:p@b:5061;lr;x=y?h=v", "sip:[2001:db8::1]:5060", "tel:+1;ext=2", "urn:a:b"})
    EXPECT_EQ(format_uri(uri(text)), text);
}

TEST(Uri, GivesTheAddressOfAnAccount) {
  EXPECT_EQ(address_of(uri("sips:J%75liet@LocalHost:5061;x=y")), "Juliet@localhost");
  EXPECT_EQ(address_of(uri("sip:LocalHost")), "localhost");
}

TEST(Uri, FiltersParameters) {
  auto const one = uri("sip:a@b;keep;drop=1;Keep2=%20");
  EXPECT_EQ(filter_parameters(one.parameters, [](auto name) { return !name.starts_with("drop"); }), ";keep;Keep2=%20");
}

TEST(Syntax, EscapesAndQuotes) {
  EXPECT_EQ(unescape("%41%zz%4"), "A%zz%4");
  EXPECT_EQ(escape("a b@\xc3", character::user), "a%20b%40%C3");
  EXPECT_EQ(quote("a\"b\\c\r\n"), "\"a\\\"b\\\\c  \"");
  EXPECT_EQ(unquote("\"a\\\"b\""), "a\"b");
  EXPECT_EQ(parse_number("4294967295"), 4294967295U);
  EXPECT_FALSE(parse_number("4294967296"));
  EXPECT_EQ(parse_delta_seconds("99999999999999999999"), 4294967295U);
  EXPECT_FALSE(parse_delta_seconds("1e3"));
}

TEST(Syntax, ListsHonourQuotesAndBrackets) {
  std::vector<std::string> heard;
  for (auto const one : Elements(" \"a,b\" <sip:c,d>;x=\"e,\\\"f\" , ,g,")) heard.emplace_back(one);
  EXPECT_EQ(heard, (std::vector<std::string>{"\"a,b\" <sip:c,d>;x=\"e,\\\"f\"", "g"}));
  EXPECT_TRUE(list_holds("a, B ,c", "b"));
  EXPECT_FALSE(list_holds("", ""));
}

}  // namespace
}  // namespace reveille::sip
