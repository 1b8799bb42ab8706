// What waits for room, for presence or for a client that does not come back: B-IM-1, XEP-0198.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Waiting : TwoAndADesk {};

TEST_F(Waiting, B_IM_1_PresenceWhileTheArchiveIsReadLosesNothing) {
  bind_anew();
  romeo_writes("b");  // to the bare address: waits for presence
  juliet.lose();
  named("n");
  house.settle();
  juliet.connect();
  house.messages->on_resume_requested(juliet.stream, model::AccountId{"juliet@localhost"}, juliet.resume_id,
                                      juliet.received);
  house.settle(1);  // it is on disk; the archive is being read for what names the session
  begin(juliet, "<presence/>");
  house.settle();
  take(juliet);
  EXPECT_EQ(got, "nb");
  juliet.acknowledge();
  house.settle();
  juliet.lose();
  juliet.resume();
  take(juliet);
  EXPECT_EQ(got, "nb");
}

TEST_F(Waiting, WhatWaitsForRoomWhileTheArchiveIsReadIsNotLost) {
  bind_anew();
  romeo_writes("0");  // to the bare address: waits
  house.streams.are_slow = true;
  named("a", 200'000, "<no-store xmlns='urn:xmpp:hints'/>");
  named("b", 100'000);
  named("c");
  begin(juliet, "<presence/>");
  house.settle();
  juliet.read();
  take(juliet);
  EXPECT_THAT(got, HasSubstr("c")) << got;
  juliet.acknowledge();
  juliet.lose();
  juliet.resume();
  juliet.read();
  take(juliet);
  EXPECT_EQ(std::ranges::count(got, 'c'), 1) << got;
  EXPECT_EQ(std::ranges::count(got, '0'), 1) << got;
}

TEST_F(Waiting, WhoHasManyContactsCanSignIn) {
  for (int i = 0; i < 1'100; ++i) {
    std::string const name = "c" + std::to_string(i);
    house.shard->directory.put(model::AccountId{name + "@localhost"}, {});
    Phone contact{house, name};
    house.messages->on_bind_requested(contact.stream, model::AccountId{name + "@localhost"}, "phone");
    juliet.say("<presence type='subscribe' to='" + name + "@localhost'/>");
    contact.say("<presence type='subscribed' to='juliet@localhost'/>");
    house.messages->on_ended(contact.stream, StreamEnd::closed_by_peer);
    house.settle();
    juliet.heard();
    juliet.acknowledge();
    house.settle();
  }
  bind_anew();
  juliet.say("<presence/>");
  int closed = 0;
  for (int i = 0; i < 10; ++i) {
    if (juliet.heard("stream:error").empty()) break;
    ++closed;
    house.messages->on_ended(juliet.stream, StreamEnd::closed_by_us);
    house.settle();
    juliet.resume();
    for (int j = 0; j < 20; ++j) {  // reads and acknowledges, a part at a time
      auto const& said = house.streams.said[juliet.stream];
      if (said.empty() || said.back().contains("stream:error")) break;
      juliet.heard();
      juliet.acknowledge();
      house.settle();
    }
  }
  EXPECT_EQ(closed, 0);
}

TEST_F(Waiting, WhatWaitsForRoomWhenManagementIsEnabledIsNotCountedAgainstTheClient) {
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  juliet.connect();
  house.messages->on_bind_requested(juliet.stream, model::AccountId{"juliet@localhost"}, "phone");
  house.settle();
  juliet.say("<presence/>");
  juliet.heard();
  house.streams.are_slow = true;
  for (auto const* name : {"a", "b", "c"}) romeo_writes(name, "<x xmlns='u'>" + std::string(200'000, 'x') + "</x>");
  house.messages->on_enable_requested(juliet.stream, Resumption::yes);
  house.settle();
  juliet.read();
  // XEP-0198 section 4: the client counts from <enabled/> on.
  std::uint32_t counted = 0;
  bool enabled = false;
  for (auto const& text : std::exchange(house.streams.said[juliet.stream], {})) {
    if (enabled && text.starts_with("<message")) ++counted;
    if (!text.starts_with("<")) enabled = true;
  }
  ASSERT_TRUE(enabled);
  house.messages->on_acknowledged(juliet.stream, counted);
  house.settle();
  EXPECT_THAT(juliet.heard("stream:error"), IsEmpty()) << counted;
}

TEST_F(Waiting, WhatWaitedForASessionThatNeverCameBackGoesBack) {
  juliet.heard();
  juliet.acknowledge();
  juliet.lose();
  romeo.heard();
  romeo_writes("a", "<no-store xmlns='urn:xmpp:hints'/>");
  EXPECT_THAT(romeo.heard("type='error'"), IsEmpty());
  house.pass(700s);
  EXPECT_THAT(romeo.heard("type='error'"), SizeIs(1));
}

TEST_F(Waiting, WhatWasNotAcknowledgedByASessionThatNeverCameBackGoesBack) {
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo.heard();
  romeo_writes("a", "<no-store xmlns='urn:xmpp:hints'/>");
  juliet.lose();
  house.pass(700s);
  EXPECT_THAT(romeo.heard("type='error'"), SizeIs(1));
}

TEST_F(Waiting, AnIqToASessionThatNeverCameBackIsAnswered) {
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  romeo.heard();
  romeo.say("<iq type='get' id='v' to='juliet@localhost/phone'><query xmlns='jabber:iq:version'/></iq>");
  juliet.lose();
  house.pass(700s);
  EXPECT_THAT(romeo.heard("id='v'"), SizeIs(1));
}

TEST_F(Waiting, B_IM_3_OnesOwnResourceIsToldGoneAmongMany) {
  auto other = desk();
  auto presence = parse_element("<presence/>");
  house.messages->on_stanza(other.stream, presence->set("from", "juliet@localhost/desk"));
  house.settle();
  EXPECT_THAT(juliet.heard("from='juliet@localhost/desk'"), SizeIs(1));
  juliet.acknowledge();
  house.settle();
  juliet.lose();
  for (int i = 0; i < 50; ++i) {
    auto const name = "c" + std::to_string(i);
    house.shard->directory.put(model::AccountId{name + "@localhost"}, {});
    Phone contact{house, name};
    house.messages->on_bind_requested(contact.stream, model::AccountId{name + "@localhost"}, "phone");
    house.settle();
    contact.say("<presence type='unavailable' to='juliet@localhost/phone'/>");
  }
  house.messages->on_ended(other.stream, StreamEnd::closed_by_peer);
  house.settle();
  juliet.resume();
  EXPECT_THAT(juliet.heard("unavailable"), Contains(HasSubstr("from='juliet@localhost")));
}
}  // namespace
}  // namespace reveille::dispatch::test
