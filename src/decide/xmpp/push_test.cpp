// XEP-0357 with our fields (interfaces, section 2), XEP-0352, and what the house answers.
#include "decide/registry/merge.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/desk.hpp"
#include "wire/xmpp/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view node = "11111111-2222-4333-8444-555555555555";

std::string enable(std::string const& fields, std::string_view its_node = node,
                   std::string_view jid = "push.localhost") {
  return "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='" + std::string(jid) + "' node='" +
         std::string(its_node) + "'><x xmlns='jabber:x:data' type='form'>" + fields + "</x></enable></iq>";
}

std::string field(std::string const& name, std::string const& value) {
  return "<field var='" + name + "'><value>" + value + "</value></field>";
}

struct PushOf : testing::Test {
  Desk juliet;
  void SetUp() override { juliet.open("balcony"); }
  [[nodiscard]] std::vector<DeviceRequest> const& requests() const { return juliet.last.device_requests; }
};

TEST_F(PushOf, NoMoreDevicesThanAreKept) {
  for (std::size_t i = 0; i < most_devices; ++i)
    juliet.account.devices.push_back(
        {.instance = model::InstanceId{"phone " + std::to_string(i)}, .services = {.call = true}});
  EXPECT_THAT(juliet.say("balcony", enable("")), ElementsAre(HasSubstr("resource-constraint")));
  EXPECT_THAT(requests(), IsEmpty());
  juliet.account.devices.back().services = {};
  EXPECT_THAT(juliet.say("balcony", enable("")), ElementsAre(HasSubstr("type='result'"))) << "one has signed out";
  juliet.account.devices.back() = {.instance = model::InstanceId{std::string(node)}, .services = {.im = true}};
  EXPECT_THAT(juliet.say("balcony", enable("")), ElementsAre(HasSubstr("type='result'"))) << "it is one of them";
}

TEST_F(PushOf, EnableNamesTheDevice) {
  auto const key = std::string(43, 'A');
  auto const said =
      juliet.say("balcony", enable(field("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options") +
                                       field("app", "org.a") + field("platform", "ios") + field("os_version", "18.1") +
                                       field("provider", "apns") + field("environment", "sandbox") +
                                       field("team", "T") + field("channels", "split") + field("token_voip", "v") +
                                       field("token_message", "m") + field("key", key) + field("key_id", "k1") +
                                       field("services", "call,im") + field("away_in_background", "1"),
                                   "11111111-2222-4333-8444-55555555555A"));
  EXPECT_THAT(said, ElementsAre(HasSubstr("type='result'")));
  ASSERT_THAT(requests(), SizeIs(1));
  auto const& update = requests()[0].update;
  EXPECT_EQ(requests()[0].kind, DeviceRequest::Kind::enable);
  EXPECT_EQ(requests()[0].resource, "balcony");
  EXPECT_EQ(update.instance.value, "11111111-2222-4333-8444-55555555555a");
  EXPECT_EQ(update.environment, model::Environment::sandbox);
  EXPECT_EQ(update.voip_token, "v");
  EXPECT_EQ(update.message_token, "m");
  EXPECT_EQ(update.uses_call, true);
  EXPECT_EQ(update.uses_im, true);
  EXPECT_EQ(update.away_in_background, true);
  ASSERT_TRUE(update.content_key);
  EXPECT_EQ(update.content_key->kid, "k1");
  EXPECT_EQ(update.content_key->key, std::string(32, '\0'));
}

// A field that is not there keeps what is known (B-SIGN-2); an unknown one is another version's.
TEST_F(PushOf, AbsentAndUnknownFieldsChangeNothing) {
  juliet.say("balcony", enable(field("token_message", "m2") + field("shoe_size", "38")));
  ASSERT_THAT(requests(), SizeIs(1));
  auto const& update = requests()[0].update;
  EXPECT_EQ(update.message_token, "m2");
  EXPECT_FALSE(update.voip_token || update.app || update.platform || update.provider || update.uses_call ||
               update.away_in_background || update.content_key || update.layout);
  juliet.say("balcony", "<iq type='set' id='e'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='" +
                            std::string(node) + "'/></iq>");
  EXPECT_THAT(requests(), SizeIs(1));
}

