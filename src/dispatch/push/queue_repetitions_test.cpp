// A key that is known is answered with its outcome, also when its notification would be refused now.
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

class PushRepetitionTest : public PushQueueTest {
 protected:
  void put_phone(std::string token) {
    queue->put_device(
        TenantId{"romeo's server"}, AccountId{"juliet@localhost"}, phone,
        {.app = "app", .provider = model::Provider::apns, .team = "TEAM000001", .voip_token = std::move(token)},
        [](auto device) { EXPECT_TRUE(device); });
    run();
  }
  Notification a_call_to_the_phone(std::string id) {
    auto call = a_call(std::move(id));
    call.request.target = {};
    call.device = phone;
    return call;
  }
  // "p1" ends as refused, and its token is dead from then on.
  void end_by_a_dead_token() {
    put_phone("abcd");
    ask_and_run(a_call_to_the_phone("p1"));
    apple_says(ProviderVerdict::token_gone, 410, "Unregistered");
    ASSERT_EQ(queue->open(), 0U);
  }
  void expect_its_outcome(std::shared_ptr<Answered> const& heard) {
    ASSERT_TRUE(*heard);
    ASSERT_TRUE(heard->value()) << static_cast<int>(heard->value().error());
    EXPECT_EQ(**heard, fate("p1"));
    EXPECT_EQ(heard->value()->receipt.state, PushState::refused);
    EXPECT_EQ(heard->value()->receipt.provider_status, 410U);
    EXPECT_EQ(heard->value()->receipt.token, TokenVerdict::dead);
    EXPECT_TRUE(apple.sent.empty());
    EXPECT_EQ(queue->open(), 0U);
  }

  InstanceId const phone{"00000000-0000-4000-8000-0000000000a1"};
};

TEST_F(PushRepetitionTest, ADeadTokenHidesNoOutcome) {
  end_by_a_dead_token();
  expect_its_outcome(ask_and_run(a_call_to_the_phone("p1")));
  expect_its_outcome(ask_and_run(a_call_to_the_phone("p1"), 10s));
  start();
  expect_its_outcome(ask_and_run(a_call_to_the_phone("p1")));
}

TEST_F(PushRepetitionTest, ItsTraceTellsOfItOnce) {
  auto call = a_call("p1");
  call.request.tracking = TrackingId{"t1"};
  ask_and_run(call);
  apple_says(ProviderVerdict::token_gone, 410);
  auto const told = traces.steps;
  EXPECT_EQ(told.at(TrackingId{"t1"}), (std::vector{Milestone::accepted, Milestone::sending, Milestone::stored,
                                                    Milestone::sent, Milestone::refused}));
  ask_and_run(call);
  EXPECT_EQ(traces.steps, told);
  EXPECT_EQ(traces.begun.size(), 1U);
}

TEST_F(PushRepetitionTest, AnotherBodyIsRefusedAsThat) {
  end_by_a_dead_token();
  auto other = a_call_to_the_phone("p1");
  other.fingerprint = "another body";
  EXPECT_EQ(ask_and_run(other)->value().error(), PushRefusal::key_reused);
}

TEST_F(PushRepetitionTest, AnUnknownKeyIsRefusedForItsReason) {
  end_by_a_dead_token();
  EXPECT_EQ(ask_and_run(a_call_to_the_phone("p2"))->value().error(), PushRefusal::token_dead);
  auto foreign = a_call_to_the_phone("p1");
  foreign.tenant = TenantId{"another tenant"};
  EXPECT_EQ(ask_and_run(foreign)->value().error(), PushRefusal::no_device) << "ids of other tenants do not exist";
  EXPECT_EQ(ask_and_run(a_call("p2", "romeo's server", "TEAM000009"))->value().error(), PushRefusal::no_credential);
  apple.unfit = PushRefusal::too_large;
  EXPECT_EQ(ask_and_run(a_call("p2"))->value().error(), PushRefusal::too_large);
  EXPECT_EQ(fate("p2"), NotificationView{}) << "a refusal is not kept";
}

TEST_F(PushRepetitionTest, AFullQueueHidesNoOutcome) {
  end_by_a_dead_token();
  limits.waiting = 0;
  start();
  expect_its_outcome(ask_and_run(a_call_to_the_phone("p1")));
  EXPECT_EQ(ask_and_run(a_call("p2"))->value().error(), PushRefusal::overloaded);
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
