#include "deliver/push/waiting_pushes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::deliver {
namespace {

using namespace std::chrono_literals;
using model::PushId;
using testing::ElementsAre;

TEST(WaitingPushes, TheNewestOfASubjectTakesTheOlderOnesPlace) {
  WaitingPushes waiting;
  EXPECT_EQ(waiting.hold(PushId{"1"}, "phone, romeo", 1), std::nullopt);
  EXPECT_EQ(waiting.hold(PushId{"2"}, "phone, nurse", 2), std::nullopt);
  EXPECT_EQ(waiting.hold(PushId{"3"}, "phone, romeo", 3), PushId{"1"});
  EXPECT_EQ(waiting.hold(PushId{"4"}, "", 4), std::nullopt);
  EXPECT_EQ(waiting.hold(PushId{"5"}, "", 5), std::nullopt);
  waiting.drop(PushId{"4"});
  EXPECT_THAT(waiting.take(), ElementsAre(PushId{"2"}, PushId{"3"}, PushId{"5"}));
  EXPECT_EQ(waiting.hold(PushId{"6"}, "phone, romeo", 6), std::nullopt) << "what was taken holds no place";
}

// An answer to the older one may come after the newer one was held.
TEST(WaitingPushes, AnOlderOneThatIsHeldLaterGivesWayToTheNewer) {
  WaitingPushes waiting;
  EXPECT_EQ(waiting.hold(PushId{"2"}, "phone, romeo", 2), std::nullopt);
  EXPECT_EQ(waiting.hold(PushId{"1"}, "phone, romeo", 1), PushId{"1"});
  EXPECT_EQ(waiting.hold(PushId{"2"}, "phone, romeo", 2), std::nullopt);
  EXPECT_THAT(waiting.take(), ElementsAre(PushId{"2"}));
}

TEST(WaitingPushes, AreBoundedAndTakenAFewAtATime) {
  WaitingPushes waiting;
  for (std::size_t i = 0; i < WaitingPushes::most; ++i)
    ASSERT_EQ(waiting.hold(PushId{std::to_string(i)}, std::to_string(i), i), std::nullopt);
  EXPECT_EQ(waiting.hold(PushId{"one more"}, "one more", WaitingPushes::most), PushId{"0"});
  EXPECT_EQ(waiting.size(), WaitingPushes::most);
  auto const taken = waiting.take();
  EXPECT_EQ(taken.size(), WaitingPushes::most_at_once);
  EXPECT_EQ(taken.front(), PushId{"1"});
}

TEST(WaitingPushes, ThePauseDoublesUntilTheServiceAnswersAndHonoursRetryAfter) {
  WaitingPushes waiting;
  EXPECT_EQ(waiting.next_pause({}), 50ms);
  EXPECT_EQ(waiting.next_pause({}), 100ms);
  for (int i = 0; i < 10; ++i) (void)waiting.next_pause({});
  EXPECT_EQ(waiting.next_pause({}), 2s);
  EXPECT_EQ(waiting.next_pause(7s), 7s);
  EXPECT_EQ(waiting.next_pause(3600s), 30s);
  waiting.on_answer();
  EXPECT_EQ(waiting.next_pause({}), 50ms);
}

}  // namespace
}  // namespace reveille::deliver
