// The push queue as conversations between a tenant, the disk, a provider and the clock.
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

TEST_F(PushQueueTest, OneCommitLiesBetweenTheRequestAndTheProvider) {
  auto const before = store.commits();
  auto const heard = ask(a_call("p1"));
  EXPECT_TRUE(apple.sent.empty()) << "not before it is on disk";
  run();
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(store.commits(), before + 1);
  ASSERT_TRUE(heard->has_value());
  EXPECT_EQ(heard->value()->receipt.state, PushState::sending) << "in the record of its acceptance";
  apple_says(ProviderVerdict::accepted, 200);
  EXPECT_EQ(state("p1"), PushState::accepted_by_provider);
  EXPECT_EQ(milestones("p1"), (std::vector{Milestone::accepted, Milestone::sending, Milestone::stored, Milestone::sent,
                                           Milestone::accepted_by_provider}));
}

TEST_F(PushQueueTest, WhoWaitsHearsTheProvidersWord) {
  auto const heard = ask_and_run(a_call("p1"), 10s);
  EXPECT_FALSE(*heard);
  apple_says(ProviderVerdict::token_gone, 410, "Unregistered");
  ASSERT_TRUE(*heard);
  auto const& receipt = heard->value()->receipt;
  EXPECT_EQ(receipt.state, PushState::refused);
  EXPECT_EQ(receipt.provider_status, 410U);
  EXPECT_EQ(receipt.reason, "Unregistered");
  EXPECT_EQ(receipt.token, TokenVerdict::dead);
}

TEST_F(PushQueueTest, WhoWaitsInVainHearsWhatIsKnown) {
  auto const heard = ask_and_run(a_call("p1"), 2s);
  advance(2s);
  ASSERT_TRUE(*heard);
  EXPECT_EQ(heard->value()->receipt.state, PushState::sending);
}

TEST_F(PushQueueTest, AskingTwiceIsAskingOnce) {
  auto const first = ask(a_call("p1"));
  auto const second = ask_and_run(a_call("p1"));
  EXPECT_TRUE(*first && *second);
  EXPECT_EQ(apple.sent.size(), 1U);
  auto other = a_call("p1");
  other.fingerprint = "another body";
  auto const refused = ask_and_run(other);
  EXPECT_EQ(refused->value().error(), PushRefusal::key_reused);
  auto const foreign = ask_and_run(a_call("p1", "another tenant"));
  EXPECT_TRUE(foreign->value()) << "ids of other tenants do not exist";
  EXPECT_EQ(apple.sent.size(), 2U);
}

TEST_F(PushQueueTest, AnIdIsKnownAfterItsEndToo) {
  ask_and_run(a_call("p1"));
  apple_says(ProviderVerdict::token_gone, 410);
  EXPECT_EQ(queue->open(), 0U);
  auto const again = ask_and_run(a_call("p1"));
  EXPECT_EQ(again->value()->receipt.state, PushState::refused);
  auto other = a_call("p1");
  other.fingerprint = "another body";
  EXPECT_EQ(ask_and_run(other)->value().error(), PushRefusal::key_reused);
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(queue->open(), 0U);
  EXPECT_EQ(fate("p1", "another tenant"), NotificationView{});
}

TEST_F(PushQueueTest, AFullDiskRefusesAndForgets) {
  store.fail_with(Error{.code = ErrorCode::storage, .ours = "The disk is full."});
  EXPECT_EQ(ask_and_run(a_call("p1"))->value().error(), PushRefusal::storage);
  EXPECT_TRUE(apple.sent.empty());
  store.fail_with({});
  EXPECT_TRUE(ask_and_run(a_call("p1"))->value());
  EXPECT_EQ(apple.sent.size(), 1U);
}

TEST_F(PushQueueTest, AnOutcomeIsWrittenAgainUntilItIsDown) {
  auto const heard = ask_and_run(a_call("p1"), 10s);
  store.fail_with(Error{.code = ErrorCode::storage, .ours = "The disk is full."});
  apple_says(ProviderVerdict::accepted, 200);
  advance(3s);
  EXPECT_FALSE(*heard) << "what is told has been recorded";
  store.fail_with({});
  advance(1s);
  ASSERT_TRUE(*heard);
  EXPECT_EQ(heard->value()->receipt.state, PushState::accepted_by_provider);
}

