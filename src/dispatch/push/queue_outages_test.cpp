// The push queue while its provider cannot be reached (B-CALL-4, B-PUSH-3): what waits for a connection has not left.
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

class PushOutages : public PushQueueTest {};

TEST_F(PushOutages, B_CALL_4_WhatWaitsForAConnectionCanBeTakenBack) {
  lose_connection();
  ask_and_run(a_call("call"));
  ask_and_run(a_message("message"));
  EXPECT_EQ(state("call"), PushState::accepted);
  EXPECT_EQ(take_back("call")->value()->receipt.state, PushState::taken_back);
  connect();
  ASSERT_EQ(apple.sent.size(), 1U) << "the message, as soon as there is a connection";
  EXPECT_EQ(milestones("message"),
            (std::vector{Milestone::accepted, Milestone::stored, Milestone::sending, Milestone::sent}));
  apple_says(ProviderVerdict::accepted);
  EXPECT_EQ(state("message"), PushState::accepted_by_provider);
}

TEST_F(PushOutages, B_PUSH_3_NoNumberOfStartsEndsWhatWaitsForAConnection) {
  lose_connection();
  for (int i = 0; i < 5; ++i) ask_and_run(a_message("m" + std::to_string(i)));
  for (int starts = 0; starts < 3; ++starts) {
    start();
    advance(1s);
    EXPECT_EQ(state("m0"), PushState::accepted) << starts;
  }
  connect();
  EXPECT_EQ(apple.sent.size(), 5U);
}

TEST_F(PushOutages, B_PUSH_3_NoNumberOfStartsEndsWhatLostItsConnection) {
  ask_and_run(a_message("m1"));
  lose_connection();
  apple_says(ProviderVerdict::not_processed);
  advance(1min);
  EXPECT_EQ(state("m1"), PushState::accepted) << "on disk too";
  for (int starts = 0; starts < 3; ++starts) start();
  EXPECT_EQ(state("m1"), PushState::accepted);
  connect();
  ASSERT_EQ(apple.sent.size(), 1U);
}

TEST_F(PushOutages, B_PUSH_3_WhatTheSenderGivesBackAtAStopIsWrittenDown) {
  ask(a_message("m1"));
  apple.room = 0;  // while the disk is at it
  run();
  ASSERT_EQ(apple.held.size(), 1U);
  queue->stop();
  run();
  EXPECT_TRUE(apple.held.empty());
  for (int starts = 0; starts < 3; ++starts) start();
  EXPECT_EQ(state("m1"), PushState::accepted);
  connect();
  EXPECT_EQ(apple.sent.size(), 1U);
}

TEST_F(PushOutages, B_PUSH_3_WhatIsBeingMarkedAtAStopDoesNotLeave) {
  ask(a_message("m1"));
  queue->stop();
  run();
  EXPECT_TRUE(apple.sent.empty() && apple.held.empty());
  start();
  EXPECT_EQ(apple.sent.size(), 0U) << "no connection";
  EXPECT_EQ(state("m1"), PushState::accepted);
}

TEST_F(PushOutages, WhatIsUnderWayAtAStopMayStillBeAnswered) {
  ask_and_run(a_message("m1"));
  queue->stop();
  apple_says(ProviderVerdict::accepted);
  start();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("m1"), PushState::accepted_by_provider);
}

TEST_F(PushOutages, WhatTheSenderSaysAtItsEndFindsTheRows) {
  ask_and_run(a_call("c1"));
  ask_and_run(a_call("c2"));
  EXPECT_EQ(take_back("c2")->value()->receipt.state, PushState::sending);
  apple.answers_at_its_end = true;
  queue.reset();
  EXPECT_TRUE(apple.sent.empty());
  apple.answers_at_its_end = false;
  start();
  ASSERT_EQ(apple.sent.size(), 1U) << "once more";
  EXPECT_EQ(apple.sent.front().request.id, PushId{"c1"});
  EXPECT_EQ(state("c2"), PushState::unknown);
}

TEST_F(PushOutages, WhatWaitedInVainSaysWhy) {
  lose_connection();
  ask_and_run(a_call("call"));
  advance(13s);
  EXPECT_EQ(fate("call").receipt.state, PushState::expired);
  EXPECT_EQ(fate("call").receipt.reason, "connection refused");
  connect();
  EXPECT_TRUE(apple.sent.empty());
}

TEST_F(PushOutages, NoMoreLeavesThanTheConnectionsAllow) {
  lose_connection();
  for (int i = 0; i < 5; ++i) ask_and_run(a_call("c" + std::to_string(i)));
  connect();
  EXPECT_EQ(apple.sent.size(), 5U);
  apple.room = 2;
  for (int i = 5; i < 10; ++i) ask_and_run(a_call("c" + std::to_string(i)));
  EXPECT_EQ(apple.sent.size(), 5U);
  for (int i = 0; i < 4; ++i) apple_says(ProviderVerdict::accepted);
  EXPECT_EQ(apple.sent.size(), 2U);
}

TEST_F(PushOutages, WhatHasEndedLeavesTheLine) {
  lose_connection();
  for (int hour = 0; hour < 20; ++hour) {
    for (int i = 0; i < 100; ++i) ask_and_run(a_call("c" + std::to_string(100 * hour + i)));
    advance(13s);
  }
  EXPECT_EQ(queue->open(), 0U);
  EXPECT_LE(queue->in_line(), 1200U);
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
