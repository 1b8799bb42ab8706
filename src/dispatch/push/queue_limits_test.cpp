// What the push queue takes, keeps and forgets.
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

TEST_F(PushQueueTest, B_TABLE_2_ADayOfMessagesStopsNoCall) {
  limits.waiting = limits.waiting_of_tenant = 20;
  limits.resting = 100;
  start();
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(ask_and_run(a_message("m" + std::to_string(i)))->value()) << i;
    apple_says(ProviderVerdict::accepted);
  }
  EXPECT_EQ(queue->open(), 60U) << "each waits for a sign of its phone";
  EXPECT_EQ(queue->waiting(), 0U);
  EXPECT_TRUE(ask_and_run(a_call("call"))->value());
}

TEST_F(PushQueueTest, B_TABLE_2_TheLastTenthOfTheQueueIsForCalls) {
  limits.waiting = 100;
  limits.waiting_of_tenant = 20;
  start();
  for (int i = 0; i < 18; ++i) ASSERT_TRUE(ask_and_run(a_message("m" + std::to_string(i)))->value()) << i;
  EXPECT_EQ(ask_and_run(a_message("one more"))->value().error(), PushRefusal::too_many);
  EXPECT_TRUE(ask_and_run(a_call("c1"))->value());
  EXPECT_TRUE(ask_and_run(a_call("c2"))->value());
  EXPECT_EQ(ask_and_run(a_call("c3"))->value().error(), PushRefusal::too_many);
  EXPECT_TRUE(ask_and_run(a_message("p", "another tenant"))->value());
  apple_says(ProviderVerdict::token_gone, 410);
  EXPECT_EQ(queue->waiting(), 20U);
  EXPECT_TRUE(ask_and_run(a_call("c3"))->value()) << "one has ended";
}

TEST_F(PushQueueTest, WhatRestsHasABoundAndTheOldestMessagesEndFirst) {
  limits.resting = 3;
  start();
  for (auto const* id : {"call", "m1", "m2", "m3"}) {
    ask_and_run(id[0] == 'c' ? a_call(id) : a_message(id));
    apple_says(ProviderVerdict::accepted);
  }
  EXPECT_EQ(state("m1"), PushState::unconfirmed);
  EXPECT_EQ(state("call"), PushState::accepted_by_provider);
  EXPECT_EQ(state("m3"), PushState::accepted_by_provider);
  limits.resting = 1;
  start();
  EXPECT_EQ(queue->open(), 1U) << "after a start too";
  EXPECT_EQ(state("call"), PushState::accepted_by_provider);
}

TEST_F(PushQueueTest, WhatHasEndedIsSweptAsFastAsItComes) {
  auto const end_many = [&](char const* name, int many) {
    for (int i = 0; i < many; ++i) {
      ask_and_run(a_call(name + std::to_string(i)));
      apple_says(ProviderVerdict::token_gone, 410);
    }
  };
  end_many("old", 4000);
  advance(25h);
  EXPECT_EQ(fate("old3999"), NotificationView{});
  end_many("older", 4000);
  clock.advance(25h);
  end_many("new", 2000);
  EXPECT_EQ(fate("older3999"), NotificationView{}) << "in the same moment";
}

TEST_F(PushQueueTest, ACredentialIsSpentByItsTenantsOnly) {
  tenants = {"romeo's server"};
  start();
  EXPECT_EQ(ask_and_run(a_call("p1", "another tenant"))->value().error(), PushRefusal::no_credential);
  EXPECT_TRUE(ask_and_run(a_call("p1"))->value());
  auto const serves = [&](char const* tenant) {
    return queue->serves(TenantId{tenant}, model::Provider::apns, Environment::production);
  };
  EXPECT_TRUE(serves("romeo's server"));
  EXPECT_FALSE(serves("another tenant")) << "nor is it offered to its phones";
}

TEST_F(PushQueueTest, ATenantWithTooManyDevicesIsTold) {
  limits.devices_of_tenant = 1;
  start();
  std::vector<std::optional<PushRefusal>> heard;
  for (auto const* phone : {"one", "two", "one"}) {
    queue->put_device(TenantId{"t"}, AccountId{"juliet@localhost"}, InstanceId{phone}, {.voip_token = phone},
                      [&](auto device) { heard.push_back(device ? std::nullopt : std::optional(device.error())); });
    run();
  }
  EXPECT_EQ(heard, (std::vector<std::optional<PushRefusal>>{{}, PushRefusal::too_many_devices, {}}));
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
