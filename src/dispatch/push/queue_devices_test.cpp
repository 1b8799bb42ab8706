// PushQueue: notifications by device, which go to what the device is when they are sent. B-SIGN-2, B-SIGN-3, B-SIGN-5.
#include "dispatch/push/queue_test.hpp"

#include <gmock/gmock.h>

namespace reveille::dispatch::queue_test {
namespace {

class PushQueueDevicesTest : public PushQueueTest {
 protected:
  static DeviceUpdate phone(std::string token) {
    return {.app = "app", .provider = model::Provider::apns, .team = "TEAM000001", .message_token = std::move(token)};
  }
  Result<OwnedDevice, PushRefusal> put(char const* account, DeviceUpdate update, char const* instance = "phone") {
    std::optional<Result<OwnedDevice, PushRefusal>> answer;
    queue->put_device(tenant, AccountId{account}, InstanceId{instance}, std::move(update),
                      [&](auto kept) { answer = std::move(kept); });
    run();
    return answer.value();
  }
  bool sign_out(char const* account) {
    bool is_done = false;
    queue->remove_device(tenant, AccountId{account}, InstanceId{"phone"},
                         [&](auto done) { is_done = done.has_value(); });
    run();
    return is_done;
  }
  Notification for_phone(std::string id, char const* account = "") {
    auto message = a_message(std::move(id));
    message.request.target = {};
    message.request.account = AccountId{account};
    message.device = InstanceId{"phone"};
    return message;
  }
  TenantId tenant{"romeo's server"};
};

TEST_F(PushQueueDevicesTest, B_SIGN_3_SigningOutEndsThePushesThatWait) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  EXPECT_TRUE(sign_out("juliet@localhost"));
  connect();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("m1"), PushState::taken_back);
  EXPECT_THAT(fate("m1").receipt.reason, testing::HasSubstr("signed out"));
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushQueueDevicesTest, B_SIGN_3_SigningOutEndsThePushesThatWaitAlsoAfterARestart) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  start();
  EXPECT_TRUE(sign_out("juliet@localhost"));
  connect();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("m1"), PushState::taken_back);
}

TEST_F(PushQueueDevicesTest, B_SIGN_2_WhatWaitsForTheLastUserIsNotShownToTheNext) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1", "juliet@localhost"))->value());
  EXPECT_TRUE(ask_and_run(for_phone("m2"))->value());
  (void)put("nurse@localhost", phone("abcd"));
  EXPECT_TRUE(sign_out("juliet@localhost"));
  connect();
  EXPECT_TRUE(apple.sent.empty()) << "juliet's message goes to the nurse's phone";
  EXPECT_EQ(state("m2"), PushState::taken_back) << "it was accepted for juliet, whose device it was then";
}

TEST_F(PushQueueDevicesTest, WhatWaitsGoesToTheTokenOfNow) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  (void)put("juliet@localhost", phone("ef01"));
  connect();
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(apple.sent.front().request.target.token, "ef01");
}

TEST_F(PushQueueDevicesTest, WhatWaitsGoesWithTheCredentialOfNow) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  auto moved = phone("ef01");
  moved.team = "TEAM000002";
  (void)put("juliet@localhost", moved);
  connect();
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(apple.sent.front().request.target.team, "TEAM000002");
  apple_says(ProviderVerdict::credential_refused, 403, "InvalidProviderToken");
  ASSERT_EQ(queue->alarms().size(), 1U);
  EXPECT_EQ(queue->alarms().front().credential, "TEAM000002");
}

TEST_F(PushQueueDevicesTest, WhatMayHaveLeftIsOfUnknownFateWhoeverSignsOut) {
  (void)put("juliet@localhost", phone("abcd"));
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  lose_connection();
  apple_says(ProviderVerdict::fate_unknown);
  EXPECT_TRUE(sign_out("juliet@localhost"));
  connect();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("m1"), PushState::unknown);
}

TEST_F(PushQueueDevicesTest, B_SIGN_2_ADeviceGetsThePushesOfItsServicesOnly) {
  auto const heard = [&](PushClass push_class, std::optional<bool> call, std::optional<bool> im) {
    auto update = phone("abcd");
    update.uses_call = call;
    update.uses_im = im;
    (void)put("juliet@localhost", update);
    auto asked = for_phone("m" + std::to_string(apple.sendings) + std::string(name_of(push_class)));
    asked.request.push_class = push_class;
    return ask_and_run(asked)->value();
  };
  using enum PushClass;
  EXPECT_TRUE(heard(message, {}, {})) << "nobody has named any";
  EXPECT_TRUE(heard(call, {}, {}));
  EXPECT_EQ(heard(message, true, false).error(), PushRefusal::service_not_used);
  EXPECT_TRUE(heard(missed_call, true, false));
  EXPECT_TRUE(heard(clear, true, false));
  EXPECT_EQ(heard(call, false, true).error(), PushRefusal::service_not_used);
  EXPECT_EQ(heard(missed_call, false, true).error(), PushRefusal::service_not_used);
  EXPECT_TRUE(heard(message, true, true));
}

TEST_F(PushQueueDevicesTest, B_SIGN_3_SigningOutOfMessagesEndsThoseThatWait) {
  (void)put("juliet@localhost", phone("abcd"));
  lose_connection();
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  (void)put("juliet@localhost", {.uses_call = true, .uses_im = false});
  connect();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("m1"), PushState::taken_back);
}

TEST_F(PushQueueDevicesTest, B_SIGN_5_ADeviceUnseenForNinetyDaysIsNotPushedTo) {
  (void)put("juliet@localhost", phone("abcd"));
  clock.set(clock.now() + 24h * 90 - 1s);
  EXPECT_TRUE(ask_and_run(for_phone("m1"))->value());
  clock.set(clock.now() + 1s);
  EXPECT_EQ(ask_and_run(for_phone("m2"))->value().error(), PushRefusal::no_device);
  EXPECT_EQ(state("m1"), PushState::sending) << "it was accepted a second before";
}

TEST_F(PushQueueDevicesTest, B_SIGN_5_DevicesThatAreLongGoneLeaveRoom) {
  limits.devices_of_tenant = 2;
  start();
  (void)put("juliet@localhost", phone("ab01"), "phone 1");
  (void)put("juliet@localhost", phone("ab02"), "phone 2");
  EXPECT_EQ(put("juliet@localhost", phone("ab03"), "phone 3").error(), PushRefusal::too_many_devices);
  clock.set(clock.now() + 24h * 90);
  run();
  EXPECT_TRUE(put("juliet@localhost", phone("ab03"), "phone 3"));
}

TEST_F(PushQueueDevicesTest, B_SIGN_5_AReceiptIsASignOfLife) {
  (void)put("juliet@localhost", phone("abcd"));
  clock.set(clock.now() + 24h * 60);
  run();
  ask_and_run(for_phone("m1"));
  apple_says(ProviderVerdict::accepted);
  EXPECT_TRUE(acknowledge({.id = PushId{"m1"}})->value());
  clock.set(clock.now() + 24h * 60);
  start();
  EXPECT_TRUE(ask_and_run(for_phone("m2"))->value());
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
