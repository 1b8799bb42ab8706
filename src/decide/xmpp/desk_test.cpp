#include "decide/xmpp/desk.hpp"

#include "decide/xmpp/iq.hpp"
#include "decide/xmpp/presence.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/xml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

namespace reveille::decide::test {

using namespace xmpp;

namespace {

Said told(ImEffects const& effects) {
  Said said;
  for (auto const& one : effects.deliveries) said.push_back(one.resource + " " + to_xml(one.stanza, ns::client));
  for (auto const& one : effects.routes) said.push_back("> " + to_xml(one, ns::client));
  return said;
}

}  // namespace

Desk::Desk(std::string_view address) {
  account.jid = parse_jid(address).value();
}

ImSession& Desk::open(std::string_view resource) {
  auto const slot = static_cast<std::uint32_t>(account.sessions.size());
  return account.sessions.emplace_back(ImSession{.resource = std::string(resource),
                                                 .stream = {.slot = slot, .generation = 1},
                                                 .resume_id = std::string(resource)});
}

ImSession& Desk::at(std::string_view resource) {
  return *find_session(account, resource);
}

ImContext Desk::context() const {
  return {.now = clock.now(), .policy = &policy, .domain = account.jid.domain};
}

Said Desk::say(std::string_view resource, std::string_view stanza) {
  auto element = parse_element(stanza).value();
  element.set("from", account.jid.with_resource(std::string(resource)).text());
  last = {};
  auto& session = at(resource);
  if (kind_of(element) == StanzaKind::presence)
    on_outbound_presence(account, session, std::move(element), context(), last);
  else
    on_outbound_iq(account, session, std::move(element), context(), last);
  return told(last);
}

Said Desk::hear(std::string_view stanza) {
  auto const element = parse_element(stanza).value();
  last = {};
  if (kind_of(element) == StanzaKind::presence) on_inbound_presence(account, element, context(), last);
  if (kind_of(element) == StanzaKind::iq) on_inbound_iq(account, element, last);
  return told(last);
}

void Desk::cut(std::string_view resource) {
  auto& session = at(resource);
  auto const stream = session.stream;
  session.stream = {};
  session.lost_at = clock.now();
  session = unpack_session(pack(session)).value();
  session.stream = stream;
  session.lost_at.reset();
}

Said with(Said const& said, std::string_view part) {
  Said matching;
  std::ranges::copy_if(said, std::back_inserter(matching), [&](auto const& one) { return one.contains(part); });
  return matching;
}

namespace {

// A client's life, told as stanzas; "juliet:" is hers, the rest comes from others.
struct Script {
  std::string_view name;
  std::vector<std::string_view> steps;
};

Script const scripts[] = {
    {"comes, shows herself, writes to a room, goes",
     {"juliet:<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>",
      "juliet:<presence><priority>7</priority><status>here</status></presence>",
      "juliet:<presence to='garden@rooms.localhost/juliet'/>",
      "juliet:<presence to='nurse@localhost'><show>chat</show></presence>",
      "juliet:<presence to='nurse@localhost' type='unavailable'/>", "juliet:<presence type='unavailable'/>"}},
    {"shows herself to one before all, and to one only",
     {"juliet:<presence to='garden@rooms.localhost/juliet'/>", "juliet:<presence to='nurse@localhost'/>",
      "juliet:<presence/>", "juliet:<presence to='nurse@localhost' type='unavailable'/>",
      "juliet:<presence type='unavailable'/>"}},
    {"a subscription both ways",
     {"juliet:<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "juliet:<presence/>",
      "<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>",
      "juliet:<presence type='subscribed' to='romeo@localhost'/>",
      "juliet:<presence type='subscribe' to='romeo@localhost'/>",
      "<presence type='subscribed' from='romeo@localhost' to='juliet@localhost'/>",
      "<presence from='romeo@localhost/orchard' to='juliet@localhost'/>",
      "<presence type='probe' from='romeo@localhost' to='juliet@localhost'/>",
      "juliet:<presence><show>dnd</show></presence>",
      "<presence type='unsubscribe' from='romeo@localhost' to='juliet@localhost'/>",
      "juliet:<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost' "
      "subscription='remove'/></query></iq>",
      "juliet:<presence type='unavailable'/>"}},
    {"her roster is written, and a contact approved beforehand",
     {"juliet:<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "juliet:<presence/>",
      "juliet:<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' "
      "name='Nurse'/></query></iq>",
      "juliet:<presence type='subscribed' to='nurse@localhost'/>",
      "<presence type='subscribe' from='nurse@localhost' to='juliet@localhost'/>",
      "juliet:<presence><status>up here</status></presence>",
      "juliet:<presence type='unsubscribed' to='nurse@localhost'/>",
      "juliet:<presence type='subscribe' to='nurse@localhost'/>",
      "<presence type='unsubscribed' from='nurse@localhost' to='juliet@localhost'/>",
      "juliet:<iq type='set' id='3'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' "
      "subscription='remove'/></query></iq>"}},
    {"push comes and goes",
     {"juliet:<presence/>",
      "juliet:<iq type='set' id='1'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' "
      "node='11111111-2222-4333-8444-555555555555'/></iq>",
      "juliet:<iq type='set' id='2'><disable xmlns='urn:xmpp:push:0' jid='push.localhost'/></iq>",
      "juliet:<iq type='get' id='3' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"}},
};

struct Outcome {
  std::vector<Said> said = {};
  Desk desk = Desk{};
};

// `cut_before`: the line is lost before that step, and the session resumed; none when it is beyond the last.
Outcome play(Script const& script, std::size_t cut_before) {
  Outcome outcome;
  outcome.desk.open("balcony");
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    if (i == cut_before) outcome.desk.cut("balcony");
    auto step = script.steps[i];
    bool const hers = step.starts_with("juliet:");
    if (hers) step.remove_prefix(7);
    outcome.said.push_back(hers ? outcome.desk.say("balcony", step) : outcome.desk.hear(step));
  }
  return outcome;
}

TEST(ImConversation, GoesOnAsBeforeWhereverTheLineWasCut) {
  for (auto const& script : scripts) {
    auto const whole = play(script, script.steps.size());
    for (std::size_t cut = 0; cut < script.steps.size(); ++cut) {
      auto const again = play(script, cut);
      EXPECT_EQ(again.said, whole.said) << script.name << ", cut before step " << cut;
      EXPECT_EQ(again.desk.account.roster, whole.desk.account.roster) << script.name << ", cut before step " << cut;
    }
  }
}

// Who has last seen her there.
using Viewers = std::set<std::string, std::less<>>;

void note_viewers(Viewers& viewers, ImEffects const& effects) {
  for (auto const& stanza : effects.routes) {
    if (kind_of(stanza) != StanzaKind::presence) continue;
    if (stanza.attribute("type").empty()) viewers.emplace(stanza.attribute("to"));
    if (stanza.attribute("type") == "unavailable") viewers.erase(std::string(stanza.attribute("to")));
  }
}

// The script's first steps, with a contact of hers who says nothing; then the line is lost for good. Who saw her then.
Viewers play_and_lose(Desk& desk, Script const& script, std::size_t steps) {
  Viewers viewers;
  desk.account.roster.items.push_back(
      {.address = "benvolio@localhost", .subscription = model::Subscription::from, .listed = true});
  desk.open("balcony");
  for (std::size_t i = 0; i < steps; ++i) {
    auto step = script.steps[i];
    bool const hers = step.starts_with("juliet:");
    if (hers) step.remove_prefix(7);
    static_cast<void>(hers ? desk.say("balcony", step) : desk.hear(step));
    note_viewers(viewers, desk.last);
  }
  desk.cut("balcony");
  return viewers;
}

TEST(ImConversation, EndsOnceForEveryoneWhoSawHerWhereverTheLineIsLostForGood) {
  std::size_t seen = 0;
  for (auto const& script : scripts) {
    for (std::size_t steps = 0; steps <= script.steps.size(); ++steps) {
      Desk desk;
      auto const viewers = play_and_lose(desk, script, steps);
      ImEffects effects;
      on_session_gone(desk.account, desk.at("balcony"), effects);
      Viewers told;
      for (auto const& stanza : effects.routes) {
        EXPECT_EQ(stanza.attribute("type"), "unavailable") << script.name << ", lost after " << steps;
        EXPECT_TRUE(told.emplace(stanza.attribute("to")).second) << stanza.attribute("to") << " was told twice";
      }
      EXPECT_EQ(told, viewers) << script.name << ", lost after " << steps;
      seen += viewers.size();
      ImEffects twice;
      on_session_gone(desk.account, desk.at("balcony"), twice);
      EXPECT_TRUE(twice.routes.empty());
    }
  }
  EXPECT_GT(seen, 20U);
}

TEST(ImSession, ARecordOfTheVersionBeforeIsRead) {
  ImSession session{.resource = "balcony", .cursor = 7, .named_cursor = 7, .late = {"<iq/>"}, .uses_markers = true};
  auto record = pack(session);
  EXPECT_TRUE(unpack_session(record).value().uses_markers);
  record.front() = 5;
  EXPECT_EQ(unpack_session(record).value().named_cursor, 7U);
  record.front() = 4;
  EXPECT_TRUE(unpack_session(record).value().uses_markers);
  record.front() = 3;
  record.pop_back();
  auto const before = unpack_session(record).value();
  EXPECT_EQ(before.late, session.late);
  EXPECT_FALSE(before.uses_markers);
}

TEST(ImSession, RecordsOfAnyDamageAreRefusedOrReadButNeverCrash) {
  Desk desk;
  auto& session = desk.open("balcony");
  desk.say("balcony", "<presence><priority>-3</priority></presence>");
  session.kept = {{1, "<iq/>"}, {2, "<presence/>"}};
  session.sent.send(1);
  session.sent.send(first_archive_reference + 5);
  session.gone = {"romeo@localhost/orchard"};
  session.cursor = first_archive_reference + 4;
  session.named_cursor = first_archive_reference + 5;
  auto const record = pack(session);
  ASSERT_TRUE(unpack_session(record));
  EXPECT_EQ(pack(unpack_session(record).value()), record);
  EXPECT_EQ(unpack_session(record).value().priority, -3);
  for (std::size_t size = 0; size < record.size(); ++size) EXPECT_FALSE(unpack_session(record.substr(0, size))) << size;
  EXPECT_FALSE(unpack_session(record + "x"));
  for (std::size_t i = 0; i < record.size(); ++i) {
    auto damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    static_cast<void>(unpack_session(damaged));
  }
}

}  // namespace
}  // namespace reveille::decide::test
