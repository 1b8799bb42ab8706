// The life of a notification as conversations on the virtual clock, and the tables around it.
#include "decide/wake/push_life.hpp"

#include "decide/wake/credential_health.hpp"
#include "decide/wake/push_schedule.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace reveille::decide {
namespace {

using model::ProviderVerdict;
using model::PushClass;
using model::PushState;
using model::TokenVerdict;
using model::Why;
using namespace push_event;

class PushLifeTest : public testing::Test {
 protected:
  VirtualClock clock;
  PushLife call{.push_class = PushClass::call, .expires_at = clock.now() + 13s};
  PushLife message{.push_class = PushClass::message, .expires_at = clock.now() + 24h};

  PushStep hear(PushLife& life, PushEvent const& event) { return on(life, event, clock.now()); }
  PushStep hear(PushLife& life, ProviderVerdict verdict) { return hear(life, Answered{{.verdict = verdict}}); }
  void send(PushLife& life) {
    EXPECT_EQ(hear(life, Ready{}).then, Then::send);
    hear(life, Sent{});
    EXPECT_EQ(life.state, PushState::sending);
  }
};

TEST_F(PushLifeTest, IsSentTakenAndConfirmed) {
  send(call);
  EXPECT_EQ(hear(call, ProviderVerdict::accepted).then, Then::tell);
  EXPECT_EQ(call.state, PushState::accepted_by_provider);
  EXPECT_EQ(hear(call, Acknowledged{}).then, Then::tell);
  EXPECT_EQ(call.state, PushState::acknowledged);
  EXPECT_EQ(hear(call, DeadlinePassed{}), PushStep{}) << "an end is an end";
}

TEST_F(PushLifeTest, EndsUnconfirmedWithoutASignOfTheClient) {
  send(call);
  hear(call, ProviderVerdict::accepted);
  clock.advance(13s);
  EXPECT_EQ(hear(call, DeadlinePassed{}).then, Then::tell);
  EXPECT_EQ(call.state, PushState::unconfirmed);
}

TEST_F(PushLifeTest, ThePhoneMayBeFasterThanTheProvidersAnswer) {
  send(call);
  EXPECT_EQ(hear(call, Acknowledged{}).then, Then::tell);
  EXPECT_EQ(hear(call, ProviderVerdict::fate_unknown), PushStep{});
  EXPECT_EQ(call.state, PushState::acknowledged);
}

TEST_F(PushLifeTest, B_CALL_1_ACallIsPushedThoughItsPhoneShowedItselfJustBefore) {
  EXPECT_EQ(hear(call, Acknowledged{}).then, Then::remember);
  EXPECT_EQ(hear(call, Acknowledged{}), PushStep{}) << "that is known";
  send(call);
  EXPECT_EQ(hear(call, ProviderVerdict::accepted).then, Then::tell);
  EXPECT_EQ(call.state, PushState::acknowledged);
  EXPECT_EQ(hear(message, Acknowledged{}).then, Then::tell) << "a message that has been read needs no notification";
  EXPECT_EQ(message.state, PushState::acknowledged);
}

TEST_F(PushLifeTest, ACallWhosePhoneCameBetweenTwoTriesIsTriedAgain) {
  send(call);
  EXPECT_EQ(hear(call, ProviderVerdict::not_processed).then, Then::send);
  EXPECT_EQ(hear(call, Acknowledged{}).then, Then::remember);
  EXPECT_EQ(hear(call, TakenBack{}).then, Then::tell);
  EXPECT_EQ(call.state, PushState::taken_back) << "the call is over";
}

TEST_F(PushLifeTest, ProvablyUnprocessedIsTriedFreelyInsideTheRingTime) {
  send(call);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(hear(call, ProviderVerdict::not_processed).then, Then::send);
    EXPECT_GT(call.not_before, clock.now());
    clock.set(call.not_before);
    hear(call, Sent{});
  }
  clock.set(call.expires_at - 1ms);
  EXPECT_EQ(hear(call, ProviderVerdict::not_processed).then, Then::wait) << "late is never sent";
  clock.set(call.expires_at);
  EXPECT_EQ(hear(call, DeadlinePassed{}), (PushStep{.then = Then::tell, .why = Why::deadline_passed}));
  EXPECT_EQ(call.state, PushState::expired);
}

