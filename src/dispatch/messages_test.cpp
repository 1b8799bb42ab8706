// Conversations of clients with the dispatcher of messages, on the virtual clock: B-IM-1, 2, 4; B-MODE-3…5.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(Two, AMessageIsOnDiskBeforeAnyoneHearsOfIt) {
  juliet.heard();
  auto const handled = house.streams.done[romeo.stream];
  auto stanza = parse_element("<message to='juliet@localhost'><body>soft</body></message>");
  house.messages->on_stanza(romeo.stream, stanza->set("from", romeo.full()));
  EXPECT_EQ(house.streams.done[romeo.stream], handled);
  EXPECT_THAT(juliet.heard(), IsEmpty());
  house.settle();
  EXPECT_EQ(house.streams.done[romeo.stream], handled + 1);
  auto const heard = juliet.heard("soft");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_THAT(heard[0], HasSubstr("<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost' id='"));
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Two, WhatCannotBeWrittenIsNotAcknowledged) {
  juliet.heard();
  auto const handled = house.streams.done[romeo.stream];
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  romeo_writes("lost");
  EXPECT_EQ(house.streams.done[romeo.stream], handled);
  EXPECT_THAT(juliet.heard("lost"), IsEmpty());
  EXPECT_THAT(romeo.heard(), Contains(HasSubstr("resource-constraint")));
}

// Neither could its end: the disk is still full then.
TEST_F(Two, ASessionThatCouldNotBeWrittenDoesNotComeBackWithTheNextStart) {
  befriend();
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  romeo_writes("lost");
  romeo.lose();
  juliet.lose();
  house.store.fail_with({});
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in();
  juliet.heard();
  house.start();
  juliet.resume();
  juliet.say("<presence type='probe' to='romeo@localhost'/>");
  EXPECT_THAT(juliet.heard("romeo@localhost/phone"), IsEmpty());
  romeo.resume();
  EXPECT_THAT(romeo.heard(), testing::Contains("failed"));
}

