#include "wire/sip/push_parameters.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace reveille::sip {
namespace {

std::optional<Result<PushParameters, PushFault>> read(std::string_view parameters) {
  static std::string text;
  text = "sip:j@192.0.2.1:40000;transport=tls" + std::string(parameters);
  auto const uri = parse_uri(text);
  EXPECT_TRUE(uri) << text;
  return uri ? read_push_parameters(*uri) : std::nullopt;
}

PushParameters good(std::string_view parameters) {
  auto const found = read(parameters);
  EXPECT_TRUE(found && *found) << parameters;
  return found && *found ? **found : PushParameters{};
}

PushFault bad(std::string_view parameters) {
  auto const found = read(parameters);
  EXPECT_TRUE(found && !*found) << parameters;
  return found && !*found ? found->error() : PushFault{};
}

TEST(PushParameters, APlainContactHasNone) {
  EXPECT_FALSE(read(""));
}

TEST(PushParameters, TwoTokensInEitherOrder) {
  PushParameters const expected{
      .provider = PushProvider::apns, .team = "TEAM1", .app = "org.example.app", .voip = "00aa", .message = "00bb"};
  for (auto text :
       {";pn-provider=apns;pn-param=TEAM1.org.example.app.voip&remote;pn-prid=00aa:voip&00bb:remote",
        ";pn-prid=00bb:remote&00aa:voip;pn-param=TEAM1.org.example.app.remote&voip;pn-provider=APNS",
        ";pn-provider=apns;pn-param=TEAM1.org.example.app.voip%26remote;pn-prid=00aa%3Avoip%2600bb%3aremote"})
    EXPECT_EQ(good(text), expected) << text;
}

TEST(PushParameters, OneTokenBelongsToTheOneService) {
  auto const voip = good(";pn-provider=apns.dev;pn-param=T.org.app.voip;pn-prid=00ff");
  EXPECT_EQ(voip.provider, PushProvider::apns_sandbox);
  EXPECT_EQ(voip.app, "org.app");
  EXPECT_EQ(voip.voip, "00ff");
  EXPECT_EQ(voip.message, "");
  auto const labelled = good(";pn-provider=apns;pn-param=T.org.app.voip;pn-prid=00ff:voip");
  EXPECT_EQ(labelled.voip, "00ff");
  auto const plain = good(";pn-provider=apns;pn-param=T.org.app;pn-prid=00ff");
  EXPECT_EQ(plain.app, "org.app");
  EXPECT_EQ(plain.message, "00ff");
  auto const first_of_two = good(";pn-provider=apns;pn-param=T.org.app.voip&remote;pn-prid=00ff:remote");
  EXPECT_EQ(first_of_two.message, "00ff");
  EXPECT_EQ(first_of_two.voip, "");
}

TEST(PushParameters, OneFcmTokenServesBothChannels) {
  auto const fcm = good(";pn-provider=fcm;pn-param=project-1;pn-prid=abc:APA91b-x_y");
  EXPECT_EQ(fcm.project, "project-1");
  EXPECT_EQ(fcm.voip, "abc:APA91b-x_y");
  EXPECT_EQ(fcm.message, fcm.voip);
}

TEST(PushParameters, QueriesWakeNobody) {
  EXPECT_EQ(good(";pn-provider").request, PushRequest::query_all);
  EXPECT_EQ(good(";pn-provider=").request, PushRequest::query_all);
  EXPECT_EQ(good(";pn-provider=apns").request, PushRequest::query);
  EXPECT_EQ(good(";pn-provider=fcm;pn-param=p").request, PushRequest::query);
  EXPECT_EQ(good(";pn-provider=fcm;pn-param=p;pn-prid=t").request, PushRequest::wake);
}

TEST(PushParameters, RefusesWhatItCannotWakeBy) {
  using enum PushFault;
  EXPECT_EQ(bad(";pn-provider=acme;pn-param=x;pn-prid=y"), unknown_provider);
  EXPECT_EQ(bad(";pn-provider=apns;pn-prid=y"), no_parameter);
  for (auto text : {"TEAM", ".app", "T.voip", "T.", "T.a.voip&voip", "T.a.voip&other", "T.a.voip&remote&voip",
                    "T.a.voip&", "T.a%0d%0ab.voip", "T/x.a.voip", "T.a%2F..%2Fb.voip"})
    EXPECT_EQ(bad(";pn-provider=apns;pn-param=" + std::string(text) + ";pn-prid=00"), bad_parameter) << text;
  for (auto text : {"", "a:voip&b:voip", "a:other", "a&b:remote", "a:voip&b:remote&c:remote", "a:voip&", ":voip",
                    "a%20b:voip", "a%2Fb:voip", "a:b:voip", "a%0D%0Ab:voip"})
    EXPECT_EQ(bad(";pn-provider=apns;pn-param=T.a.voip&remote;pn-prid=" + std::string(text)), bad_tokens) << text;
  EXPECT_EQ(bad(";pn-provider=apns;pn-param=T.a.voip;pn-prid=b:remote"), bad_tokens);
  EXPECT_EQ(bad(";pn-provider=fcm;pn-param=..%2Fx;pn-prid=t"), bad_parameter);
  EXPECT_EQ(bad(";pn-provider=fcm;pn-param=p;pn-prid=t%20u"), bad_tokens);
}

TEST(DeviceHints, AreReadFromTheContact) {
  auto const contact = parse_name_address(
      "<sip:j@h>;reveille-os=\"ios/12.5\";reveille-app=\"org.app\";reveille-services=\"call,im\";"
      "reveille-channels=shared");
  ASSERT_TRUE(contact);
  EXPECT_EQ(
      read_device_hints(contact->parameters),
      (DeviceHints{
          .os = "ios/12.5", .app = "org.app", .has_call = true, .has_im = true, .layout = ChannelLayout::shared}));
  EXPECT_EQ(read_device_hints(Parameters("")), DeviceHints{});
  EXPECT_FALSE(read_device_hints(Parameters(";reveille-services=im")).has_call);
}

TEST(PushParameters, AreStrippedBeforeAnyoneElseSeesThem) {
  auto const contact = parse_name_address(
      "\"J\" <sip:j@h;PN-Provider=apns;transport=tls;pn-prid=secret;pn-param=x;pn-purr=y;reveille-os=z>"
      ";reveille-os=\"ios/12\";expires=60;Reveille-App=a;+sip.instance=\"<urn:uuid:1>\"");
  ASSERT_TRUE(contact);
  EXPECT_EQ(strip_push_parameters(*contact), "\"J\" <sip:j@h;transport=tls>;expires=60;+sip.instance=\"<urn:uuid:1>\"");
  EXPECT_EQ(strip_push_parameters(contact->uri), "sip:j@h;transport=tls");
  EXPECT_EQ(strip_push_parameters(*parse_uri("sip:j@h;p%6e-prid=secret;%52eveille-os=z;transport=tls;%25=1")),
            "sip:j@h;transport=tls;%25=1");
}

TEST(PushParameters, NoneOfSeveralContactsGivesThemAway) {
  auto const seen = [](std::string const& fields) {
    auto const message = Message::parse("SIP/2.0 302 Moved\r\n" + fields + "\r\n");
    EXPECT_TRUE(message) << fields;
    return message ? public_contact(**message) : std::nullopt;
  };
  EXPECT_EQ(seen("m: <sip:a@b>, <sip:c@d>;q=0.5\r\n"), std::nullopt);
  EXPECT_EQ(seen("m: *\r\n"), std::nullopt);
  EXPECT_EQ(seen(""), std::nullopt);
  EXPECT_EQ(seen("m: <sip:a@b;pn-prid=1>\r\nm: <sip:c@d>\r\n"), "<sip:a@b>, <sip:c@d>");
  EXPECT_EQ(seen("m: <sip:c@d>, <sip:a@b>;reveille-os=x\r\n"), "<sip:c@d>, <sip:a@b>");
  EXPECT_EQ(seen("m: <sip:c@d>, <sip:a@b;pn-prid=1;;>\r\n"), "<sip:c@d>");
}

TEST(PushParameters, IdentityCountsAbsence) {
  auto const same = [](std::string_view a, std::string_view b) {
    return same_push_identity(*parse_uri(a), *parse_uri(b));
  };
  EXPECT_TRUE(same("sip:a@b;pn-provider=fcm;pn-param=p;pn-prid=t", "sip:a@c:1;pn-prid=%74;pn-param=p;pn-provider=fcm"));
  EXPECT_FALSE(same("sip:a@b;pn-provider=fcm;pn-param=p;pn-prid=t", "sip:a@b;pn-provider=fcm;pn-param=p"));
  EXPECT_FALSE(same("sip:a@b;pn-provider=fcm;pn-prid=t", "sip:a@b;pn-provider=fcm;pn-prid=T"));
}

}  // namespace
}  // namespace reveille::sip
