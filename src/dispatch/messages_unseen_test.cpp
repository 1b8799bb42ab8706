// What a device may not have seen when its stream or the process ends, and is pushed: B-IM-2, B-MODE-4.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Unseen : TwoAndADesk {};

TEST_F(Unseen, B_IM_2_WhatCameBehindANewerOneIsPushedToo) {
  auto other = desk();
  bind_anew();
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  desk_writes(other, "b");
  named("n");
  house.settle();
  juliet.say("<presence/>");
  take(juliet);
  EXPECT_EQ(got, "nb");
  juliet.lose();  // neither was acknowledged
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(2));
}

TEST_F(Unseen, B_IM_2_APushForOneConversationHidesNotWhatWasNotSeenOfAnother) {
  juliet.enable_push();
  auto other = desk();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo_writes("a");  // to a connection that is dead already
  house.messages->on_client_state(juliet.stream, ClientState::inactive);
  desk_writes(other, "b");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));  // b
  juliet.lose();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(2));  // a
}

TEST_F(Unseen, B_IM_2_WhatALostStreamHadNotSeenIsPushedThoughTheProcessEndsThen) {
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo_writes("a");                                         // not acknowledged
  house.messages->on_ended(juliet.stream, StreamEnd::lost);  // its end is on disk, the push is not
  house.posted.clear();                                      // killed
  house.start();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

TEST_F(Unseen, WhatADeviceHadNotBeenSentWhenTheProcessEndedIsPushed) {
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  juliet.lose();
  house.streams.are_slow = true;
  house.streams.queued[{.slot = house.last_stream + 1, .generation = 1}] = std::size_t{1} << 20U;
  juliet.resume();  // it reads nothing
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("resumed")));
  romeo_writes("a");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());  // it is in the foreground
  restart();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

TEST_F(Unseen, B_IM_2_WhatAResumptionAcknowledgedIsNotPushedWhenTheLineIsLostAgain) {
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo_writes("a");
  EXPECT_THAT(juliet.heard("<body>a</body>"), SizeIs(1));
  juliet.lose();
  house.pass(1s);
  juliet.resume();  // says that it has it
  house.pass(1s);
  juliet.lose();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Unseen, B_IM_2_WhatADeviceHasAcknowledgedIsNotPushedWhenItsStreamEnds) {
  for (bool const available : {true, false}) {
    house.pushes.requests.clear();
    bind_anew();
    juliet.enable_push();
    if (available) juliet.say("<presence/>");
    juliet.say(
        "<message to='romeo@localhost' type='chat'><received xmlns='urn:xmpp:chat-markers:0' id='x'/></message>");
    named("a");
    house.settle();
    EXPECT_THAT(juliet.heard("<body>a</body>"), SizeIs(1));
    juliet.acknowledge();
    house.settle();
    juliet.lose();
    house.pass(20s);
    EXPECT_THAT(house.pushes.requests, IsEmpty()) << available;
    juliet.resume();
    juliet.heard();
  }
}

TEST_F(Unseen, B_IM_2_WhatWasAcknowledgedBehindANewerOneCountsAsReadWithIt) {
  bind_anew();
  juliet.enable_push();
  romeo_writes("b");
  named("n");
  house.settle();
  juliet.say("<presence/>");
  take(juliet);
  EXPECT_EQ(got, "nb");
  juliet.acknowledge();
  house.settle();
  house.messages->on_mode(juliet.stream, AppMode::background);
  romeo_writes("c");
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  EXPECT_EQ(house.pushes.requests[0].badge, 1U);
}