// Of so many sessions it is remembered; the rows of the others end with their time.
TEST_F(Two, SoManySessionsThatCouldNotBeWrittenAreRememberedAndNoMore) {
  constexpr int more = 10;
  auto const rows = [this] {
    int count = 0;
    EXPECT_TRUE(house.store.for_each(store::Table::streams, [&](auto, auto) { ++count; }));
    return count;
  };
  std::deque<Phone> phones;
  for (int i = 0; i < 1'000 + more; ++i) {
    auto& phone = phones.emplace_back(house, "user" + std::to_string(i));
    house.shard->directory.put(model::AccountId{phone.user + "@localhost"}, {});
    phone.sign_in();
  }
  auto const before = rows();
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  for (auto& phone : phones) phone.say("<presence/>");
  EXPECT_EQ(rows(), before);
  house.store.fail_with({});
  romeo.say("<presence/>");
  EXPECT_EQ(rows(), before - 1'000);
}

TEST_F(Two, AClientWithoutStreamManagementHearsWhatCouldNotBeWrittenAndGoesOn) {
  Phone plain{house, "romeo"};
  house.messages->on_bind_requested(plain.stream, model::AccountId{"romeo@localhost"}, "desk");
  house.settle();
  plain.heard();
  juliet.heard();
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  plain.say("<message to='juliet@localhost' type='chat' id='m1'><body>lost</body></message>");
  EXPECT_EQ(house.streams.done[plain.stream], 1U);
  EXPECT_THAT(plain.heard("resource-constraint"), Contains(HasSubstr("id='m1'")));
  EXPECT_THAT(juliet.heard("lost"), IsEmpty());
  house.store.fail_with({});
  juliet.connect();
  juliet.sign_in();
  plain.say("<message to='juliet@localhost' type='chat' id='m2'><body>found</body></message>");
  EXPECT_THAT(juliet.heard("found"), testing::SizeIs(1));
}

TEST_F(Two, ADeviceIsOnDiskBeforeItsEnableIsAnswered) {
  Phone plain{house, "juliet"};
  house.messages->on_bind_requested(plain.stream, model::AccountId{"juliet@localhost"}, "pad");
  house.settle();
  auto const devices = [this] {
    return house.shard->directory.find(model::AccountId{"juliet@localhost"})->registrations().devices;
  };
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  plain.enable_push();
  EXPECT_THAT(plain.heard("id='p'"), ElementsAre(HasSubstr("resource-constraint")));
  EXPECT_THAT(devices(), IsEmpty());
  house.store.fail_with({});
  plain.enable_push();
  EXPECT_THAT(plain.heard("id='p'"), ElementsAre(HasSubstr("result")));
  EXPECT_THAT(devices(), testing::SizeIs(1));

  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  plain.say("<iq type='set' id='q'><disable xmlns='urn:xmpp:push:0' jid='push.localhost'/></iq>");
  EXPECT_THAT(plain.heard("id='q'"), ElementsAre(HasSubstr("resource-constraint")));
  EXPECT_TRUE(devices().at(0).services.im);
}

TEST_F(Two, B_SIGN_2_AnEnabledTokenLeavesItsFormerHolderOnceThatIsOnDisk) {
  romeo.enable_push();
  auto const token = [this](char const* account) {
    auto const registrations = house.shard->directory.find(model::AccountId{account})->registrations();
    auto const* device = model::find_device(registrations, model::InstanceId{instance});
    return device == nullptr ? std::string{} : device->message.token;
  };
  Phone plain{house, "juliet"};
  house.messages->on_bind_requested(plain.stream, model::AccountId{"juliet@localhost"}, "pad");
  house.settle();
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  plain.enable_push();
  EXPECT_EQ(token("romeo@localhost"), "message-token-000");
  house.store.fail_with({});
  plain.enable_push();
  EXPECT_EQ(token("juliet@localhost"), "message-token-000");
  EXPECT_EQ(token("romeo@localhost"), "") << "a shared phone must not ring for the last user";
}

TEST_F(Two, ASuspendedPhoneGetsEachMessageOnceInOrderWhereverItsLineIsCut) {
  for (int const restarted : {0, 1}) {
    for (int cut = 0; cut <= 4; ++cut) {
      std::vector<std::string> got;
      auto const take = [&] {
        for (auto const& text : juliet.heard("<body>")) got.push_back(text.substr(text.find("<body>") + 6, 1));
      };
      for (int i = 0; i < 4; ++i) {
        if (i == cut) juliet.lose();
        romeo_writes(std::to_string(i));
        // The client has it; its acknowledgement is lost with the line.
        if (i < cut) take();
      }
      if (cut == 4) juliet.lose();
      if (restarted == 1) {
        romeo.lose();
        house.start();
        romeo.resume();
      }
      juliet.resume();
      take();
      EXPECT_EQ(got, (std::vector<std::string>{"0", "1", "2", "3"})) << "cut " << cut << " restarted " << restarted;
      juliet.acknowledge();
    }
  }
}

TEST_F(Two, OnePushABurstAndNoneInTheForeground) {
  juliet.enable_push();
  romeo_writes("one");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  juliet.acknowledge();
  house.messages->on_mode(juliet.stream, AppMode::background);
  juliet.lose();
  for (int i = 0; i < 5; ++i) romeo_writes("more" + std::to_string(i));
  house.pass(2s);
  ASSERT_EQ(house.pushes.requests.size(), 1U);
  auto const& push = house.pushes.requests[0];
  EXPECT_EQ(push.channel, model::ChannelName::message);
  EXPECT_EQ(push.target.token, "message-token-000");
  EXPECT_EQ(push.instance.value, instance);
  EXPECT_THAT(push.payload, HasSubstr("\"type\":\"message\""));
  EXPECT_FALSE(push.conversation.empty());
  EXPECT_EQ(std::ranges::count(house.traces.all, model::Why::burst, &model::TraceStep::why), 5)
      << "the one that was not acknowledged, and all but the newest of the others";
  // The tap: the app resumes and reads.
  juliet.resume();
  EXPECT_EQ(house.pushes.acknowledged, std::vector<std::string>{push.id.value});
  EXPECT_EQ(juliet.heard("<body>more").size(), 5U);
}

TEST_F(Two, AnOldPhoneIsPushedOnItsOneChannel) {
  juliet.enable_push("12.5", "shared");
  house.messages->on_mode(juliet.stream, AppMode::background);
  juliet.lose();
  romeo_writes("one");
  house.pass(2s);
  ASSERT_EQ(house.pushes.requests.size(), 1U);
  EXPECT_EQ(house.pushes.requests[0].channel, model::ChannelName::voip);
}

TEST_F(Two, ADroppedForegroundConnectionHasItsGrace) {
  juliet.enable_push();
  juliet.lose();
  romeo_writes("one");
  house.pass(4s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  house.pass(2s);
  EXPECT_EQ(house.pushes.requests.size(), 1U);
}

TEST_F(Two, AwayWhileItsDeviceSleeps) {
  befriend();
  juliet.enable_push();
  romeo.heard();
  house.messages->on_client_state(juliet.stream, ClientState::inactive);
  house.settle();
  EXPECT_THAT(romeo.heard(), IsEmpty());  // client state alone changes nothing
  house.messages->on_mode(juliet.stream, AppMode::background);
  house.settle();
  auto heard = romeo.heard("<presence");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_THAT(heard[0], testing::AllOf(HasSubstr("<show>away</show>"), HasSubstr("<status>here</status>"),
                                       HasSubstr("urn:xmpp:idle:1"), HasSubstr("by='push'")));
  juliet.lose();
  EXPECT_THAT(romeo.heard("<presence"), IsEmpty());  // still there, still away
  juliet.resume();
  heard = romeo.heard("<presence");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_THAT(heard[0], Not(HasSubstr("away")));
}

TEST_F(Two, B_MODE_5_AwayThoughNothingCanBeResumed) {
  befriend();
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  juliet.enable_push();
  romeo.heard();
  juliet.lose();
  house.pass(4s);
  EXPECT_THAT(romeo.heard("<presence"), IsEmpty()) << "the grace";
  house.pass(2s);
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(HasSubstr("<show>away</show>")));
  romeo_writes("missed");
  romeo.say("<iq type='get' id='v' to='juliet@localhost/phone'><query xmlns='jabber:iq:version'/></iq>");
  EXPECT_THAT(romeo.heard("id='v'"), ElementsAre(HasSubstr("type='error'"))) << "nobody can answer";
  romeo.lose();
  house.start();
  romeo.resume();
  romeo.say("<presence type='probe' to='juliet@localhost'/>");
  EXPECT_THAT(romeo.heard("<show>away</show>"), Not(IsEmpty())) << "after a restart too";
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  juliet.enable_push();
  house.pass(20s);
  EXPECT_THAT(romeo.heard("<presence").back(), Not(HasSubstr("away")));
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(HasSubstr("unavailable")));
}

