#include "wire/sip/server_transaction.hpp"

#include "wire/sip/transaction_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

using testing::ElementsAre;
using Script = TransactionScript<ServerTransaction, ServerInput>;
using Phase = ServerTransaction::Phase;

Script over_udp() {
  Script script{Reliability::unreliable};
  script.hears(Started{});
  return script;
}

Script over_tcp() {
  Script script{Reliability::reliable};
  script.hears(Started{});
  return script;
}

ServerInput say(int status) {
  return ResponseHandedDown{status};
}

TEST(ServerTransaction, AnswersRepetitionsFor64T1) {
  auto script = over_udp().after(100ms).hears(say(200)).after(400ms).hears(ReceivedAgain{}).after(31s);
  script.hears(ReceivedAgain{}).after(1s);
  EXPECT_THAT(script.log(),
              ElementsAre("100 send response", "500 repeat response", "31500 repeat response", "32100 terminate"));
}

TEST(ServerTransaction, OverAReliableTransportTheAnswerEndsIt) {
  auto script = over_tcp().after(100ms).hears(say(404)).hears(say(200)).hears(ReceivedAgain{});
  EXPECT_THAT(script.log(), ElementsAre("100 send response", "100 terminate"));
}

TEST(ServerTransaction, RepetitionsBeforeAnyResponseAreDiscarded) {
  auto script = over_udp().after(500ms).hears(ReceivedAgain{}).after(1s).hears(ReceivedAgain{});
  EXPECT_TRUE(script.log().empty());
}

// RFC 4320 section 4.1: a 100 after 3.5 s and not before; then repetitions are answered with it.
TEST(ServerTransaction, SaysTryingLate) {
  for (auto script : {over_udp(), over_tcp()}) {
    script.after(3400ms).hears(ReceivedAgain{}).after(100ms).hears(ReceivedAgain{}).after(1s).hears(say(200));
    EXPECT_THAT(std::vector(script.log().begin(), script.log().begin() + 3),
                ElementsAre("3500 send trying", "3500 repeat response", "4500 send response"));
  }
}

TEST(ServerTransaction, AQuickAnswerNeedsNoTrying) {
  auto script = over_udp().after(3499ms).hears(say(200)).after(1s);
  EXPECT_THAT(script.log(), ElementsAre("3499 send response"));
}

TEST(ServerTransaction, ProvisionalResponsesFromAboveAreNotSent) {
  auto script = over_udp().hears(say(100)).hears(say(180)).hears(say(183));
  EXPECT_TRUE(script.log().empty());
}

// RFC 4320 section 4.2.
TEST(ServerTransaction, NeverSays408) {
  auto script = over_udp().after(1s).hears(say(408)).hears(say(200)).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("1000 terminate"));
}

TEST(ServerTransaction, WithoutAnAnswerItEndsWhenTheClientHasGivenUp) {
  auto script = over_udp().after(1min);
  EXPECT_THAT(script.log(), ElementsAre("3500 send trying", "32000 report timeout", "32000 terminate"));
}

TEST(ServerTransaction, OnlyTheFirstFinalResponseIsSent) {
  auto script = over_udp().hears(say(202)).hears(say(200)).hears(say(500));
  EXPECT_EQ(script.count("send response"), 1U);
}

TEST(ServerTransaction, ATransportErrorForgetsNothing) {
  auto script = over_udp().hears(say(200)).hears(TransportFailed{}).after(500ms).hears(ReceivedAgain{}).after(1min);
  EXPECT_THAT(script.log(),
              ElementsAre("0 send response", "0 report transport error", "500 repeat response", "32000 terminate"));
}

TEST(ServerTransaction, NonsenseIsIgnored) {
  auto script = over_udp().hears(ReceivedAck{}).hears(say(0)).hears(say(700)).hears(Started{});
  script.hears(TimerFired{TransactionTimer::k});
  EXPECT_TRUE(script.log().empty());
  ServerTransaction const idle;
  for (ServerInput const& early : {say(200), ServerInput{ReceivedAck{}}, ServerInput{ReceivedAgain{}},
                                   ServerInput{TransportFailed{}}, ServerInput{TimerFired{TransactionTimer::trying}}})
    EXPECT_TRUE(on(idle, early, Instant{}).then.empty());
}

// Section 17.2.2: the first final response goes down, but for a 408 (RFC 4320); what was sent last answers a
// repetition.
void check_step(Script::Step const& step, std::string const& where) {
  auto const phase = step.before.phase;
  bool const open = phase == Phase::trying || phase == Phase::proceeding;
  auto const* down = std::get_if<ResponseHandedDown>(&step.input);
  bool const again = std::holds_alternative<ReceivedAgain>(step.input);
  bool const has_sent = phase == Phase::proceeding || phase == Phase::completed;
  EXPECT_EQ(step.count(ActionKind::send_response), open && down && down->status >= 200 && down->status != 408 ? 1 : 0)
      << where;
  EXPECT_EQ(step.count(ActionKind::repeat_response), again && has_sent ? 1 : 0) << where;
}

TEST(ServerTransaction, HoldsWithTheLineCutEverywhere) {
  std::vector<Script> all;
  for (auto start : {over_udp, over_tcp}) {
    all.push_back(start().hears(ReceivedAgain{}).hears(say(200)).after(1s).hears(ReceivedAgain{}));
    all.push_back(start().after(4s).hears(ReceivedAgain{}).hears(say(404)).hears(ReceivedAgain{}).hears(say(200)));
    all.push_back(start().after(4s).hears(ReceivedAgain{}).hears(say(408)).hears(ReceivedAgain{}));
  }
  for (auto const& script : all) {
    hold_with_faults_everywhere(script, [](Script const& run, std::string const& where) {
      EXPECT_TRUE(run.has_ended()) << where;
      EXPECT_EQ(run.count(" terminate"), 1U) << where;
      EXPECT_LE(run.count("send response"), 1U) << where;
      EXPECT_LE(run.count("send trying"), 1U) << where;
      EXPECT_EQ(run.after_the_end(), 0U) << where;
      for (auto const& step : run.steps()) check_step(step, where);
    });
  }
}

}  // namespace
}  // namespace reveille::sip