TEST_F(PushQueueTest, UnprocessedIsTriedAgainWithTheSameIdAndNoFurtherCommit) {
  ask_and_run(a_call("p1"));
  auto const before = store.commits();
  for (int i = 0; i < 3; ++i) {
    apple_says(ProviderVerdict::not_processed);
    EXPECT_TRUE(apple.sent.empty());
    advance(1s);
    ASSERT_EQ(apple.sent.size(), 1U);
    EXPECT_EQ(apple.sent.front().request.id, PushId{"p1"});
  }
  EXPECT_EQ(store.commits(), before);
}

TEST_F(PushQueueTest, AnUnknownFateIsMarkedAgainAndSentOnceMore) {
  ask_and_run(a_call("p1"));
  auto const before = store.commits();
  apple_says(ProviderVerdict::fate_unknown);
  EXPECT_EQ(store.commits(), before + 1) << "on disk before it is sent again";
  ASSERT_EQ(apple.sent.size(), 1U);
  apple_says(ProviderVerdict::fate_unknown);
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("p1"), PushState::unknown);
}

TEST_F(PushQueueTest, AfterAKillWhatWasSendingIsSentOnceMoreAndOnlyOnce) {
  ask_and_run(a_call("p1"));
  start();
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(apple.sent.front().request.id, PushId{"p1"});
  EXPECT_EQ(apple.sent.front().request.payload, "{}");
  start();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("p1"), PushState::unknown);
}

TEST_F(PushQueueTest, B_CALL_4_NoNumberOfStartsEndsWhatProvablyDidNotLeave) {
  for (auto const verdict : {ProviderVerdict::provider_failing, ProviderVerdict::credential_refused}) {
    auto const id = "p" + std::to_string(static_cast<int>(verdict));
    ask_and_run(a_message(id));
    for (int tries = 0; tries < 3; ++tries) {
      apple_says(verdict, 503);
      advance(verdict == ProviderVerdict::credential_refused ? 30s : 10s);
    }
    apple_says(verdict, 503);
    EXPECT_TRUE(apple.sent.empty()) << "the next try is some time away";
    for (int starts = 0; starts < 3; ++starts) {
      start();
      ASSERT_EQ(apple.sent.size(), 1U) << starts;
      apple_says(verdict, 503);
    }
    EXPECT_EQ(state(id), PushState::accepted);
    start();
    apple_says(ProviderVerdict::accepted);
    EXPECT_EQ(state(id), PushState::accepted_by_provider);
  }
}

TEST_F(PushQueueTest, WithItsKeyGoneWhatWasSendingIsOfUnknownFate) {
  ask_and_run(a_call("lost"));
  ask_and_run(a_call("kept"));
  teams = {"TEAM000002"};
  start();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(take_back("lost")->value()->receipt.state, PushState::unknown) << "it may have been shown";
  teams = {"TEAM000001"};
  start();
  ASSERT_EQ(apple.sent.size(), 1U) << "the key is back";
  EXPECT_EQ(apple.sent.front().request.id, PushId{"kept"});
  teams = {"TEAM000002"};
  start();
  advance(13s);
  EXPECT_EQ(state("kept"), PushState::unknown);
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushQueueTest, AfterAKillTooLateIsUnknownOrExpired) {
  ask_and_run(a_call("sending"));
  for (int i = 1; i < 20; ++i) ask_and_run(a_call("other" + std::to_string(i)));
  ask_and_run(a_call("accepted"));
  clock.advance(14s);
  start();
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("sending"), PushState::unknown);
  EXPECT_EQ(state("accepted"), PushState::expired);
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushQueueTest, AfterAKillWhatTheProviderHasIsNotSentAgain) {
  ask_and_run(a_call("p1"));
  apple_says(ProviderVerdict::accepted);
  start();
  EXPECT_TRUE(apple.sent.empty());
  advance(13s);
  EXPECT_EQ(state("p1"), PushState::unconfirmed);
}