TEST_F(Two, B_MODE_5_AwayAfterACleanEndInTheBackground) {
  befriend();
  juliet.enable_push();
  house.messages->on_mode(juliet.stream, AppMode::background);
  house.settle();
  EXPECT_THAT(romeo.heard("<show>away</show>"), testing::SizeIs(1));
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  EXPECT_THAT(romeo.heard("<presence"), IsEmpty()) << "still away";
  juliet.resume();
  EXPECT_THAT(juliet.heard(), testing::Contains("failed"));
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in();
  juliet.enable_push();
  EXPECT_THAT(romeo.heard("<presence").back(), Not(HasSubstr("away")));
  house.messages->on_mode(juliet.stream, AppMode::background);
  juliet.say("<iq type='set' id='d'><disable xmlns='urn:xmpp:push:0' jid='push.localhost' node='" +
             std::string(instance) + "'/></iq>");
  romeo.heard();
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(HasSubstr("unavailable"))) << "signed out";
}

TEST_F(Two, AwayAfterTheGraceOfADroppedConnection) {
  befriend();
  juliet.enable_push();
  romeo.heard();
  juliet.lose();
  house.pass(4s);
  EXPECT_THAT(romeo.heard("away"), IsEmpty());
  house.pass(2s);
  EXPECT_EQ(romeo.heard("away").size(), 1U);
}

