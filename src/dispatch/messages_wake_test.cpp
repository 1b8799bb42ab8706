// Pushes for messages on the virtual clock: who was thought awake, and what a restart must not forget. B-MODE-4,
// B-MODE-5, B-IM-2, B-PUSH-8.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Waking : Two {
  void juliet_sleeps() {
    juliet.enable_push();
    juliet.heard();
    juliet.acknowledge();
    house.messages->on_mode(juliet.stream, AppMode::background);
    juliet.lose();
  }
  void restart() {
    romeo.lose();
    house.start();
    romeo.resume();
  }
  void end(StreamEnd why) {
    house.messages->on_ended(juliet.stream, why);
    house.settle();
  }
  void expect_a_push_after_the_grace() {
    end(StreamEnd::lost);
    house.pass(4s);
    EXPECT_THAT(house.pushes.requests, IsEmpty());
    house.pass(2s);
    EXPECT_THAT(house.pushes.requests, SizeIs(1));
  }
};

TEST_F(Waking, AMessageIntoADeadConnectionIsPushedWhenThatIsKnown) {
  juliet.enable_push();
  romeo_writes("a");
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  end(StreamEnd::overdue);
  house.pass(300ms);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
  juliet.resume();
  EXPECT_THAT(juliet.heard("<body>a</body>"), SizeIs(1));
}

// The push waits in the queue until the key is mended; what nobody asked for would never be pushed.
TEST_F(Waking, B_PUSH_4_AMessageIsPushedThoughTheProviderRefusesTheKeyAtThatMoment) {
  juliet_sleeps();
  house.pass(10s);
  house.pushes.is_trusted = false;
  romeo_writes("a");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

TEST_F(Waking, ADroppedConnectionHasItsGrace) {
  juliet.enable_push();
  romeo_writes("a");
  expect_a_push_after_the_grace();
}

// The process ends while a connection that is dead still looks alive, so that nobody tells it of its end.
TEST_F(Waking, B_IM_2_AMessageIntoADeadConnectionIsPushedThoughTheProcessEnds) {
  juliet.enable_push();
  romeo_writes("a");
  restart();
  house.pass(4s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  restart();
  house.pass(10s);
  ASSERT_THAT(house.pushes.requests, SizeIs(2)) << "the same again, since nobody knows whether it was asked for";
  EXPECT_EQ(house.pushes.requests.front(), house.pushes.requests.back());
}

TEST_F(Waking, WhoIsBackSoonAfterAStartOrHadSeenItIsNotPushed) {
  juliet.enable_push();
  romeo_writes("a");
  restart();
  house.pass(2s);
  juliet.resume();
  house.pass(10s);
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  restart();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Waking, WhoIsBackWithinTheGraceIsNotPushed) {
  juliet.enable_push();
  romeo_writes("a");
  end(StreamEnd::lost);
  house.pass(2s);
  juliet.resume();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Waking, WhatWasAcknowledgedIsNotPushed) {
  juliet.enable_push();
  romeo_writes("a");
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  end(StreamEnd::overdue);
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Waking, ASessionThatCannotBeResumedToo) {
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  juliet.enable_push();
  romeo_writes("a");
  expect_a_push_after_the_grace();
}

TEST_F(Waking, AnAcceptedMessageIsPushedThoughTheProcessEndsBeforeItsPush) {
  juliet_sleeps();
  romeo_writes("a");
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  restart();
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  // It was asked for, and nobody knows whether the push service heard of it: the same is asked for again.
  restart();
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(2));
  EXPECT_EQ(house.pushes.requests[0], house.pushes.requests[1]);
  house.pushes.answer(1, model::PushState::accepted_by_provider);
  house.pass(2s);
  restart();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, SizeIs(2));
  juliet.resume();
  EXPECT_THAT(house.pushes.acknowledged, ElementsAre(house.pushes.requests[0].id.value));
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  restart();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, SizeIs(2));
}