TEST_F(PushQueueTest, EndsUnconfirmedOrAcknowledged) {
  ask_and_run(a_call("silent"));
  apple_says(ProviderVerdict::accepted);
  ask_and_run(a_call("came"));
  apple_says(ProviderVerdict::accepted);
  EXPECT_EQ(acknowledge({.id = PushId{"came"}})->value()->receipt.state, PushState::acknowledged);
  advance(13s);
  EXPECT_EQ(state("silent"), PushState::unconfirmed);
  EXPECT_EQ(state("came"), PushState::acknowledged);
  EXPECT_EQ(queue->open(), 0U);
}

TEST_F(PushQueueTest, AReceiptNamesATrackingIdToo) {
  auto call = a_call("p1");
  call.request.tracking = TrackingId{"t1"};
  call.request.instance = InstanceId{"phone"};
  ask_and_run(call);
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t1"}, .instance = InstanceId{"another"}})->value().error(),
            PushRefusal::not_found);
  EXPECT_EQ(acknowledge({.tracking = TrackingId{"t1"}, .instance = InstanceId{"phone"}})->value()->receipt.state,
            PushState::acknowledged);
  apple_says(ProviderVerdict::fate_unknown);
  EXPECT_TRUE(apple.sent.empty()) << "the phone has come: nothing is sent again";
  EXPECT_EQ(state("p1"), PushState::acknowledged);
}

TEST_F(PushQueueTest, IsTakenBackWhileItWaits) {
  ask_and_run(a_message("p1"));
  apple_says(ProviderVerdict::provider_failing, 503);
  EXPECT_EQ(take_back("p1")->value()->receipt.state, PushState::taken_back);
  advance(1h);
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("p1"), PushState::taken_back);
}

TEST_F(PushQueueTest, IsTakenBackWhileTheDiskIsAtIt) {
  ask(a_call("p1"));
  EXPECT_EQ(take_back("p1")->value()->receipt.state, PushState::taken_back);
  EXPECT_TRUE(apple.sent.empty());
}

// A REGISTER that was on its way when the call came, from an app that is gone a moment later.
TEST_F(PushQueueTest, B_CALL_1_IsSentThoughItsPhoneShowedItselfWhileTheDiskWasAtIt) {
  ask(a_call("p1"));
  acknowledge({.id = PushId{"p1"}});
  ASSERT_EQ(apple.sent.size(), 1U);
  apple_says(ProviderVerdict::accepted);
  EXPECT_EQ(state("p1"), PushState::acknowledged);
  ask(a_message("p2"));
  EXPECT_EQ(acknowledge({.id = PushId{"p2"}})->value()->receipt.state, PushState::acknowledged);
  EXPECT_TRUE(apple.sent.empty()) << "what has been read needs no notification";
}

TEST_F(PushQueueTest, B_PUSH_8_AnEarlySignOfThePhoneSurvivesAKill) {
  for (auto const* id : {"while the disk was at it", "between two tries"}) {
    ask(a_call(id));
    if (id[0] == 'b') {
      run();
      apple_says(ProviderVerdict::not_processed);
    }
    EXPECT_TRUE(acknowledge({.id = PushId{id}})->value()) << "a receipt that was answered";
    start();
    ASSERT_EQ(apple.sent.size(), 1U);
    apple_says(ProviderVerdict::accepted);
    EXPECT_EQ(state(id), PushState::acknowledged);
  }
}

TEST_F(PushQueueTest, B_CALL_4_TakenBackUnderWayItIsNotSentAnotherTime) {
  EXPECT_EQ(take_back("none")->value().error(), PushRefusal::not_found);
  for (auto const& [verdict, end] : {std::pair{ProviderVerdict::provider_failing, PushState::taken_back},
                                     {ProviderVerdict::fate_unknown, PushState::unknown},
                                     {ProviderVerdict::accepted, PushState::accepted_by_provider}}) {
    auto const id = "p" + std::to_string(static_cast<int>(verdict));
    ask_and_run(a_call(id));
    EXPECT_EQ(take_back(id)->value()->receipt.state, PushState::sending) << "too late to stop it";
    apple_says(verdict);
    advance(2s);
    EXPECT_TRUE(apple.sent.empty());
    EXPECT_EQ(state(id), end);
  }
}

