// RFC 6121 section 2: the roster as its owner's clients see it.
#include "decide/xmpp/roster.hpp"

#include "decide/xmpp/desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string get(std::string const& version) {
  return "<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='" + version + "'/></iq>";
}

std::string set(std::string const& items) {
  return "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>" + items + "</query></iq>";
}

struct Roster : testing::Test {
  Desk juliet;

  void SetUp() override {
    for (auto const* resource : {"balcony", "chamber", "uninterested"}) juliet.open(resource);
    juliet.say("balcony", get(""));
    juliet.say("chamber", get(""));
  }
};

// Section 2.1.6: to every resource that has asked for the roster, with the version that comes of it.
TEST_F(Roster, ASetIsAnsweredAndPushedToEveryInterestedResource) {
  auto const said =
      juliet.say("balcony", set("<item jid='Romeo@localhost/orchard' name='Romeo'><group>M</group></item>"));
  ASSERT_THAT(said, SizeIs(3));
  EXPECT_THAT(said[0], HasSubstr("balcony <iq type='result' id='s'"));
  EXPECT_THAT(said[1], testing::StartsWith("balcony <iq"));
  EXPECT_THAT(said[2], testing::StartsWith("chamber <iq"));
  EXPECT_THAT(said[2], HasSubstr("to='juliet@localhost/chamber'"));
  EXPECT_THAT(said[2], HasSubstr("<query xmlns='jabber:iq:roster' ver='1'>"));
  EXPECT_THAT(said[2],
              HasSubstr("<item jid='romeo@localhost' name='Romeo' subscription='none'><group>M</group></item>"));
}

// Section 2.6.2: the version that the client has is the newest: an empty result. Any other: the roster whole.
TEST_F(Roster, TellsTheWholeRosterOnlyToAVersionThatIsNotTheNewest) {
  juliet.say("balcony", set("<item jid='romeo@localhost'/>"));
  juliet.say("balcony", set("<item jid='nurse@localhost'/>"));
  EXPECT_THAT(juliet.say("chamber", get("2")), testing::ElementsAre(testing::Not(HasSubstr("<query"))));
  for (auto const* version : {"", "1", "3", "no number", "18446744073709551616"}) {
    auto const said = juliet.say("chamber", get(version));
    ASSERT_THAT(said, SizeIs(1));
    EXPECT_THAT(said[0], testing::AllOf(HasSubstr("ver='2'"), HasSubstr("romeo@"), HasSubstr("nurse@"))) << version;
  }
}

TEST_F(Roster, RemovalIsPushedAndEndsBothSubscriptions) {
  juliet.account.roster.items.push_back(
      {.address = "romeo@localhost", .subscription = model::Subscription::both, .listed = true});
  auto const said = juliet.say("balcony", set("<item jid='romeo@localhost' subscription='remove'/>"));
  EXPECT_THAT(with(said, "subscription='remove'"), SizeIs(2));
  EXPECT_THAT(with(said, "> <presence type='unsubscribe'"), SizeIs(1));
  EXPECT_THAT(with(said, "> <presence type='unsubscribed'"), SizeIs(1));
  EXPECT_EQ(juliet.item("romeo@localhost"), nullptr);
}

// Section 2.1.2.5, 2.3.3: what a client may not set.
TEST_F(Roster, RefusesWhatTheRfcForbids) {
  struct Mistake {
    std::string items;
    std::string_view condition;
  };
  Mistake const mistakes[] = {
      {"", "bad-request"},
      {"<item jid='a@localhost'/><item jid='b@localhost'/>", "bad-request"},
      {"<item/>", "jid-malformed"},
      {"<item jid='a b@localhost'/>", "jid-malformed"},
      {"<item jid='juliet@localhost/chamber'/>", "not-allowed"},
      {"<item jid='a@localhost' subscription='remove'/>", "item-not-found"},
      {"<item jid='a@localhost'><group/></item>", "not-acceptable"},
      {"<item jid='a@localhost'><group>" + std::string(1'024, 'g') + "</group></item>", "not-acceptable"},
      {"<item jid='a@localhost' name='" + std::string(1'024, 'n') + "'/>", "not-acceptable"},
      {"<item jid='a@localhost'><group>g</group><group>g</group></item>", "bad-request"}};
  for (auto const& mistake : mistakes) {
    auto const said = juliet.say("balcony", set(mistake.items));
    ASSERT_THAT(said, SizeIs(1)) << mistake.items;
    EXPECT_THAT(said[0], HasSubstr(std::string(mistake.condition))) << mistake.items;
    EXPECT_FALSE(juliet.last.roster_changed);
  }
  EXPECT_EQ(juliet.account.roster, model::Roster{});
  // A client cannot write itself a subscription.
  juliet.say("balcony", set("<item jid='a@localhost' subscription='both' ask='subscribe' approved='true'/>"));
  EXPECT_EQ(*juliet.item("a@localhost"), (model::RosterItem{.address = "a@localhost", .listed = true}));
  juliet.account.roster.items.resize(most_roster_items);
  EXPECT_THAT(juliet.say("balcony", set("<item jid='one-too-many@localhost'/>")),
              testing::ElementsAre(HasSubstr("resource-constraint")));
}

// Section 2.1.5, security: only the account's own clients.
TEST_F(Roster, NobodyElseReadsOrWritesIt) {
  auto const said = juliet.hear(
      "<iq type='set' id='x' from='mallory@localhost/x' to='juliet@localhost'><query xmlns='jabber:iq:roster'>"
      "<item jid='mallory@localhost'/></query></iq>");
  EXPECT_THAT(said, testing::ElementsAre(HasSubstr("service-unavailable")));
  EXPECT_TRUE(juliet.account.roster.items.empty());
}

}  // namespace
}  // namespace reveille::decide::test
