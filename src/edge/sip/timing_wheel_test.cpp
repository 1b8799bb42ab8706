#include "edge/sip/timing_wheel.hpp"

#include "base/random.hpp"
#include "edge/sip/slot_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

namespace reveille::edge::sip {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Listener final : TimerListener {
  void on_timer(WheelTimer& timer, Instant now) override {
    fired.push_back(timer.slot);
    at.push_back(now);
    if (then) then(timer, now);
  }
  std::vector<std::uint32_t> fired;
  std::vector<Instant> at;
  std::function<void(WheelTimer&, Instant)> then;
};

struct Play {
  VirtualClock clock;
  TimingWheel wheel{clock.now()};
  Listener listener;

  void after(Duration by) {
    clock.advance(by);
    wheel.advance(clock.now());
  }
};

TEST(TimingWheel, FiresInTimeAndNeverEarly) {
  Play play;
  WheelTimer one;
  WheelTimer two;
  one.slot = 1;
  two.slot = 2;
  play.wheel.arm(one, play.listener, play.clock.now() + 500ms);
  play.wheel.arm(two, play.listener, play.clock.now() + 100ms);
  play.after(99ms);
  EXPECT_THAT(play.listener.fired, IsEmpty());
  play.after(11ms);
  EXPECT_THAT(play.listener.fired, ElementsAre(2));
  EXPECT_FALSE(two.is_armed());
  play.after(1s);
  EXPECT_THAT(play.listener.fired, ElementsAre(2, 1));
  EXPECT_EQ(play.wheel.armed(), 0U);
}

TEST(TimingWheel, ReachesBeyondOneTurn) {
  Play play;
  WheelTimer timer;
  play.wheel.arm(timer, play.listener, play.clock.now() + 65min);
  for (int minute = 0; minute < 65; ++minute) {
    EXPECT_THAT(play.listener.fired, IsEmpty()) << minute;
    play.after(1min);
  }
  play.after(10ms);
  EXPECT_THAT(play.listener.fired, ElementsAre(0));
}

TEST(TimingWheel, IsDisarmedByHandByReplacementAndByDeath) {
  Play play;
  WheelTimer by_hand;
  WheelTimer replaced;
  play.wheel.arm(by_hand, play.listener, play.clock.now() + 1s);
  play.wheel.arm(replaced, play.listener, play.clock.now() + 1s);
  {
    WheelTimer dies;
    play.wheel.arm(dies, play.listener, play.clock.now() + 1s);
    EXPECT_EQ(play.wheel.armed(), 3U);
  }
  play.wheel.disarm(by_hand);
  play.wheel.arm(replaced, play.listener, play.clock.now() + 3s);
  EXPECT_EQ(play.wheel.armed(), 1U);
  play.after(2s);
  EXPECT_THAT(play.listener.fired, IsEmpty());
  play.after(2s);
  EXPECT_EQ(play.listener.fired.size(), 1U);
}

TEST(TimingWheel, TimersMayChangeTheWheelWhileItTurns) {
  Play play;
  WheelTimer again;
  auto victim = std::make_unique<WheelTimer>();
  victim->slot = 9;
  int left = 3;
  play.listener.then = [&](WheelTimer& timer, Instant now) {
    victim.reset();
    if (--left > 0) play.wheel.arm(timer, play.listener, now);
  };
  play.wheel.arm(again, play.listener, play.clock.now() + 50ms);
  play.wheel.arm(*victim, play.listener, play.clock.now() + 50ms);
  // Armed for what is the present then, a timer comes with the following tick.
  for (int i = 0; i < 3; ++i) play.after(1s);
  EXPECT_THAT(play.listener.fired, ElementsAre(0, 0, 0));
  EXPECT_EQ(play.wheel.armed(), 0U);
}

// Against a plain list of instants: any order of arming, disarming and pauses.
TEST(TimingWheel, AgreesWithAList) {
  Play play;
  SeededRandom random{4};
  std::deque<WheelTimer> timers(200);
  std::vector<std::optional<Instant>> expected(200);
  play.listener.then = [&](WheelTimer& timer, Instant now) {
    ASSERT_TRUE(expected[timer.slot]);
    EXPECT_LE(*expected[timer.slot], now);
    expected[timer.slot].reset();
  };
  for (std::uint32_t i = 0; i < 200; ++i) timers[i].slot = i;
  for (int round = 0; round < 5000; ++round) {
    auto const which = random.number() % 200;
    if (random.number() % 4 == 0) {
      play.wheel.disarm(timers[which]);
      expected[which].reset();
    } else {
      Instant const at = play.clock.now() + Duration{static_cast<std::int64_t>(random.number() % 100'000'000)};
      play.wheel.arm(timers[which], play.listener, at);
      expected[which] = at;
    }
    play.after(Duration{static_cast<std::int64_t>(random.number() % 60'000)});
    for (auto const& at : expected)
      if (at) ASSERT_GT(*at + TimingWheel::tick, play.clock.now());
  }
  play.after(10min);
  EXPECT_EQ(play.wheel.armed(), 0U);
  EXPECT_TRUE(std::ranges::none_of(expected, [](auto const& at) { return at.has_value(); }));
}

TEST(SlotMap, AHandleOutlivesItsThing) {
  SlotMap<std::string, struct TestTag> map{3};
  auto const one = map.reserve();
  EXPECT_EQ(map.find(one), nullptr);
  map.place(one, "one");
  EXPECT_EQ(*map.find(one), "one");
  map.erase(one);
  map.erase(one);
  EXPECT_EQ(map.find(one), nullptr);
  auto const two = map.reserve();
  map.place(two, "two");
  EXPECT_EQ(two.slot, one.slot);
  EXPECT_NE(two, one);
  EXPECT_EQ(map.find(one), nullptr);
  EXPECT_EQ(map.find({.thread = 4, .slot = two.slot, .generation = two.generation}), nullptr);
  EXPECT_EQ(map.find({}), nullptr);
  EXPECT_THAT(map.names(), ElementsAre(two));
  auto const three = map.reserve();
  map.release(three);
  EXPECT_EQ(map.size(), 1U);
  EXPECT_EQ(map.reserve().slot, three.slot);
}

}  // namespace
}  // namespace reveille::edge::sip