TEST_F(PushQueueTest, B_CALL_4_ATakeBackIsOnDiskBeforeItIsAnswered) {
  ask_and_run(a_call("p1"));
  store.fail_with(Error{.code = ErrorCode::storage, .ours = "The disk is full."});
  auto const in_vain = take_back("p1");
  EXPECT_FALSE(*in_vain);
  advance(5s);
  EXPECT_EQ(in_vain->value().error(), PushRefusal::storage) << "its asker tells it again";
  store.fail_with({});
  auto const kept = take_back("p1");
  advance(1s);
  EXPECT_EQ(kept->value()->receipt.state, PushState::sending);
  start();
  EXPECT_TRUE(apple.sent.empty()) << "the call is over";
  EXPECT_EQ(state("p1"), PushState::unknown);
}

TEST_F(PushQueueTest, WhatIsLateIsNotSent) {
  auto late = a_call("p1");
  late.request.expires_at = clock.now() - 1s;
  ask_and_run(late);
  EXPECT_TRUE(apple.sent.empty());
  EXPECT_EQ(state("p1"), PushState::expired);
}

TEST_F(PushQueueTest, WhatHadToWaitIsMarkedBeforeItGoes) {
  for (int i = 0; i < 20; ++i) ask_and_run(a_call("p" + std::to_string(i)));
  auto const waited = ask_and_run(a_call("last"));
  EXPECT_EQ(waited->value()->receipt.state, PushState::accepted);
  EXPECT_EQ(apple.sent.size(), 20U);
  auto const before = store.commits();
  apple.sent.front().done({.verdict = ProviderVerdict::accepted});
  apple.sent.pop_front();
  deadlines->run(clock.now());
  EXPECT_EQ(apple.sent.size(), 19U) << "not before the disk knows";
  run();
  EXPECT_EQ(apple.sent.size(), 20U);
  EXPECT_EQ(store.commits(), before + 2) << "an outcome, and the mark";
}

TEST_F(PushQueueTest, CallsHaveRoomWhenMessagesHaveNone) {
  for (int i = 0; i < 50; ++i) ask_and_run(a_message("m" + std::to_string(i)));
  EXPECT_EQ(apple.sent.size(), 18U) << "a tenth is kept for calls";
  ask_and_run(a_call("call"));
  EXPECT_EQ(apple.sent.size(), 19U);
  EXPECT_EQ(apple.sent.back().request.id, PushId{"call"});
}

TEST_F(PushQueueTest, TenantsTakeTurns) {
  for (int i = 0; i < 50; ++i) ask_and_run(a_message("m" + std::to_string(i), "greedy"));
  for (int i = 0; i < 3; ++i) ask_and_run(a_message("n" + std::to_string(i), "modest"));
  int modest = 0;
  for (int i = 0; i < 6; ++i) {
    apple_says(ProviderVerdict::accepted);
    modest += apple.sent.back().request.id.value.starts_with('n') ? 1 : 0;
  }
  EXPECT_EQ(modest, 3);
}

TEST_F(PushQueueTest, ACredentialInTroubleHoldsUpNoOther) {
  for (int i = 0; i < 100; ++i) ask_and_run(a_message("m" + std::to_string(i)));
  ask_and_run(a_message("other", "romeo's server", "TEAM000002"));
  EXPECT_EQ(apple.sent.back().request.id, PushId{"other"});
}

TEST_F(PushQueueTest, WithoutACredentialItIsRefused) {
  EXPECT_EQ(ask_and_run(a_call("p1", "t", "TEAM000009"))->value().error(), PushRefusal::no_credential);
}