TEST_F(Waking, APushThatHasEndedIsNotAskedForAgain) {
  juliet_sleeps();
  romeo_writes("a");
  house.pass(2s);
  house.pushes.answer(0, model::PushState::refused);
  house.pass(2s);
  restart();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

// B-SIGN-2: which services an app uses is a field of its registration.
TEST_F(Waking, AnAppThatUsesCallsOnlyIsNotPushedForMessages) {
  juliet.enable_push("18.0", "split", "call");
  juliet.heard();
  juliet.acknowledge();
  juliet.lose();
  romeo_writes("a");
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
  EXPECT_THAT(house.traces.all,
              testing::Contains(testing::Field(&model::TraceStep::why, model::Why::service_not_used)));
}

// The table asks which device sleeps, not what another has read. At a start nobody knows how long ago that was.
TEST_F(Waking, B_IM_2_WhatAnotherClientHasReadIsPushedButNotAskedForAtTheNextStart) {
  juliet_sleeps();
  Phone desk{house, "juliet"};
  house.messages->on_bind_requested(desk.stream, model::AccountId{"juliet@localhost"}, "desk");
  house.settle();
  desk.say("<presence/>");
  auto const reads = [&](std::string const& id) {
    romeo_writes(id);
    EXPECT_THAT(desk.heard("<body>" + id), SizeIs(1));
    desk.say("<message to='romeo@localhost' type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='" + id +
             "'/></message>");
  };
  reads("a");
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  house.pushes.answer(0, model::PushState::accepted_by_provider);
  house.pass(2s);
  reads("b");
  restart();
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

// What a client without markers acknowledges on screen has been read; one that uses them says itself what was.
TEST_F(Waking, B_IM_2_WhatWasAcknowledgedByAClientWithMarkersIsUnread) {
  juliet_sleeps();
  Phone desk{house, "juliet"};
  house.messages->on_bind_requested(desk.stream, model::AccountId{"juliet@localhost"}, "desk");
  house.settle();
  house.messages->on_enable_requested(desk.stream, Resumption::yes);
  house.settle();
  desk.resume_id = desk.heard().back();
  desk.say("<presence/>");
  auto const unread_when_desk_has = [&](std::string const& id) {
    romeo_writes(id);
    EXPECT_THAT(desk.heard("<body>" + id), SizeIs(1));
    desk.acknowledge();
    house.pass(2s);
    auto const& payload = house.pushes.requests.back().payload;
    return payload.substr(payload.find("\"unread\":"));
  };
  EXPECT_EQ(unread_when_desk_has("a"), "\"unread\":0}");
  desk.say(
      "<message to='romeo@localhost' type='chat'><body>b</body><markable xmlns='urn:xmpp:chat-markers:0'/></message>");
  EXPECT_EQ(unread_when_desk_has("c"), "\"unread\":1}");
  desk.lose();
  house.start();
  romeo.resume();
  desk.resume();
  EXPECT_EQ(unread_when_desk_has("d"), "\"unread\":2}") << "also after a restart";
}

TEST_F(Waking, B_MODE_4_AClientThatSaysThatItIsInactiveIsShownAsleep) {
  juliet.enable_push();
  auto const state = [&] {
    auto& entry = *house.shard->directory.find(model::AccountId{"juliet@localhost"});
    auto const registrations = entry.registrations();
    expect_census_is_right(*house.shard);
    return state_of(entry, registrations, registrations.devices[0], house.clock.now());
  };
  EXPECT_EQ(state(), model::DeviceState::foreground);
  house.messages->on_client_state(juliet.stream, ClientState::inactive);
  EXPECT_EQ(state(), model::DeviceState::background);
  house.messages->on_client_state(juliet.stream, ClientState::active);
  EXPECT_EQ(state(), model::DeviceState::foreground);
}

TEST_F(Waking, EveryPushOfADeviceIsAcknowledgedWhenItIsBack) {
  juliet_sleeps();
  for (auto const* text : {"a", "b", "c"}) {
    romeo_writes(text);
    house.pass(2s);
    house.pushes.answer(house.pushes.answers.size() - 1, model::PushState::accepted_by_provider);
  }
  ASSERT_THAT(house.pushes.requests, SizeIs(3));
  house.pass(2s);
  restart();
  juliet.resume();
  EXPECT_THAT(house.pushes.acknowledged,
              ElementsAre(house.pushes.requests[0].id.value, house.pushes.requests[1].id.value,
                          house.pushes.requests[2].id.value));
}

TEST_F(Waking, ReceiptsAreNotUnreadMessages) {
  juliet_sleeps();
  romeo_writes("a");
  romeo.say("<message type='chat' to='juliet@localhost'><received xmlns='urn:xmpp:receipts' id='x'/></message>");
  romeo.say("<message type='chat' to='juliet@localhost'><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/></message>");
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  EXPECT_THAT(house.pushes.requests[0].payload, HasSubstr("\"unread\":1}"));
}

// The record before this one was the newest displayed row in digits.
TEST(InboxRecord, ReadsBothForms) {
  EXPECT_EQ(unpack_inbox("1800000000000001").displayed, 1'800'000'000'000'001U);
  Inbox const inbox{.displayed = 7,
                    .pushes = {{.state = NotedPush::State::asked,
                                .instance = model::InstanceId{instance},
                                .row = 9,
                                .peer = "romeo@localhost"}}};
  EXPECT_EQ(unpack_inbox(pack(inbox)), inbox);
  EXPECT_EQ(unpack_inbox(""), Inbox{});
}

}  // namespace
}  // namespace reveille::dispatch::test
