// What the push queue says to its operator, and what it refuses because it could never be sent.
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

using decide::Alarm;

class PushAlarms : public PushQueueTest {
 protected:
  void send(ProviderVerdict verdict, unsigned status) {
    auto call = a_call("p" + std::to_string(number_));
    call.request.target.token += std::to_string(number_++);
    ask_and_run(call);
    apple_says(verdict, status);
  }
  std::vector<Alarm> standing() {
    std::vector<Alarm> all;
    for (auto const& alarm : queue->alarms()) all.push_back(alarm.alarm);
    return all;
  }

 private:
  int number_ = 0;
};

TEST_F(PushAlarms, ACredentialFaultEndsWhenItIsOverAndIsToldAnew) {
  for (int i = 0; i < 20; ++i) send(ProviderVerdict::token_wrong, 400);
  EXPECT_EQ(standing(), std::vector{Alarm::credential_fault});
  auto const first = queue->alarms().front().since;
  advance(11min);
  EXPECT_TRUE(standing().empty()) << "though no answer has come since";
  for (int i = 0; i < 20; ++i) send(ProviderVerdict::token_wrong, 400);
  ASSERT_EQ(standing(), std::vector{Alarm::credential_fault});
  EXPECT_GT(queue->alarms().front().since, first);
}

TEST_F(PushAlarms, B_SIGN_3_InACredentialFaultNoTokenIsDropped) {
  TenantId const tenant{"romeo's server"};
  auto call_to = [&, number = 0](int phone) mutable {
    auto call = a_call("p" + std::to_string(number++));
    call.request.target = {};
    call.device = InstanceId{"phone" + std::to_string(phone)};
    return call;
  };
  for (int phone = 0; phone < 30; ++phone) {
    queue->put_device(tenant, AccountId{"juliet@localhost"}, InstanceId{"phone" + std::to_string(phone)},
                      {.app = "app",
                       .provider = model::Provider::apns,
                       .team = "TEAM000001",
                       .voip_token = "abcd" + std::to_string(10 + phone)},
                      [](auto) {});
    run();
    ask_and_run(call_to(phone));
    apple_says(ProviderVerdict::token_wrong, 400);
    if (phone == 18) EXPECT_EQ(ask_and_run(call_to(0))->value().error(), PushRefusal::token_dead) << "so far";
  }
  start();  // as it is on disk
  for (int phone = 0; phone < 30; ++phone) EXPECT_TRUE(ask_and_run(call_to(phone))->value()) << phone;
}

TEST_F(PushAlarms, B_SIGN_3_OneWrongTokenManyTimesIsNoCredentialFault) {
  for (int i = 0; i < 30; ++i) {
    ask_and_run(a_call("p" + std::to_string(i)));
    apple_says(ProviderVerdict::token_wrong, 400);
  }
  EXPECT_TRUE(standing().empty());
}

TEST_F(PushAlarms, AMistakeIsForgottenAfterAnHour) {
  send(ProviderVerdict::request_refused, 400);
  advance(50min);
  send(ProviderVerdict::request_refused, 400);
  advance(50min);
  EXPECT_EQ(standing(), std::vector{Alarm::own_mistake}) << "it happened again";
  advance(11min);
  EXPECT_TRUE(standing().empty());
}

TEST_F(PushAlarms, OurOwnRefusalConcernsOneNotificationOnly) {
  send(ProviderVerdict::payload_too_large, 0);
  send(ProviderVerdict::request_refused, 0);
  EXPECT_TRUE(standing().empty());
}

TEST_F(PushAlarms, ATokenTooOldSaysToCheckTheClock) {
  send(ProviderVerdict::credential_expired, 403);
  ASSERT_EQ(standing(), std::vector{Alarm::clock_wrong});
  EXPECT_TRUE(queue->alarms().front().advice.contains("clock"));
  advance(1s);
  apple_says(ProviderVerdict::accepted, 200);
  EXPECT_TRUE(standing().empty());
}

TEST_F(PushAlarms, B_ADMIN_3_AProviderOutOfReachIsSaid) {
  EXPECT_EQ(queue->trouble(), "");
  apple.trouble = "APNs cannot be reached.";
  EXPECT_EQ(queue->trouble(), "TEAM000001: APNs cannot be reached.");
}

TEST_F(PushAlarms, WhatCouldNeverBeSentIsNotAccepted) {
  apple.unfit = PushRefusal::too_large;
  EXPECT_EQ(ask_and_run(a_call("p1"))->value().error(), PushRefusal::too_large);
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushAlarms, B_TABLE_3_NothingButACallGoesOnVoipToIos13) {
  TenantId const tenant{"romeo's server"};
  for (auto const& [os, allowed] : {std::pair{"12.5", true}, {"13.0", false}, {"", false}}) {
    InstanceId const phone{std::string("phone with iOS ") + os};
    queue->put_device(tenant, AccountId{"juliet@localhost"}, phone,
                      {.app = "app",
                       .platform = Platform::ios,
                       .os_version = os,
                       .provider = model::Provider::apns,
                       .team = "TEAM000001",
                       .voip_token = "abcd" + std::string(os).substr(0, 2)},
                      [](auto) {});
    run();
    auto message = a_message("m " + phone.value);
    message.request.target = {};
    message.request.channel = ChannelName::voip;
    message.device = phone;
    auto const heard = ask_and_run(message);
    EXPECT_EQ(heard->value().has_value(), allowed) << os;
    if (!allowed) EXPECT_EQ(heard->value().error(), PushRefusal::voip_is_for_calls);
    message.request.id = PushId{"c " + phone.value};
    message.request.push_class = PushClass::call;
    EXPECT_TRUE(ask_and_run(message)->value());
  }
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