// B-SIGN-2: an app that uses calls only is not pushed for messages.
TEST_F(PushOf, ServicesSayWhatTheAppUses) {
  auto const services_of = [&](std::string const& fields) {
    juliet.say("balcony", enable(fields));
    auto const& update = requests().at(0).update;
    return std::pair{update.uses_call.value_or(false), update.uses_im.value_or(false)};
  };
  EXPECT_EQ(services_of(""), std::pair(false, true));
  EXPECT_EQ(services_of(field("services", "")), std::pair(false, true));
  EXPECT_EQ(services_of(field("services", "im")), std::pair(false, true));
  EXPECT_EQ(services_of(field("services", "call")), std::pair(true, false));
  EXPECT_EQ(services_of(field("services", "call, im")), std::pair(true, true));
}

TEST_F(PushOf, RefusesWhatItCannotUse) {
  struct Mistake {
    std::string iq;
    std::string_view condition;
  };
  Mistake const mistakes[] = {{enable("", node, ""), "bad-request"},
                              {enable("", node, "a b@localhost"), "bad-request"},
                              {enable("", node, "push.elsewhere.example"), "remote-server-not-found"},
                              {enable("", ""), "bad-request"},
                              {enable("", "not-a-uuid"), "bad-request"},
                              {enable(field("platform", "toaster")), "bad-request"},
                              {enable(field("provider", "carrier-pigeon")), "bad-request"},
                              {enable(field("environment", "moon")), "bad-request"},
                              {enable(field("channels", "three")), "bad-request"},
                              {enable(field("services", "fax")), "bad-request"},
                              {enable(field("token_voip", std::string(1'025, 't'))), "bad-request"},
                              {enable(field("key", "short")), "bad-request"},
                              {enable(field("key", "*not base64url*")), "bad-request"},
                              {"<iq type='set' id='d'><disable xmlns='urn:xmpp:push:0'/></iq>", "bad-request"}};
  for (auto const& mistake : mistakes) {
    EXPECT_THAT(juliet.say("balcony", mistake.iq), ElementsAre(HasSubstr(std::string(mistake.condition))))
        << mistake.iq;
    EXPECT_THAT(requests(), IsEmpty()) << mistake.iq;
  }
}

TEST_F(PushOf, DisableTakesBackOneDeviceOrAll) {
  auto const disable = [&](std::string const& attributes) {
    return juliet.say("balcony", "<iq type='set' id='d'><disable xmlns='urn:xmpp:push:0' " + attributes + "/></iq>");
  };
  EXPECT_THAT(disable("jid='push.localhost' node='" + std::string(node) + "'"), ElementsAre(HasSubstr("result")));
  ASSERT_THAT(requests(), SizeIs(1));
  EXPECT_EQ(requests()[0].kind, DeviceRequest::Kind::disable);
  EXPECT_EQ(requests()[0].update.instance.value, node);
  disable("jid='push.localhost'");
  ASSERT_THAT(requests(), SizeIs(1));
  EXPECT_TRUE(requests()[0].update.instance.empty());
  // Section 6: of another service, of which nothing is known here.
  EXPECT_THAT(disable("jid='push.elsewhere.example'"), ElementsAre(HasSubstr("result")));
  EXPECT_THAT(requests(), IsEmpty());
}

// Section 4, B-PUSH-0.
TEST_F(PushOf, TheAccountAnnouncesItWhileItIsSwitchedOn) {
  constexpr auto ask = "<iq type='get' id='q'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  constexpr auto ask_server =
      "<iq type='get' id='q' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  EXPECT_THAT(juliet.say("balcony", ask), ElementsAre(HasSubstr("urn:xmpp:push:0")));
  EXPECT_THAT(juliet.say("balcony", ask_server), ElementsAre(Not(HasSubstr("urn:xmpp:push:0"))));
  juliet.policy.wake.enabled = false;
  EXPECT_THAT(juliet.say("balcony", ask), ElementsAre(Not(HasSubstr("urn:xmpp:push:0"))));
}

// XEP-0030 section 3.1: there are no nodes.
TEST_F(PushOf, ANodeThatIsNotThereIsNotDescribed) {
  for (std::string const what : {"info", "items"})
    for (std::string const whose : {"", " to='localhost'"})
      EXPECT_THAT(
          juliet.say("balcony", "<iq type='get' id='q'" + whose +
                                    "><query node='n' xmlns='http://jabber.org/protocol/disco#" + what + "'/></iq>"),
          ElementsAre(HasSubstr("item-not-found")));
}

// RFC 6120 section 8.2.3: exactly one answer, and none to an answer.
TEST_F(PushOf, EveryRequestHasOneAnswer) {
  for (auto const* type : {"get", "set"})
    for (auto const* to : {"", " to='localhost'", " to='juliet@localhost'"})
      EXPECT_THAT(juliet.say("balcony", "<iq id='1' type='" + std::string(type) + "'" + to + "><what xmlns='u'/></iq>"),
                  ElementsAre(HasSubstr("service-unavailable")));
  for (auto const* type : {"result", "error"})
    EXPECT_THAT(juliet.say("balcony", "<iq id='1' type='" + std::string(type) + "'/>"), IsEmpty());
  EXPECT_THAT(juliet.say("balcony", "<iq id='1' type='get'/>"), ElementsAre(HasSubstr("bad-request")));
  EXPECT_THAT(juliet.say("balcony", "<iq id='1'><ping xmlns='urn:xmpp:ping'/></iq>"),
              ElementsAre(HasSubstr("bad-request")));
  EXPECT_THAT(juliet.say("balcony", "<iq type='get' id='1' to='a b@localhost'/>"),
              ElementsAre(HasSubstr("jid-malformed")));
  EXPECT_THAT(juliet.say("balcony", "<iq type='get' id='1' to='romeo@localhost/x'><q xmlns='u'/></iq>"),
              ElementsAre(HasSubstr("> <iq")));
}

TEST_F(PushOf, AnInboundQuestionReachesALiveClientOrIsRefused) {
  auto const ask = [&](std::string const& to, std::string const& type) {
    return juliet.hear("<iq type='" + type + "' id='1' from='r@localhost/x' to='juliet@localhost" + to +
                       "'><q xmlns='u'/></iq>");
  };
  EXPECT_THAT(ask("/balcony", "get"), ElementsAre(HasSubstr("balcony <iq")));
  EXPECT_THAT(ask("/gone", "get"), ElementsAre(HasSubstr("service-unavailable")));
  EXPECT_THAT(ask("", "set"), ElementsAre(HasSubstr("service-unavailable")));
  juliet.at("balcony").stream = {};
  EXPECT_THAT(ask("/balcony", "get"), ElementsAre(HasSubstr("recipient-unavailable")));
  // An answer waits for a client that can come back for it.
  for (auto const* type : {"result", "error"}) {
    EXPECT_THAT(ask("/balcony", type), ElementsAre(HasSubstr("balcony <iq"))) << type;
    EXPECT_THAT(ask("/gone", type), IsEmpty()) << type;
  }
}

// XEP-0352: the newest presence a sender; nothing that a person waits for.
TEST(ClientState, AnInactiveClientIsSparedPresenceAndTypingOnly) {
  Desk juliet;
  auto& session = juliet.open("balcony");
  auto const held = [&](std::string_view stanza) { return hold_back(session, xmpp::parse_element(stanza).value()); };
  EXPECT_FALSE(held("<presence from='a@localhost/1'/>"));
  session.client_state = xmpp::ClientState::inactive;
  EXPECT_TRUE(held("<presence from='a@localhost/1'><show>away</show></presence>"));
  EXPECT_TRUE(held("<presence from='a@localhost/1'><show>dnd</show></presence>"));
  EXPECT_TRUE(held("<presence from='b@localhost/1' type='unavailable'/>"));
  EXPECT_TRUE(
      held("<message from='a@localhost/1' type='chat'><composing "
           "xmlns='http://jabber.org/protocol/chatstates'/></message>"));
  for (auto const* passes :
       {"<presence from='c@localhost' type='subscribe'/>", "<iq type='get' id='1' from='a@localhost/1'/>",
        "<message from='a@localhost/1'><body>x</body></message>", "<message from='a@localhost/1' type='error'/>",
        "<message from='a@localhost/1'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
        "<message from='a@localhost/1'><propose xmlns='urn:xmpp:jingle-message:0' id='1'/></message>"})
    EXPECT_FALSE(held(passes)) << passes;
  // What is held of a sender goes before his message; the rest when she is back.
  EXPECT_THAT(let_go(session, "a@localhost/2"),
              ElementsAre(testing::ResultOf([](auto const& one) { return xmpp::to_xml(one, "jabber:client"); },
                                            HasSubstr("dnd"))));
  EXPECT_THAT(let_go(session), SizeIs(1));
  EXPECT_THAT(let_go(session), IsEmpty());
  for (int i = 0; i < 4'100; ++i) EXPECT_TRUE(held("<presence from='p" + std::to_string(i) + "@localhost/1'/>"));
  EXPECT_TRUE(held("<presence from='p4100@localhost/1' type='unavailable'/>"));
  EXPECT_THAT(session.held, SizeIs(4'000));
  EXPECT_THAT(session.gone, ElementsAre("p4100@localhost/1"));
  EXPECT_TRUE(session.presence_is_stale);
}

}  // namespace
}  // namespace reveille::decide::test