TEST_F(PushLifeTest, B_CALL_4_TheLastTryIsJustBeforeTheDeadline) {
  message.expires_at = clock.now() + 28s;
  send(message);
  std::vector<Duration> tries;
  auto const start = clock.now();
  while (hear(message, ProviderVerdict::provider_failing).then == Then::send) {
    clock.set(message.not_before);
    tries.push_back(clock.now() - start);
    hear(message, Sent{});
  }
  EXPECT_EQ(tries, (std::vector<Duration>{1s, 3s, 7s, 15s, 27500ms}));
  EXPECT_EQ(message.state, PushState::accepted);
  EXPECT_EQ(hear(message, TakenBack{}).then, Then::tell) << "until then it can be taken back";
}

TEST_F(PushLifeTest, TheLastTryKeepsToWhatTheProviderAsksFor) {
  message.expires_at = clock.now() + 28s;
  send(message);
  Answered busy{{.verdict = ProviderVerdict::provider_failing, .retry_after = 30s}};
  EXPECT_EQ(hear(message, busy).then, Then::wait);
  clock.advance(28s);
  EXPECT_EQ(hear(message, DeadlinePassed{}).then, Then::tell);
  EXPECT_EQ(message.state, PushState::expired);
}

TEST_F(PushLifeTest, AnAnswerAfterTheDeadlineEndsIt) {
  send(call);
  clock.advance(14s);
  EXPECT_EQ(hear(call, ProviderVerdict::provider_failing).then, Then::tell);
  EXPECT_EQ(call.state, PushState::expired);
}

TEST_F(PushLifeTest, AnUnknownFateIsSentOnceMoreAndThenEndsUnknown) {
  for (auto* life : {&call, &message}) {
    send(*life);
    EXPECT_EQ(hear(*life, ProviderVerdict::fate_unknown).then, Then::send);
    EXPECT_EQ(life->not_before, clock.now()) << "at once: it rings";
    hear(*life, Sent{});
    EXPECT_EQ(hear(*life, ProviderVerdict::fate_unknown).then, Then::tell);
    EXPECT_EQ(life->state, PushState::unknown);
  }
}

TEST_F(PushLifeTest, ASecondTryAfterAnUnknownFateCanSucceed) {
  send(call);
  hear(call, ProviderVerdict::fate_unknown);
  hear(call, Sent{});
  hear(call, ProviderVerdict::accepted);
  EXPECT_EQ(call.state, PushState::accepted_by_provider);
}

TEST_F(PushLifeTest, AfterAKillSendingIsOfUnknownFate) {
  send(call);
  call.under_way = UnderWay::no;  // as it is read from disk
  auto before = call;
  EXPECT_EQ(hear(call, FoundAtStart{}).then, Then::send) << "once more, while it rings";
  hear(call, Sent{});
  EXPECT_EQ(hear(call, FoundAtStart{}).then, Then::tell) << "killed again";
  EXPECT_EQ(call.state, PushState::unknown);

  clock.advance(13s);
  EXPECT_EQ(hear(before, FoundAtStart{}).then, Then::tell);
  EXPECT_EQ(before.state, PushState::unknown) << "too late to send once more";
}

TEST_F(PushLifeTest, AfterAKillAcceptedIsSentOrExpired) {
  auto late = call;
  EXPECT_EQ(hear(call, FoundAtStart{}), (PushStep{.then = Then::send, .why = Why::node_restarted}));
  clock.advance(14s);
  EXPECT_EQ(hear(late, FoundAtStart{}).then, Then::tell);
  EXPECT_EQ(late.state, PushState::expired);
}

TEST_F(PushLifeTest, AfterAKillWhatTheProviderHasWaitsForTheClient) {
  send(call);
  hear(call, ProviderVerdict::accepted);
  EXPECT_EQ(hear(call, FoundAtStart{}), PushStep{});
  clock.advance(13s);
  hear(call, FoundAtStart{});
  EXPECT_EQ(call.state, PushState::unconfirmed);
}