TEST_F(Unseen, WhatCouldNotBeWrittenIsNotCountedForOneWhoCannotResume) {
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  Phone plain{house, "romeo"};
  house.messages->on_bind_requested(plain.stream, model::AccountId{"romeo@localhost"}, "desk");
  house.settle();
  auto const write = [&](std::string const& body) {
    auto stanza = parse_element("<message to='juliet@localhost' type='chat'><body>" + body + "</body></message>");
    house.messages->on_stanza(plain.stream, stanza->set("from", "romeo@localhost/desk"));
    house.settle();
  };
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  write("lost");
  house.store.fail_with({});
  write("found");
  EXPECT_THAT(juliet.heard("<body>"), ElementsAre(HasSubstr("found")));
  juliet.acknowledge();
  house.settle();
  auto const view = house.messages->session_of(*house.shard->directory.find(model::AccountId{"juliet@localhost"}),
                                               model::InstanceId{instance});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->unacknowledged, 0U);
  house.messages->on_ended(juliet.stream, StreamEnd::lost);
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, IsEmpty());
}

TEST_F(Unseen, B_IM_2_WhatWasRefusedIsNotPushedAfterARestart) {
  juliet.enable_push();
  house.messages->on_mode(juliet.stream, AppMode::background);
  auto other = desk();
  Phone plain{house, "romeo"};
  house.messages->on_bind_requested(plain.stream, model::AccountId{"romeo@localhost"}, "desk");
  house.settle();
  house.store.fail_with(Error{.code = ErrorCode::storage, .ours = "the disk is full"});
  auto stanza = parse_element("<message to='juliet@localhost' type='chat'><body>lost</body></message>");
  house.messages->on_stanza(plain.stream, stanza->set("from", "romeo@localhost/desk"));
  house.settle();
  house.store.fail_with({});
  house.messages->on_ended(juliet.stream, StreamEnd::lost);
  house.settle();
  desk_writes(other, "a");
  house.pass(10s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
  house.pushes.answer(0, model::PushState::accepted_by_provider);
  house.settle();
  house.start();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}

TEST_F(Unseen, WhatIsNotedOfPushesEndsWithTheSigningOut) {
  juliet.enable_push();
  house.messages->on_mode(juliet.stream, AppMode::background);
  romeo_writes("a");
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  house.pushes.answer(0, model::PushState::accepted_by_provider);
  juliet.say("<iq type='set' id='d'><disable xmlns='urn:xmpp:push:0' jid='push.localhost'/></iq>");
  house.pass(25h);
  std::size_t pushes = 0;
  EXPECT_TRUE(house.store.for_each(store::Table::inboxes,
                                   [&](auto, auto value) { pushes += unpack_inbox(value).pushes.size(); }));
  EXPECT_EQ(pushes, 0U);
}

TEST_F(Unseen, B_IM_2_WhatADeviceHadNotAcknowledgedWhenAnotherTookItsResourceIsPushed) {
  juliet.enable_push();
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo_writes("a");  // to a connection that is dead already
  Phone tablet{house, "juliet"};
  house.messages->on_bind_requested(tablet.stream, model::AccountId{"juliet@localhost"}, "phone");
  house.settle();
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_us);
  house.settle();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
}
// Nor does what waits at the push service go out to who holds the phone then.
TEST_F(Unseen, B_SIGN_2_WhatWaitsForOneWhoSignedOutIsTakenBack) {
  for (auto const change : {DeviceChange::signed_out, DeviceChange::token_forgotten}) {
    bind_anew();
    juliet.enable_push();
    juliet.say("<presence/>");
    house.messages->on_mode(juliet.stream, AppMode::background);
    romeo_writes("a");
    house.pass(2s);
    auto const asked = house.pushes.requests.size();
    auto& entry = *house.shard->directory.find(model::AccountId{"juliet@localhost"});
    auto registrations = entry.registrations();
    registrations.devices.front().message.token.clear();
    house.registrations->note(entry, registrations, store::Urgency::soon);
    house.shard->say(entry, model::InstanceId{instance}, change);
    house.settle();
    ASSERT_THAT(house.pushes.taken_back, SizeIs(asked));
    EXPECT_EQ(house.pushes.taken_back.back(), house.pushes.requests.back().id.value);
  }
}

}  // namespace
}  // namespace reveille::dispatch::test
