// RFC 6121 section 4, and how a sleeping device is shown (B-MODE-5).
#include "decide/xmpp/presence.hpp"

#include "decide/presence/away.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr auto phone = "11111111-2222-4333-8444-555555555555";

struct Presence : testing::Test {
  Desk juliet;

  void SetUp() override {
    auto& items = juliet.account.roster.items;
    items.push_back({.address = "both@localhost", .subscription = model::Subscription::both, .listed = true});
    items.push_back({.address = "from@localhost", .subscription = model::Subscription::from, .listed = true});
    items.push_back({.address = "to@localhost", .subscription = model::Subscription::to, .listed = true});
    items.push_back({.address = "none@localhost", .listed = true});
    juliet.open("balcony");
  }
  // Her device, which asked for Away when it sleeps.
  void has_phone(model::Mode mode = model::Mode::foreground) {
    juliet.account.devices = {{.instance = model::InstanceId{phone},
                               .services = {.im = true},
                               .away_in_background = true,
                               .reported_mode = mode,
                               .mode_since = juliet.clock.now()}};
    juliet.at("balcony").instance = model::InstanceId{phone};
  }
  std::string shown() {
    return xmpp::to_xml(shown_presence(juliet.account, juliet.at("balcony"), juliet.context()), "jabber:client");
  }
};

// Section 4.2.2.
TEST_F(Presence, InitialPresenceIsBroadcastAndContactsAreProbed) {
  auto const said = juliet.say("balcony", "<presence><show>chat</show></presence>");
  EXPECT_THAT(with(said, "<show>chat</show>"),
              ElementsAre(HasSubstr("to='juliet@localhost/balcony'"), HasSubstr("to='both@localhost'"),
                          HasSubstr("to='from@localhost'")));
  EXPECT_THAT(with(said, "type='probe'"),
              ElementsAre(HasSubstr("to='both@localhost'"), HasSubstr("to='to@localhost'")));
  EXPECT_THAT(with(said, "none@localhost"), IsEmpty());
  // Section 4.4: later presence asks nobody.
  EXPECT_THAT(with(juliet.say("balcony", "<presence/>"), "probe"), IsEmpty());
}

TEST_F(Presence, AUsersResourcesSeeEachOther) {
  juliet.say("balcony", "<presence><status>up here</status></presence>");
  juliet.open("chamber");
  auto const said = juliet.say("chamber", "<presence><status>in bed</status></presence>");
  EXPECT_THAT(with(said, "balcony <"), ElementsAre(HasSubstr("in bed")));
  EXPECT_THAT(with(said, "chamber <"), ElementsAre(HasSubstr("in bed"), HasSubstr("up here")));
  // Sections 4.4.2 and 4.5.2: to the one that says it, too.
  EXPECT_THAT(with(juliet.say("chamber", "<presence><show>away</show></presence>"), "<show>away</show>"),
              AllOf(Contains(HasSubstr("chamber <")), Contains(HasSubstr("balcony <"))));
  EXPECT_THAT(with(juliet.say("chamber", "<presence type='unavailable'/>"), "unavailable"),
              AllOf(Contains(HasSubstr("chamber <")), Contains(HasSubstr("balcony <"))));
}

// Section 4.6.3: who has been told as a contact is not told again.
TEST_F(Presence, AContactWhoWasSentPresenceDirectlyHearsOnceThatOneIsGone) {
  juliet.say("balcony", "<presence/>");
  for (auto const* to : {"both@localhost", "both@localhost/desk", "stranger@localhost/desk"})
    juliet.say("balcony", "<presence to='" + std::string(to) + "'/>");
  auto const said = juliet.say("balcony", "<presence type='unavailable'/>");
  EXPECT_THAT(with(said, "to='both@localhost"), SizeIs(1));
  EXPECT_THAT(with(said, "to='stranger@localhost"), SizeIs(1));
}

// Section 4.3.2.
TEST_F(Presence, AProbeIsAnsweredToThoseWhoMaySee) {
  auto const probe = [&](std::string const& from) {
    return juliet.hear("<presence type='probe' from='" + from + "' to='juliet@localhost'/>");
  };
  EXPECT_THAT(probe("from@localhost/x"),
              ElementsAre(AllOf(HasSubstr("unavailable"), HasSubstr("to='from@localhost/x'"))));
  juliet.say("balcony", "<presence/>");
  juliet.open("chamber");
  juliet.say("chamber", "<presence/>");
  EXPECT_THAT(probe("both@localhost/x"), SizeIs(2));
  EXPECT_THAT(probe("to@localhost/x"), ElementsAre(HasSubstr("type='unsubscribed'")));
  EXPECT_THAT(probe("stranger@localhost/x"), ElementsAre(HasSubstr("type='unsubscribed'")));
}

// Section 4.6.3: whoever was shown her without being a contact sees her go, unless he was told already.
TEST_F(Presence, DirectedPresenceEndsWithTheSession) {
  juliet.say("balcony", "<presence to='room@localhost/juliet'/>");
  juliet.say("balcony", "<presence to='told@localhost'/>");
  juliet.say("balcony", "<presence to='told@localhost' type='unavailable'/>");
  EXPECT_THAT(juliet.say("balcony", "<presence to='a b@localhost'/>"), ElementsAre(HasSubstr("jid-malformed")));
  auto const said = juliet.say("balcony", "<presence type='unavailable'><status>gone</status></presence>");
  EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr("to='room@localhost/juliet'"), HasSubstr("gone"))));
  for (int i = 0; i < 300; ++i) juliet.say("balcony", "<presence to='r" + std::to_string(i) + "@localhost'/>");
  EXPECT_THAT(juliet.at("balcony").directed, SizeIs(200));
}

