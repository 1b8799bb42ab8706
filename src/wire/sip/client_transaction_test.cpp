#include "wire/sip/client_transaction.hpp"

#include "wire/sip/transaction_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

using testing::ElementsAre;
using Script = TransactionScript<ClientTransaction, ClientInput>;
using Phase = ClientTransaction::Phase;

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

ClientInput hear(int status) {
  return ReceivedResponse{status};
}

// RFC 3261 section 17.1.2.2: "500 ms, 1 s, 2 s, 4 s, 4 s, 4 s, etc."
TEST(ClientTransaction, RepeatsUpToT2AndGivesUp) {
  auto script = over_udp().after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "500 send request", "1500 send request", "3500 send request",
                                        "7500 send request", "11500 send request", "15500 send request",
                                        "19500 send request", "23500 send request", "27500 send request",
                                        "31500 send request", "32000 report timeout", "32000 terminate"));
}

TEST(ClientTransaction, DoesNotRepeatOverAReliableTransport) {
  auto script = over_tcp().after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "32000 report timeout", "32000 terminate"));
}

TEST(ClientTransaction, AfterAProvisionalResponseItRepeatsEveryT2) {
  auto script = over_udp().after(100ms).hears(hear(100)).after(10s);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "100 pass response", "500 send request", "4500 send request",
                                        "8500 send request"));
}

TEST(ClientTransaction, ProvisionalResponsesDoNotExtendTimerF) {
  auto script = over_tcp().hears(hear(100)).after(31s).hears(hear(100)).after(2s);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "31000 pass response",
                                        "32000 report timeout", "32000 terminate"));
}

TEST(ClientTransaction, OneFinalResponseGoesUpAndTheRestIsAbsorbedForT4) {
  for (int status : {200, 302, 404, 503, 603}) {
    auto script = over_udp().after(1s).hears(hear(status)).hears(hear(status)).after(3s).hears(hear(200)).after(1min);
    EXPECT_THAT(script.log(), ElementsAre("0 send request", "500 send request", "1000 pass response", "6000 terminate"))
        << status;
  }
}

TEST(ClientTransaction, OverAReliableTransportTheFinalResponseEndsIt) {
  auto script = over_tcp().after(1s).hears(hear(200)).hears(hear(200));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "1000 pass response", "1000 terminate"));
}

TEST(ClientTransaction, ATransportErrorGoesUpOnce) {
  auto script = over_tcp().hears(TransportFailed{}).hears(TransportFailed{}).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 report transport error", "0 terminate"));
}

TEST(ClientTransaction, ATransportErrorAfterTheAnswerIsNothing) {
  auto script = over_udp().hears(hear(200)).hears(TransportFailed{}).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "5000 terminate"));
}

TEST(ClientTransaction, IsNotCancelled) {
  auto script = over_udp().hears(hear(100)).hears(CancelWanted{});
  EXPECT_EQ(script.count("send cancel"), 0U);
}

TEST(ClientTransaction, NonsenseIsIgnored) {
  auto script = over_udp().hears(hear(0)).hears(hear(1000)).hears(Started{});
  script.hears(TimerFired{TransactionTimer::a}).hears(TimerFired{TransactionTimer::k});
  EXPECT_THAT(script.log(), ElementsAre("0 send request"));
  ClientTransaction const idle;
  for (ClientInput const& early : {hear(100), hear(200), ClientInput{CancelWanted{}}, ClientInput{TransportFailed{}},
                                   ClientInput{TimerFired{TransactionTimer::f}}})
    EXPECT_TRUE(on(idle, early, Instant{}).then.empty());
}

// Section 17.1.2.2: every response goes up until the final one has.
void check_step(Script::Step const& step, std::string const& where) {
  bool const open = step.before.phase == Phase::trying || step.before.phase == Phase::proceeding;
  bool const is_response = std::holds_alternative<ReceivedResponse>(step.input);
  EXPECT_EQ(step.count(ActionKind::pass_response), open && is_response ? 1 : 0) << where;
}

TEST(ClientTransaction, HoldsWithTheLineCutEverywhere) {
  std::vector<Script> all;
  for (auto start : {over_udp, over_tcp}) {
    all.push_back(start().after(1min));
    all.push_back(start().after(300ms).hears(hear(200)).after(500ms).hears(hear(200)));
    all.push_back(start().after(4s).hears(hear(100)).after(9s).hears(hear(503)).hears(hear(200)));
    all.push_back(start().hears(hear(100)).after(31s).hears(hear(100)).after(1s));
  }
  for (auto const& script : all) {
    hold_with_faults_everywhere(script, [](Script const& run, std::string const& where) {
      EXPECT_TRUE(run.has_ended()) << where;
      EXPECT_EQ(run.count(" terminate"), 1U) << where;
      EXPECT_LE(run.count("report timeout") + run.count("report transport error"), 1U) << where;
      EXPECT_LE(run.count("send request"), 11U) << where;
      EXPECT_EQ(run.after_the_end(), 0U) << where;
      for (auto const& step : run.steps()) check_step(step, where);
    });
  }
}

}  // namespace
}  // namespace reveille::sip
