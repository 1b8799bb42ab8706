// RFC 6121 appendix A: every row of its eight tables.
#include "decide/xmpp/subscription.hpp"

#include "decide/xmpp/desk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide::test {
namespace {

using model::RosterItem;
using model::Subscription;

// A.1: the nine states, as they are written in the tables below.
struct State {
  std::string_view name;
  Subscription subscription;
  bool asked;
  bool wants_us;
};
constexpr State states[] = {
    {"none", Subscription::none, false, false},   {"none+out", Subscription::none, true, false},
    {"none+in", Subscription::none, false, true}, {"none+out+in", Subscription::none, true, true},
    {"to", Subscription::to, false, false},       {"to+in", Subscription::to, false, true},
    {"from", Subscription::from, false, false},   {"from+out", Subscription::from, true, false},
    {"both", Subscription::both, false, false},
};

enum class Passed : std::uint8_t { on, kept };  // routed or delivered, or neither
constexpr auto on = Passed::on;
constexpr auto kept = Passed::kept;

struct Row {
  Passed passed;
  std::string_view after;
};
struct Table {
  std::string_view type;
  Row rows[9];
};

constexpr Table outbound[] = {
    {"subscribe",
     {{on, "none+out"},
      {on, "none+out"},
      {on, "none+out+in"},
      {on, "none+out+in"},
      {on, "to"},
      {on, "to+in"},
      {on, "from+out"},
      {on, "from+out"},
      {on, "both"}}},
    {"unsubscribe",
     {{on, "none"},
      {on, "none"},
      {on, "none+in"},
      {on, "none+in"},
      {on, "none"},
      {on, "none+in"},
      {on, "from"},
      {on, "from"},
      {on, "from"}}},
    {"subscribed",
     {{kept, "none"},
      {kept, "none+out"},
      {on, "from"},
      {on, "from+out"},
      {kept, "to"},
      {on, "both"},
      {kept, "from"},
      {kept, "from+out"},
      {kept, "both"}}},
    {"unsubscribed",
     {{kept, "none"},
      {kept, "none+out"},
      {on, "none"},
      {on, "none+out"},
      {kept, "to"},
      {on, "to"},
      {on, "none"},
      {on, "none+out"},
      {on, "to"}}},
};

constexpr Table inbound[] = {
    {"subscribe",
     {{on, "none+in"},
      {on, "none+out+in"},
      {kept, "none+in"},
      {kept, "none+out+in"},
      {on, "to+in"},
      {kept, "to+in"},
      {kept, "from"},
      {kept, "from+out"},
      {kept, "both"}}},
    {"unsubscribe",
     {{kept, "none"},
      {kept, "none+out"},
      {on, "none"},
      {on, "none+out"},
      {kept, "to"},
      {on, "to"},
      {on, "none"},
      {on, "none+out"},
      {on, "to"}}},
    {"subscribed",
     {{kept, "none"},
      {on, "to"},
      {kept, "none+in"},
      {on, "to+in"},
      {kept, "to"},
      {kept, "to+in"},
      {kept, "from"},
      {on, "both"},
      {kept, "both"}}},
    {"unsubscribed",
     {{kept, "none"},
      {on, "none"},
      {kept, "none+in"},
      {on, "none+in"},
      {on, "none"},
      {on, "none+in"},
      {kept, "from"},
      {on, "from"},
      {on, "from"}}},
};

std::string state_of(RosterItem const* item) {
  if (!item) return "none";
  for (auto const& state : states)
    if (item->subscription == state.subscription && item->asked == state.asked && item->wants_us == state.wants_us)
      return std::string(state.name);
  return "a state that cannot be";
}

struct Known : Desk {
  explicit Known(State const& state) {
    open("balcony").interested = true;
    say("balcony", "<presence/>");
    account.roster.items.push_back({.address = "romeo@localhost",
                                    .subscription = state.subscription,
                                    .listed = true,
                                    .asked = state.asked,
                                    .wants_us = state.wants_us});
  }
};

std::string marked(std::string_view type) {
  return "type='" + std::string(type) + "'";
}

TEST(Subscription, OutboundStanzasAsTables2To5) {
  for (auto const& table : outbound)
    for (std::size_t i = 0; i < std::size(states); ++i) {
      Known juliet{states[i]};
      auto const said = juliet.say("balcony", "<presence to='romeo@localhost/orchard' " + marked(table.type) + "/>");
      auto const where = std::string(table.type) + " in " + std::string(states[i].name);
      EXPECT_EQ(state_of(juliet.item("romeo@localhost")), table.rows[i].after) << where;
      // Section 3.1.2: with bare addresses on both sides.
      auto const routed = with(with(said, "> <presence "), marked(table.type));
      EXPECT_EQ(routed.size(), table.rows[i].passed == on ? 1U : 0U) << where;
      for (auto const& one : routed) {
        EXPECT_TRUE(one.contains("from='juliet@localhost'")) << one;
        EXPECT_TRUE(one.contains("to='romeo@localhost'")) << one;
      }
      bool const changed = states[i].name != table.rows[i].after;
      bool const seen_in_roster = changed && !with(said, "<item").empty();
      bool const only_pending_in = table.type == "unsubscribed" && states[i].wants_us;
      EXPECT_EQ(seen_in_roster, changed && !only_pending_in) << where;
    }
}

TEST(Subscription, InboundStanzasAsTables6To9) {
  for (auto const& table : inbound)
    for (std::size_t i = 0; i < std::size(states); ++i) {
      Known juliet{states[i]};
      auto const said =
          juliet.hear("<presence from='romeo@localhost' to='juliet@localhost' " + marked(table.type) + "/>");
      auto const where = std::string(table.type) + " in " + std::string(states[i].name);
      EXPECT_EQ(state_of(juliet.item("romeo@localhost")), table.rows[i].after) << where;
      EXPECT_EQ(with(with(said, "balcony <presence"), marked(table.type)).size(), table.rows[i].passed == on ? 1U : 0U)
          << where;
      // Table 6 note 2 and table 7 note 1: the server answers on her behalf.
      bool const sees_her =
          states[i].subscription == Subscription::from || states[i].subscription == Subscription::both;
      auto const replies = with(said, "> <presence type='subscribed'").size();
      EXPECT_EQ(replies, table.type == "subscribe" && sees_her ? 1U : 0U) << where;
      auto const ends = with(said, "> <presence type='unsubscribed'").size();
      EXPECT_EQ(ends, table.type == "unsubscribe" && table.rows[i].passed == on ? 1U : 0U) << where;
    }
}

// Section 3.3.3 and 3.2.2: whoever may no longer see her is told that she is gone, after the word that says so.
TEST(Subscription, WhoMayNoLongerSeeHerSeesHerGo) {
  Known by_him{states[8]};
  auto const said =
      with(by_him.hear("<presence from='romeo@localhost' to='juliet@localhost' type='unsubscribe'/>"), "> ");
  ASSERT_EQ(said.size(), 2U);
  EXPECT_TRUE(said[0].contains("type='unsubscribed'")) << said[0];
  EXPECT_TRUE(said[1].contains("type='unavailable' from='juliet@localhost/balcony'")) << said[1];
  Known by_her{states[8]};
  EXPECT_EQ(with(by_her.say("balcony", "<presence to='romeo@localhost' type='unsubscribed'/>"),
                 "type='unavailable' from='juliet@localhost/balcony'")
                .size(),
            1U);
}

// Section 3.4.
TEST(Subscription, AnApprovalBeforehandAnswersTheRequest) {
  Desk juliet;
  juliet.open("balcony").interested = true;
  juliet.say("balcony", "<presence/>");
  auto said = juliet.say("balcony", "<presence to='romeo@localhost' type='subscribed'/>");
  EXPECT_EQ(with(said, "approved='true'").size(), 1U);
  EXPECT_TRUE(with(said, "> ").empty());
  said = juliet.hear("<presence from='romeo@localhost' to='juliet@localhost' type='subscribe'/>");
  EXPECT_EQ(with(said, "> <presence type='subscribed'").size(), 1U);
  EXPECT_TRUE(with(said, "balcony <presence").empty());
  EXPECT_EQ(state_of(juliet.item("romeo@localhost")), "from");
  // Taken back before it was used: nothing is left of it.
  juliet.say("balcony", "<presence to='nurse@localhost' type='subscribed'/>");
  juliet.say("balcony", "<presence to='nurse@localhost' type='unsubscribed'/>");
  said = juliet.hear("<presence from='nurse@localhost' to='juliet@localhost' type='subscribe'/>");
  EXPECT_EQ(with(said, "balcony <presence").size(), 1U);
  EXPECT_EQ(state_of(juliet.item("nurse@localhost")), "none+in");
}

// Section 3.1.3, rule 4: kept whole, shown at each sign-in, once a person; no roster item before the answer.
TEST(Subscription, ARequestWaitsWithItsWordsUntilItIsAnswered) {
  Desk juliet;
  auto const ask = "<presence from='romeo@localhost' to='juliet@localhost' type='subscribe'><status>" +
                   std::string("it is the east") + "</status></presence>";
  juliet.hear(ask);
  juliet.hear(ask);
  for (auto const* resource : {"balcony", "chamber"}) {
    juliet.open(resource);
    EXPECT_EQ(with(juliet.say(resource, "<presence/>"), "it is the east").size(), 1U);
  }
  auto const roster = juliet.say("balcony", "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  EXPECT_TRUE(with(roster, "romeo").empty());
  juliet.say("balcony", "<presence to='romeo@localhost' type='unsubscribed'/>");
  EXPECT_EQ(juliet.item("romeo@localhost"), nullptr);
  juliet.open("garden");
  EXPECT_TRUE(with(juliet.say("garden", "<presence/>"), "it is the east").empty());
}

TEST(Subscription, AStrangersAnswersChangeNothing) {
  Desk juliet;
  juliet.open("balcony");
  juliet.say("balcony", "<presence/>");
  for (auto const* type : {"subscribed", "unsubscribe", "unsubscribed"})
    EXPECT_TRUE(
        juliet.hear("<presence from='x@localhost' to='juliet@localhost' type='" + std::string(type) + "'/>").empty());
  EXPECT_TRUE(juliet.account.roster.items.empty());
  EXPECT_TRUE(juliet.say("balcony", "<presence to='juliet@localhost/chamber' type='subscribe'/>").empty());
}

// As a roster set is: what takes up no item still goes through.
TEST(Subscription, AFullRosterTakesNobodyElse) {
  Desk juliet;
  juliet.open("balcony").interested = true;
  for (int i = 0; i < 2'000; ++i)
    juliet.account.roster.items.push_back({.address = "c" + std::to_string(i) + "@localhost", .listed = true});
  for (auto const* type : {"subscribe", "subscribed"}) {
    auto const said = juliet.say("balcony", "<presence id='p' to='romeo@localhost' type='" + std::string(type) + "'/>");
    ASSERT_EQ(said.size(), 1U) << type;
    EXPECT_TRUE(said[0].starts_with("balcony <presence type='error' id='p' from='romeo@localhost'")) << said[0];
    EXPECT_TRUE(said[0].contains("resource-constraint")) << said[0];
  }
  EXPECT_EQ(juliet.account.roster.items.size(), 2'000U);
  EXPECT_EQ(with(juliet.say("balcony", "<presence to='c7@localhost' type='subscribe'/>"), "> ").size(), 1U);
  EXPECT_EQ(with(juliet.say("balcony", "<presence to='romeo@localhost' type='unsubscribe'/>"), "> ").size(), 1U);
  EXPECT_EQ(juliet.account.roster.items.size(), 2'000U);
}

TEST(Subscription, RequestsOfStrangersAreBounded) {
  Desk juliet;
  auto const long_words = std::string(10'000, 'o');
  juliet.hear("<presence from='bore@localhost' to='juliet@localhost' type='subscribe'><status>" + long_words +
              "</status></presence>");
  EXPECT_LT(juliet.item("bore@localhost")->request.size(), 200U);
  for (int i = 0; i < 2'100; ++i)
    juliet.hear("<presence from='s" + std::to_string(i) + "@localhost' to='juliet@localhost' type='subscribe'/>");
  EXPECT_EQ(juliet.account.roster.items.size(), 2'000U);
}

}  // namespace
}  // namespace reveille::decide::test