TEST_F(Two, AnInactiveClientIsSparedPresenceUntilItIsActive) {
  befriend();
  house.messages->on_client_state(romeo.stream, ClientState::inactive);
  romeo.heard();
  juliet.say("<presence><show>dnd</show></presence>");
  juliet.say("<presence><show>xa</show></presence>");
  EXPECT_THAT(romeo.heard(), IsEmpty());
  house.messages->on_client_state(romeo.stream, ClientState::active);
  house.settle();
  auto const heard = romeo.heard("<presence");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_THAT(heard[0], HasSubstr("xa"));
}

TEST_F(Two, RosterAndSubscriptionGoThroughTheirStates) {
  romeo.say("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  juliet.say("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  romeo.heard();
  romeo.say("<presence type='subscribe' to='juliet@localhost'/>");
  EXPECT_THAT(romeo.heard("ask='subscribe'"), testing::SizeIs(1));
  EXPECT_THAT(juliet.heard("type='subscribe'"), testing::SizeIs(1));
  juliet.say("<presence type='subscribed' to='romeo@localhost'/>");
  EXPECT_THAT(juliet.heard("subscription='from'"), testing::SizeIs(1));
  auto const heard = romeo.heard();
  EXPECT_THAT(heard, Contains(HasSubstr("subscription='to'")));
  EXPECT_THAT(heard, Contains(HasSubstr("<presence from='juliet@localhost/phone'")));
  romeo.say(
      "<iq type='set' id='d'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' "
      "subscription='remove'/></query></iq>");
  EXPECT_THAT(romeo.heard("subscription='remove'"), testing::SizeIs(1));
  EXPECT_THAT(juliet.heard("type='unsubscribe'"), testing::SizeIs(1));
}

TEST_F(Two, SigningOutEndsPushes) {
  juliet.enable_push();
  juliet.say("<iq type='set' id='d'><disable xmlns='urn:xmpp:push:0' jid='push.localhost' node='" +
             std::string(instance) + "'/></iq>");
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  romeo_writes("one");
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Two, MistakesAreAnsweredAsTheRfcSays) {
  romeo.heard();
  romeo.say("<message to='nobody@localhost'><body>x</body></message>");
  EXPECT_THAT(romeo.heard("service-unavailable"), testing::SizeIs(1));
  romeo.say("<iq type='get' id='1' to='localhost'><unknown xmlns='u'/></iq>");
  EXPECT_THAT(romeo.heard("service-unavailable"), testing::SizeIs(1));
  romeo.say("<message to='a b@localhost'/>");
  EXPECT_THAT(romeo.heard("jid-malformed"), testing::SizeIs(1));
  romeo.say("<message to='x@elsewhere.example'><body>x</body></message>");
  EXPECT_THAT(romeo.heard("remote-server-not-found"), testing::SizeIs(1));
  romeo.say(
      "<iq type='set' id='1'><query xmlns='urn:xmpp:mam:2'><set "
      "xmlns='http://jabber.org/protocol/rsm'><after>forged</after></set></query></iq>");
  EXPECT_THAT(romeo.heard("item-not-found"), testing::SizeIs(1));
  romeo.say("<presence type='subscribe' to='nobody@localhost'/>");
  EXPECT_THAT(romeo.heard("error"), IsEmpty());
}

}  // namespace
}  // namespace reveille::dispatch::test
