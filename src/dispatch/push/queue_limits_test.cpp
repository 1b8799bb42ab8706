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
  EXPECT_FALSE(queue->has_credential(TenantId{"another tenant"}, model::Provider::apns, Environment::production));
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

TEST_F(PushQueueTest, B_PUSH_5_BeyondAHundredWhoWaitForOneNotificationNobodyWaits) {
  lose_connection();
  ask_and_run(a_message("m1"));
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i)
    queue->find(TenantId{"romeo's server"}, PushId{"m1"}, WaitUntil{clock.now() + 60s}, [&](auto) { ++told; });
  run();
  EXPECT_EQ(told, 0U);
  auto const one_more = ask_and_run(a_message("m1"), 60s);
  ASSERT_TRUE(*one_more) << "it is told what is known";
  EXPECT_EQ(one_more->value()->receipt.state, PushState::accepted);
  EXPECT_EQ(take_back("m1")->value().error(), PushRefusal::overloaded) << "nobody can say yet that it is on disk";
  advance(1s);
  EXPECT_EQ(told, 100U) << "it was taken back all the same";
}

TEST_F(PushQueueTest, B_PUSH_5_ManyOfOneTrackingIdEndAsFastAsOthers) {
  constexpr int many = 20'000;
  lose_connection();
  auto const end_all = [&](char const* name, auto const& tracking_of) {
    auto const name_of = [&](int i) { return name + std::to_string(i); };
    for (int i = 0; i < many; ++i) {
      auto message = a_message(name_of(i));
      message.request.tracking = tracking_of(i);
      ask(std::move(message));
    }
    run();
    auto const began = std::chrono::steady_clock::now();
    for (int i = many; i-- > 0;) queue->take_back(TenantId{"romeo's server"}, PushId{name_of(i)}, [](auto) {});
    run();
    return std::chrono::steady_clock::now() - began;
  };
  auto const each_its_own = end_all("d", [](int i) { return TrackingId{"t" + std::to_string(i)}; });
  auto const one_for_all = end_all("s", [](int) { return TrackingId{"one for all"}; });
  EXPECT_LT(one_for_all, 3 * each_its_own);
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushQueueTest, AReceiptOfOnePhoneByTrackingIdLeavesTheOthers) {
  for (auto const* phone : {"phone 1", "phone 2", "phone 3"}) {
    auto message = a_message(phone);
    message.request.tracking = TrackingId{"t"};
    message.request.instance = InstanceId{phone};
    ask_and_run(message);
    apple_says(ProviderVerdict::accepted);
  }
  EXPECT_TRUE(acknowledge({.tracking = TrackingId{"t"}, .instance = InstanceId{"phone 2"}})->value());
  EXPECT_EQ(state("phone 1"), PushState::accepted_by_provider);
  EXPECT_EQ(state("phone 2"), PushState::acknowledged);
  EXPECT_TRUE(acknowledge({.tracking = TrackingId{"t"}})->value());
  EXPECT_EQ(state("phone 1"), PushState::acknowledged);
  EXPECT_EQ(state("phone 3"), PushState::acknowledged);
}

TEST_F(PushQueueTest, AReceiptByTrackingIdSaidAgainIsAnsweredTheSame) {
  limits.ended_in_memory = 2;
  start();
  auto const acknowledge_one = [&](std::string name) {
    auto message = a_message(name);
    message.request.tracking = TrackingId{"t " + name};
    message.request.instance = InstanceId{"phone"};
    ask_and_run(message);
    apple_says(ProviderVerdict::accepted);
    return acknowledge({.tracking = message.request.tracking})->value();
  };
  auto const first = acknowledge_one("m1");
  ASSERT_TRUE(first);
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t m1"}})->value(), first);
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t m1"}, .instance = InstanceId{"phone"}})->value(), first);
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t m1"}, .instance = InstanceId{"another"}})->value().error(),
            PushRefusal::not_found);
  (void)acknowledge_one("m2");
  (void)acknowledge_one("m3");
  EXPECT_TRUE(acknowledge({.tracking = TrackingId{"t m2"}})->value());
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t m1"}})->value().error(), PushRefusal::not_found) << "long ago";
}

TEST_F(PushQueueTest, WhatHasEndedIsSweptSoonAndThenTheDiskHasRest) {
  for (std::uint64_t row = 1; row <= 2500; ++row)
    store.commit({store::AcceptPush{{.row = row, .tenant = "t", .id = std::to_string(row)}},
                  store::UpdatePush{.row = row, .life = store::PushLife::ended, .keep_until = clock.now() - 1s}},
                 store::Urgency::soon, [](Result<void>) {});
  start();
  advance(30s);
  EXPECT_EQ(store.swept(), 2500U);
  auto const before = store.commits();
  advance(10min);
  EXPECT_LE(store.commits() - before, 11U);
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
