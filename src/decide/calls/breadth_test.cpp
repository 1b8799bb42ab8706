// RFC 5393 section 5.3.3: "SIP proxies MUST NOT allow the Outgoing Max-Breadth to exceed the Incoming Max-Breadth".
#include "decide/calls/conversation.hpp"

#include <numeric>

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;

struct Breadth {
  VirtualClock clock{from_unix_seconds(1'800'000'000)};
  std::vector<std::string> nodes = {};
  CallPolicy policy = {};
  CallRules rules{.policy = policy, .push = {.switched_on = true, .apns = true, .fcm = true}, .nodes = nodes};
  Call call = {};
  std::vector<std::uint32_t> parts = {};  // of each branch, in the order in which they were rung
  std::vector<int> answers = {};
  std::size_t pushes = 0;

  void hear(CallEvent const& event) {
    for (auto const& decision : on(call, event, rules, clock.now())) {
      if (auto const* ring = std::get_if<RingFlow>(&decision)) parts.push_back(ring->max_breadth);
      if (auto const* answer = std::get_if<AnswerCaller>(&decision)) answers.push_back(answer->status);
      if (std::holds_alternative<RequestPush>(decision)) ++pushes;
    }
  }
  void offer(std::uint32_t max_breadth, std::vector<Device> devices, std::vector<Target> targets) {
    hear(CallOffered{.offer = {.callee = AccountId{"juliet@localhost"},
                               .call_id = "id",
                               .caller = {.address = "romeo@localhost"},
                               .max_breadth = max_breadth,
                               .arrived = clock.now()},
                     .devices = std::move(devices),
                     .targets = std::move(targets)});
  }
  [[nodiscard]] std::uint32_t sum() const { return std::accumulate(parts.begin(), parts.end(), 0U); }
};

TEST(MaxBreadth, is_divided_among_branches_and_those_to_come) {
  Breadth proxy;
  proxy.offer(60, {iphone("iphone"), desk("desk")}, {at("desk", 1), at("lobby", 2)});
  EXPECT_EQ(proxy.parts, (std::vector{18U, 19U}));
  proxy.hear(registers("iphone", 3));
  proxy.hear(registers("stranger", 4));
  proxy.hear(registers("iphone", 5));
  EXPECT_EQ(proxy.parts.size(), 5U);
  EXPECT_LE(proxy.sum(), 60U);
}

TEST(MaxBreadth, of_one_is_enough_for_one_phone_however_it_is_reached) {
  Breadth live;
  live.offer(1, {desk("desk")}, {at("desk", 1)});
  EXPECT_EQ(live.parts, (std::vector{1U}));
  Breadth asleep;
  asleep.offer(1, {iphone("iphone")}, {});
  asleep.hear(registers("iphone", 1));
  EXPECT_EQ(asleep.parts, (std::vector{1U}));
}

TEST(MaxBreadth, of_one_is_enough_for_a_phone_whose_old_flow_is_dead) {
  Breadth proxy;
  proxy.offer(1, {iphone("iphone")}, {at("iphone", 1)});
  proxy.hear(registers("iphone", 2));
  EXPECT_EQ(proxy.parts, (std::vector{1U, 1U}));
}

TEST(MaxBreadth, of_less_than_the_branches_is_refused_before_anybody_is_pushed) {
  Breadth two_live;
  two_live.offer(1, {desk("desk"), desk("lobby")}, {at("desk", 1), at("lobby", 2)});
  EXPECT_EQ(two_live.answers, (std::vector{440}));
  EXPECT_TRUE(two_live.parts.empty());
  Breadth one_asleep;
  one_asleep.offer(1, {desk("desk"), iphone("iphone")}, {at("desk", 1)});
  EXPECT_EQ(one_asleep.answers, (std::vector{440}));
  EXPECT_EQ(one_asleep.pushes, 0U);
  EXPECT_TRUE(is_over(one_asleep.call, one_asleep.clock.now()));
}

TEST(MaxBreadth, of_a_branch_that_has_ended_is_free_again) {
  Breadth proxy;
  proxy.offer(2, {desk("desk"), desk("lobby")}, {at("desk", 1), at("lobby", 2)});
  EXPECT_EQ(proxy.parts, (std::vector{1U, 1U}));
  proxy.hear(registers("stranger", 3));
  EXPECT_EQ(proxy.parts.size(), 2U) << "nothing is left";
  proxy.hear(BranchFailed{0});
  proxy.hear(registers("stranger", 3));
  EXPECT_EQ(proxy.parts, (std::vector{1U, 1U, 1U}));
}

TEST(MaxBreadth, a_call_refused_for_it_has_its_reason_in_the_trace) {
  Conversation call;
  call.offer.max_breadth = 1;
  call.has(desk("desk"))
      .is_at(at("desk", 1))
      .is_at(at("desk", 2))
      .call({"answer 440", "forget"})
      .notes({"offered", "authenticated", "unreachable"})
      .hold();
}

}  // namespace
}  // namespace reveille::decide