TEST_F(PushQueueTest, ARefusedKeyEndsCallsAtOnceAndLetsMessagesWait) {
  EXPECT_TRUE(queue->serves(TenantId{"romeo's server"}, model::Provider::apns, Environment::production));
  EXPECT_FALSE(queue->serves(TenantId{"romeo's server"}, model::Provider::apns, Environment::sandbox));
  EXPECT_FALSE(queue->serves(TenantId{"romeo's server"}, model::Provider::fcm, Environment::production));
  EXPECT_FALSE(queue->has_credential(TenantId{"romeo's server"}, model::Provider::apns, Environment::sandbox));
  ask_and_run(a_call("call"));
  apple_says(ProviderVerdict::credential_refused, 403, "InvalidProviderToken");
  EXPECT_EQ(state("call"), PushState::refused);
  ask_and_run(a_message("message"));
  EXPECT_TRUE(apple.sent.empty()) << "it would be refused too";
  advance(30s);
  apple_says(ProviderVerdict::credential_refused, 403, "InvalidProviderToken");
  EXPECT_EQ(state("message"), PushState::accepted) << "nothing of it has left";
  ASSERT_EQ(queue->alarms().size(), 1U) << "one alarm";
  EXPECT_EQ(queue->alarms().front().detail, "403 InvalidProviderToken");
  EXPECT_TRUE(queue->serves(TenantId{"romeo's server"}, model::Provider::apns, Environment::production))
      << "the second team's key is good";
  advance(30s);
  apple_says(ProviderVerdict::accepted, 200);
  EXPECT_TRUE(queue->alarms().empty());
}

TEST_F(PushQueueTest, PushesToADeviceByItsRegistration) {
  InstanceId const phone{"00000000-0000-4000-8000-0000000000a1"};
  TenantId const tenant{"romeo's server"};
  bool put = false;
  queue->put_device(tenant, AccountId{"juliet@localhost"}, phone,
                    {.app = "app", .provider = model::Provider::apns, .team = "TEAM000001", .voip_token = "abcd"},
                    [&](auto device) { put = device.has_value(); });
  run();
  EXPECT_TRUE(put);
  auto call = a_call("p1");
  call.request.target = {};
  call.device = phone;
  ask_and_run(call);
  ASSERT_EQ(apple.sent.size(), 1U);
  EXPECT_EQ(apple.sent.front().request.target.token, "abcd");
  EXPECT_EQ(apple.sent.front().request.target.topic, "app.voip");
  auto message = a_message("p2");
  message.request.target = {};
  message.device = phone;
  EXPECT_EQ(ask_and_run(message)->value().error(), PushRefusal::no_token);
  apple_says(ProviderVerdict::token_gone, 410, "Unregistered");
  call.request.id = PushId{"p3"};
  EXPECT_EQ(ask_and_run(call)->value().error(), PushRefusal::token_dead) << "the feedback is remembered";
  call.tenant = TenantId{"another tenant"};
  EXPECT_EQ(ask_and_run(call)->value().error(), PushRefusal::no_device);
}

TEST_F(PushQueueTest, ATokenGoesToItsNewestHolder) {
  TenantId const tenant{"romeo's server"};
  auto const put = [&](char const* account, char const* instance) {
    queue->put_device(tenant, AccountId{account}, InstanceId{instance},
                      {.app = "app", .provider = model::Provider::apns, .team = "TEAM000001", .voip_token = "abcd"},
                      [](auto) {});
    run();
  };
  put("juliet@localhost", "phone");
  put("nurse@localhost", "other phone");
  start();  // as it is on disk
  auto call = a_call("p1");
  call.request.target = {};
  call.device = InstanceId{"phone"};
  EXPECT_EQ(ask_and_run(call)->value().error(), PushRefusal::no_token) << "must not ring for the last user";
  call.device = InstanceId{"other phone"};
  EXPECT_TRUE(ask_and_run(call)->value());
}

TEST_F(PushQueueTest, WithoutATrackingIdItIsTracedAsItself) {
  ask_and_run(a_message("m1"));
  apple_says(ProviderVerdict::token_gone, 410);
  EXPECT_EQ(traces.begun, std::vector{TrackingId{"m1"}});
  EXPECT_EQ(traces.steps[TrackingId{"m1"}].back(), Milestone::refused);
  EXPECT_TRUE(fate("m1").tracking.empty()) << "its tenant has named none";
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
