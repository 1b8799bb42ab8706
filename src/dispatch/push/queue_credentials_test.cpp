// What the push queue learns of a key from the provider's answers (B-PUSH-4, B-PUSH-5).
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

class PushCredentials : public PushQueueTest {
 protected:
  PushCredentials() {
    teams = {"TEAM000001"};
    start();
  }
  bool is_served() { return queue->serves(TenantId{"romeo's server"}, model::Provider::apns, Environment::production); }
  bool has_credential() {
    return queue->has_credential(TenantId{"romeo's server"}, model::Provider::apns, Environment::production);
  }
};

TEST_F(PushCredentials, B_PUSH_5_ANotificationThatIsForbiddenHoldsUpNoOther) {
  ask_and_run(a_message("m1"));
  apple_says(ProviderVerdict::forbidden, 403, "Forbidden");
  EXPECT_EQ(state("m1"), PushState::refused) << "Apple: never to be tried again";
  EXPECT_EQ(fate("m1").receipt.token, TokenVerdict::alive);
  ASSERT_EQ(queue->alarms().size(), 1U);
  EXPECT_EQ(queue->alarms().front().alarm, decide::Alarm::forbidden);
  EXPECT_TRUE(is_served());
  ask_and_run(a_message("m2"));
  EXPECT_EQ(apple.sent.size(), 1U);
  advance(61min);
  EXPECT_TRUE(queue->alarms().empty());
}

TEST_F(PushCredentials, B_PUSH_4_ARefusedKeyIsTriedWithOneNotificationAtATime) {
  for (int i = 0; i < 10; ++i) ask_and_run(a_message("m" + std::to_string(i)));
  for (int i = 0; i < 10; ++i) apple_says(ProviderVerdict::credential_refused, 403);
  EXPECT_FALSE(is_served());
  EXPECT_TRUE(has_credential()) << "what is asked for meanwhile waits";
  advance(29s);
  EXPECT_TRUE(apple.sent.empty());
  for (int round = 0; round < 3; ++round) {
    advance(30s);
    ASSERT_EQ(apple.sent.size(), 1U) << round;
    apple_says(ProviderVerdict::credential_refused, 403);
    EXPECT_TRUE(apple.sent.empty());
  }
  advance(30s);
  EXPECT_TRUE(is_served()) << "so that a call may find out too";
  apple_says(ProviderVerdict::accepted, 200);
  EXPECT_EQ(apple.sent.size(), 9U) << "it was mended";
}

TEST_F(PushCredentials, ATrialEndsWithAnyAnswerThatTakesTheKey) {
  for (auto const verdict : {ProviderVerdict::token_gone, ProviderVerdict::token_wrong}) {
    auto const name = std::string(name_of(verdict));
    ask_and_run(a_message(name));
    apple_says(ProviderVerdict::credential_refused, 403, "InvalidProviderToken");
    for (int i = 0; i < 5; ++i) ask_and_run(a_message(name + std::to_string(i)));
    advance(31s);
    ASSERT_EQ(apple.sent.size(), 1U);
    apple_says(ProviderVerdict::provider_failing, 503);
    ASSERT_EQ(apple.sent.size(), 1U) << "that says nothing of the key";
    apple_says(verdict, 400);
    EXPECT_GE(apple.sent.size(), 4U) << name;
    EXPECT_TRUE(queue->alarms().empty()) << name;
    while (!apple.sent.empty()) apple_says(ProviderVerdict::accepted);
  }
}

TEST_F(PushCredentials, B_CALL_5_ACallFindsOutAtOnce) {
  ask_and_run(a_message("m1"));
  apple_says(ProviderVerdict::credential_refused, 403);
  ask_and_run(a_call("c1"));
  apple_says(ProviderVerdict::credential_refused, 403);
  EXPECT_EQ(state("c1"), PushState::refused);
  advance(5s);
  ask_and_run(a_call("c2"));
  apple_says(ProviderVerdict::accepted, 200);
  EXPECT_TRUE(is_served());
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(apple.sent.front().request.id, PushId{"m1"});
}

TEST_F(PushCredentials, AnEarlierRefusalDoesNotEndALaterOne) {
  ask_and_run(a_call("c1"));
  apple_says(ProviderVerdict::credential_refused, 403);
  advance(20s);
  ask_and_run(a_call("c2"));
  apple_says(ProviderVerdict::credential_refused, 403);
  advance(15s);
  EXPECT_FALSE(is_served());
  advance(15s);
  EXPECT_TRUE(is_served());
}

TEST_F(PushCredentials, ATrialWithoutAWordIsFollowedByAnother) {
  for (auto const* id : {"m1", "m2"}) ask_and_run(a_message(id));
  for (int i = 0; i < 2; ++i) apple_says(ProviderVerdict::credential_refused, 403);
  advance(30s);
  ASSERT_EQ(apple.sent.size(), 1U);
  auto const first = apple.sent.front().request.id;
  apple_says(ProviderVerdict::provider_failing, 503);
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_NE(apple.sent.front().request.id, first);
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