// Section 4.7.2.3.
TEST_F(Presence, APriorityThatIsNoneCountsAsZero) {
  for (auto const& [text, priority] : std::initializer_list<std::pair<std::string, int>>{
           {"127", 127}, {"-128", -128}, {"128", 0}, {"-129", 0}, {"5x", 0}, {"", 0}, {"+1", 0}, {"99999999999", 0}}) {
    juliet.say("balcony", "<presence><priority>" + text + "</priority></presence>");
    EXPECT_EQ(juliet.at("balcony").priority, priority) << text;
  }
  EXPECT_THAT(juliet.say("balcony", "<presence type='confused'/>"), ElementsAre(HasSubstr("bad-request")));
}

TEST_F(Presence, InboundPresenceGoesToWhoIsThere) {
  auto const from_him = [&](std::string const& to) {
    return juliet.hear("<presence from='both@localhost/x' to='" + to + "'/>");
  };
  EXPECT_THAT(from_him("juliet@localhost"), IsEmpty());
  juliet.say("balcony", "<presence/>");
  EXPECT_THAT(from_him("juliet@localhost"), SizeIs(1));
  EXPECT_THAT(from_him("juliet@localhost/balcony"), SizeIs(1));
  EXPECT_THAT(from_him("juliet@localhost/elsewhere"), IsEmpty());
}

// B-IM-3: nobody can be asked who is away when she is back.
TEST_F(Presence, WhoWentAwayIsSaidToAClientThatMissedIt) {
  auto& session = juliet.at("balcony");
  session.stream = {};
  auto const miss = [&](std::string const& who, std::string const& type = {}) {
    auto presence = xmpp::make_element("presence", "jabber:client", {{"from", who}});
    if (!type.empty()) presence.set("type", type);
    return miss_presence(session, presence);
  };
  auto const said = [&] {
    Said all;
    for (auto const& one : say_who_is_gone(juliet.account, session)) all.push_back(xmpp::to_xml(one, "jabber:client"));
    return all;
  };
  EXPECT_FALSE(miss("both@localhost/x"));
  EXPECT_TRUE(miss("both@localhost/x", "unavailable"));
  EXPECT_FALSE(miss("both@localhost/x", "unavailable"));
  EXPECT_TRUE(miss("to@localhost/x", "unavailable"));
  EXPECT_FALSE(miss("to@localhost/x")) << "back again, which needs no record";
  EXPECT_FALSE(miss("to@localhost", "subscribe"));
  EXPECT_TRUE(session.presence_is_stale);
  session = unpack_session(pack(session)).value();
  EXPECT_THAT(said(),
              ElementsAre("<presence type='unavailable' from='both@localhost/x' to='juliet@localhost/balcony'/>"));
  EXPECT_THAT(said(), IsEmpty());
  // So many and no more: then every contact that she sees is away until it is asked.
  for (int i = 0; i < 600; ++i) miss("both@localhost/" + std::to_string(i), "unavailable");
  EXPECT_THAT(session.gone, SizeIs(51));
  EXPECT_THAT(with(said(), "from='both@localhost' "), SizeIs(1));
  for (int i = 0; i < 100; ++i) miss("both@localhost/" + std::to_string(i) + std::string(1'000, 'x'), "unavailable");
  EXPECT_THAT(session.gone, SizeIs(5));
  EXPECT_THAT(with(said(), "from='to@localhost' "), SizeIs(1));
  // One that cannot be resumed begins anew.
  session.resume_id.clear();
  EXPECT_FALSE(miss("both@localhost/x", "unavailable"));
}

TEST_F(Presence, AwayOnlyForADeviceThatAskedForItAndSleeps) {
  juliet.say("balcony", "<presence><show>chat</show><status>mine</status></presence>");
  has_phone();
  juliet.at("balcony").client_state = xmpp::ClientState::inactive;
  EXPECT_THAT(shown(), HasSubstr("<show>chat</show>"));
  has_phone(model::Mode::background);
  EXPECT_THAT(shown(), AllOf(HasSubstr("<show>away</show>"), Not(HasSubstr("chat</show>")),
                             HasSubstr("<status>mine</status>"), HasSubstr("since='2027-01-15T08:00:00.000Z'")));
  juliet.account.devices[0].away_in_background = false;
  EXPECT_THAT(shown(), HasSubstr("<show>chat</show>"));
}

TEST_F(Presence, ALostConnectionHasItsGraceBeforeAway) {
  juliet.say("balcony", "<presence/>");
  has_phone();
  auto& session = juliet.at("balcony");
  session.stream = {};
  session.lost_at = juliet.clock.now();
  EXPECT_EQ(away_at(juliet.account, session, juliet.context()), juliet.clock.now() + 5s);
  juliet.clock.advance(4'999ms);
  EXPECT_THAT(shown(), Not(HasSubstr("away")));
  juliet.clock.advance(1ms);
  EXPECT_THAT(shown(), AllOf(HasSubstr("away"), HasSubstr("since='2027-01-15T08:00:00.000Z'")));
}

TEST_F(Presence, DoNotDisturbAndExtendedAwayStay) {
  has_phone(model::Mode::background);
  for (auto const* show : {"dnd", "xa"}) {
    juliet.say("balcony", "<presence><show>" + std::string(show) + "</show></presence>");
    EXPECT_THAT(shown(), AllOf(HasSubstr(show), HasSubstr("by='push'"), Not(HasSubstr("away</show>"))));
  }
  juliet.policy.wake.away_overrides = true;
  EXPECT_THAT(shown(), HasSubstr("<show>away</show>")) << "unless the administrator says otherwise";
}

}  // namespace
}  // namespace reveille::decide::test