TEST_F(PushLifeTest, IsTakenBackOnlyWhileNothingCanHaveLeft) {
  auto waiting = message;
  EXPECT_EQ(hear(waiting, TakenBack{}).then, Then::tell);
  EXPECT_EQ(waiting.state, PushState::taken_back);

  send(message);
  hear(message, ProviderVerdict::provider_failing);
  auto once_unknown = message;
  EXPECT_EQ(hear(message, TakenBack{}).then, Then::tell) << "between two tries it can be";
  EXPECT_EQ(message.state, PushState::taken_back);

  hear(once_unknown, Sent{});
  hear(once_unknown, ProviderVerdict::fate_unknown);
  hear(once_unknown, TakenBack{});
  EXPECT_EQ(once_unknown.state, PushState::unknown) << "nobody can say that it was not shown";
}

TEST_F(PushLifeTest, B_CALL_4_TakenBackWhileItIsUnderWayItIsNotSentAnotherTime) {
  for (auto const& [verdict, end] : {std::pair{ProviderVerdict::provider_failing, PushState::taken_back},
                                     {ProviderVerdict::not_processed, PushState::taken_back},
                                     {ProviderVerdict::fate_unknown, PushState::unknown},
                                     {ProviderVerdict::token_gone, PushState::refused},
                                     {ProviderVerdict::accepted, PushState::accepted_by_provider}}) {
    auto life = call;
    send(life);
    EXPECT_EQ(hear(life, TakenBack{}).then, Then::remember) << "its bytes may be on the wire";
    EXPECT_EQ(life.state, PushState::sending);
    EXPECT_EQ(hear(life, TakenBack{}), PushStep{}) << "that is known";
    EXPECT_EQ(hear(life, verdict).then, Then::tell);
    EXPECT_EQ(life.state, end);
  }
}

TEST_F(PushLifeTest, B_CALL_4_TakenBackWhileItIsSentOnceMoreItsFateIsUnknown) {
  send(call);
  hear(call, ProviderVerdict::fate_unknown);
  hear(call, Sent{});
  hear(call, TakenBack{});
  EXPECT_EQ(hear(call, ProviderVerdict::not_processed).then, Then::tell);
  EXPECT_EQ(call.state, PushState::unknown) << "its first sending may have been shown";
}

TEST_F(PushLifeTest, B_CALL_4_TakenBackAndThenKilledItIsNotSentOnceMore) {
  send(call);
  hear(call, TakenBack{});
  call.under_way = UnderWay::no;  // as it is read from disk
  EXPECT_EQ(hear(call, FoundAtStart{}), (PushStep{.then = Then::tell, .why = Why::fate_unknown}));
  EXPECT_EQ(call.state, PushState::unknown);
  message.withdrawn = true;
  EXPECT_EQ(hear(message, FoundAtStart{}).then, Then::tell);
  EXPECT_EQ(message.state, PushState::taken_back);
}

TEST_F(PushLifeTest, TheDeadlineWaitsForAnAnswerUnderWay) {
  send(call);
  clock.advance(14s);
  EXPECT_EQ(hear(call, DeadlinePassed{}), PushStep{});
  EXPECT_EQ(hear(call, ProviderVerdict::accepted).then, Then::tell);
  hear(call, DeadlinePassed{});
  EXPECT_EQ(call.state, PushState::unconfirmed);
}

TEST_F(PushLifeTest, AGoneTokenEndsItWithTheProvidersTime) {
  send(call);
  auto const step = hear(call, Answered{{.verdict = ProviderVerdict::token_gone,
                                         .status = 410,
                                         .reason = "Unregistered",
                                         .dead_since = clock.now() - 1h}});
  EXPECT_EQ(step, (PushStep{.then = Then::tell, .why = Why::token_dead}));
  EXPECT_EQ(call.receipt.state, PushState::refused);
  EXPECT_EQ(call.receipt.token, TokenVerdict::dead);
  EXPECT_EQ(call.receipt.dead_since, clock.now() - 1h);
  EXPECT_EQ(call.receipt.provider_status, 410U);
}

TEST_F(PushLifeTest, InACredentialFaultNoTokenIsToBlame) {
  for (auto const fault : {Alarm::none, Alarm::credential_fault}) {
    auto life = call;
    send(life);
    hear(life, Answered{{.verdict = ProviderVerdict::token_wrong}, fault});
    EXPECT_EQ(life.state, PushState::refused);
    EXPECT_EQ(life.receipt.token, fault == Alarm::none ? TokenVerdict::quarantined : TokenVerdict::alive);
  }
}

// Every verdict, for a call and a message, in every state: there is always an end, and never more than two sendings of
// unknown fate.
TEST_F(PushLifeTest, EveryStoryEnds) {
  for (auto push_class : {PushClass::call, PushClass::message, PushClass::background})
    for (int verdict = 0; verdict <= static_cast<int>(model::last_provider_verdict); ++verdict) {
      PushLife life{.push_class = push_class, .expires_at = clock.now() + 1h};
      send(life);
      int sendings = 1;
      for (auto step = hear(life, static_cast<ProviderVerdict>(verdict)); step.then == Then::send;
           step = hear(life, static_cast<ProviderVerdict>(verdict))) {
        clock.set(std::max(clock.now(), life.not_before));
        hear(life, Sent{});
        ASSERT_LT(++sendings, 10'000);
      }
      if (!model::is_end(life.state)) {
        clock.set(life.expires_at);
        hear(life, DeadlinePassed{});
      }
      EXPECT_TRUE(model::is_end(life.state)) << verdict;
      EXPECT_LE(life.unknown_fates, 2U);
      if (static_cast<ProviderVerdict>(verdict) == ProviderVerdict::fate_unknown) EXPECT_EQ(sendings, 2);
    }
}

// Killed after each step: what is found at the start goes on from where the disk is, which never says less than that it
// was `sending`.
class KilledLifeTest : public PushLifeTest {
 protected:
  // As it is read from disk.
  PushStep kill(PushLife& life) {
    life.under_way = UnderWay::no;
    return hear(life, FoundAtStart{});
  }
  // A phone that has seen nothing, and nobody takes it back: how often it may have been sent, until its end.
  void go_on(PushLife& life, PushStep step, ProviderVerdict verdict) {
    int sendings = 0;
    while (step.then == Then::send) {
      clock.set(std::max(clock.now(), life.not_before));
      hear(life, Sent{});
      step = hear(life, verdict);
      ASSERT_LT(++sendings, 1000);
    }
    if (!model::is_end(life.state)) {
      clock.set(std::max(clock.now(), life.expires_at));
      hear(life, DeadlinePassed{});
    }
    EXPECT_TRUE(model::is_end(life.state));
    EXPECT_LE(life.unknown_fates, 2U);
    if (life.withdrawn) EXPECT_EQ(sendings, 0) << "the call is over";
  }
};

TEST_F(KilledLifeTest, B_CALL_4_FoundAtStartAfterEachStepOfEachConversation) {
  std::vector<std::vector<PushEvent>> conversations;
  for (int verdict = 0; verdict <= static_cast<int>(model::last_provider_verdict); ++verdict) {
    Answered const answered{{.verdict = static_cast<ProviderVerdict>(verdict)}};
    conversations.push_back({Ready{}, Sent{}, answered, Sent{}, answered});
    conversations.push_back({Ready{}, Sent{}, TakenBack{}, answered});
    conversations.push_back({Ready{}, Sent{}, answered, TakenBack{}});
    conversations.push_back({Acknowledged{}, Ready{}, Sent{}, answered, TakenBack{}});
    conversations.push_back({Ready{}, Sent{}, answered, Acknowledged{}, Sent{}, answered});
  }
  for (auto const& conversation : conversations)
    for (std::size_t killed_after = 0; killed_after <= conversation.size(); ++killed_after)
      for (int verdict = 0; verdict <= static_cast<int>(model::last_provider_verdict); ++verdict) {
        auto life = PushLife{.push_class = PushClass::call, .expires_at = clock.now() + 13s};
        for (std::size_t i = 0; i < killed_after; ++i) hear(life, conversation.at(i));
        auto const before = life;
        auto const step = kill(life);
        if (model::is_end(before.state)) EXPECT_EQ(step, PushStep{}) << "an end is an end";
        if (before.withdrawn) EXPECT_NE(step.then, Then::send);
        if (before.state == PushState::accepted_by_provider) EXPECT_EQ(step, PushStep{});
        go_on(life, step, static_cast<ProviderVerdict>(verdict));
      }
}

TEST(PushConsequence, EveryVerdictHasOne) {
  for (int verdict = 0; verdict <= static_cast<int>(model::last_provider_verdict); ++verdict) {
    auto const consequence = consequence_of(static_cast<ProviderVerdict>(verdict), PushClass::message);
    EXPECT_EQ(consequence.act == Act::done, consequence.why == Why::none) << "every failure says why";
    if (consequence.token != TokenVerdict::alive) EXPECT_EQ(consequence.act, Act::give_up);
  }
}

TEST(CredentialHealth, ManyWrongTokensAreTheCredentialsFault) {
  VirtualClock clock;
  CredentialHealth health;
  std::uint64_t token = 0;
  for (int i = 0; i < 100; ++i) health.on(ProviderVerdict::accepted, token++, clock.now());
  for (int i = 0; i < 19; ++i)
    EXPECT_EQ(health.on(ProviderVerdict::token_wrong, token++, clock.now()).fault, Alarm::none) << "fewer than 20";
  auto const verdict = health.on(ProviderVerdict::token_wrong, token++, clock.now());
  EXPECT_EQ(verdict.fault, Alarm::credential_fault);
  EXPECT_EQ(verdict.raised, CredentialHealth::Raised::now);
  EXPECT_EQ(health.on(ProviderVerdict::token_wrong, token++, clock.now()).raised, CredentialHealth::Raised::no)
      << "one alarm";
  clock.advance(11min);
  EXPECT_EQ(health.on(ProviderVerdict::accepted, token++, clock.now()).fault, Alarm::none)
      << "forgotten after ten minutes";
}

TEST(CredentialHealth, FivePercentAreNotYetAFault) {
  VirtualClock clock;
  CredentialHealth health;
  std::uint64_t token = 0;
  for (int i = 0; i < 1000; ++i) {
    health.on(ProviderVerdict::accepted, token++, clock.now());
    if (i % 20 == 0) EXPECT_EQ(health.on(ProviderVerdict::token_wrong, token++, clock.now()).fault, Alarm::none) << i;
    if (i % 60 == 0) clock.advance(1s);
  }
}

TEST(CredentialHealth, ATokenCountsOnceHoweverOftenItIsPushedTo) {
  VirtualClock clock;
  CredentialHealth health;
  for (int i = 0; i < 1000; ++i) health.on(ProviderVerdict::accepted, 1, clock.now());
  for (std::uint64_t round = 0; round < 9; ++round) {
    for (std::uint64_t token = 2; token < 21; ++token)
      EXPECT_EQ(health.on(ProviderVerdict::token_wrong, token, clock.now()).fault, Alarm::none) << "19 tokens";
    clock.advance(1min);
  }
  EXPECT_EQ(health.on(ProviderVerdict::token_wrong, 21, clock.now()).raised, CredentialHealth::Raised::now)
      << "20 of 21, for the thousand answers were of one";
  clock.advance(5min);
  EXPECT_TRUE(health.is_faulty(clock.now()));
  clock.advance(6min);
  EXPECT_FALSE(health.is_faulty(clock.now()));
}

TEST(CredentialHealth, WithTooManyTokensEachAnswerCounts) {
  VirtualClock clock;
  CredentialHealth health;
  for (std::uint64_t token = 0; token < 2 * CredentialHealth::most_tokens; ++token)
    health.on(ProviderVerdict::accepted, token, clock.now());
  std::uint64_t failures = 0;
  while (!health.is_faulty(clock.now())) health.on(ProviderVerdict::token_wrong, 1'000'000 + failures++, clock.now());
  EXPECT_EQ(failures, 2106U) << "more than 5 % of all";
}

TEST(CredentialHealth, DeadTokensAreNoFault) {
  VirtualClock clock;
  CredentialHealth health;
  std::uint64_t token = 0;
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(health.on(ProviderVerdict::token_gone, token++, clock.now()).fault, Alarm::none);
}

}  // namespace
}  // namespace reveille::decide
