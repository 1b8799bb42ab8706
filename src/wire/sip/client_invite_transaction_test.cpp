#include "wire/sip/client_invite_transaction.hpp"

#include "wire/sip/transaction_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

using testing::ElementsAre;
using Script = TransactionScript<ClientInviteTransaction, ClientInput>;
using Phase = ClientInviteTransaction::Phase;

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

// RFC 3261 section 17.1.1.2: seven requests, at doubling intervals, and a timeout after 64*T1.
TEST(ClientInviteTransaction, RepeatsSevenTimesAndGivesUp) {
  auto script = over_udp().after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "500 send request", "1500 send request", "3500 send request",
                                        "7500 send request", "15500 send request", "31500 send request",
                                        "32000 report timeout", "32000 terminate"));
}

TEST(ClientInviteTransaction, DoesNotRepeatOverAReliableTransport) {
  auto script = over_tcp().after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "32000 report timeout", "32000 terminate"));
}

TEST(ClientInviteTransaction, AProvisionalResponseEndsTheRepetitions) {
  auto script = over_udp().after(600ms).hears(hear(100)).after(3min).hears(hear(180)).after(3min);
  EXPECT_THAT(script.log(),
              ElementsAre("0 send request", "500 send request", "600 pass response", "180600 pass response"));
  EXPECT_EQ(script.state().phase, Phase::proceeding);
}

// RFC 3261 sections 16.6 step 11, 16.7 step 2 and 16.8: more than 3 minutes after the last provisional response.
TEST(ClientInviteTransaction, TimerCCancelsWhatRingsForTooLong) {
  for (auto script : {over_udp(), over_tcp()}) {
    script.hears(hear(180)).after(1min).hears(hear(180)).after(1min).hears(hear(100)).after(1h);
    EXPECT_THAT(script.log(),
                ElementsAre("0 send request", "0 pass response", "60000 pass response", "120000 pass response",
                            "241000 send cancel", "273000 report timeout", "273000 terminate"));
  }
  auto obedient = over_tcp().hears(hear(100)).after(3min + 1s).hears(hear(487));
  EXPECT_EQ(obedient.log().back(), "181000 terminate");
  EXPECT_EQ(obedient.count("pass response"), 2U);
}

// RFC 6026: every 2xx goes up for 64*T1, and none is acknowledged here.
TEST(ClientInviteTransaction, Every2xxGoesUpWhileAccepted) {
  auto script = over_udp().hears(hear(180)).after(2s).hears(hear(200)).after(500ms).hears(hear(200));
  script.after(30s).hears(hear(200)).after(10s).hears(hear(200));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "2000 pass response", "2500 pass response",
                                        "32500 pass response", "34000 terminate"));
}

TEST(ClientInviteTransaction, A2xxMayBeTheFirstResponse) {
  for (auto script : {over_udp(), over_tcp()}) {
    script.hears(hear(200)).hears(hear(486)).hears(hear(180)).after(1min);
    EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "32000 terminate"));
  }
}

TEST(ClientInviteTransaction, ARefusalIsAcknowledgedEachTimeAndGoesUpOnce) {
  auto script = over_udp().hears(hear(180)).after(1s).hears(hear(486)).after(500ms).hears(hear(486));
  script.after(1s).hears(hear(486)).after(1min).hears(hear(486));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "1000 send ack", "1000 pass response",
                                        "1500 send ack", "2500 send ack", "33000 terminate"));
}

TEST(ClientInviteTransaction, OverAReliableTransportARefusalEndsIt) {
  auto script = over_tcp().after(1s).hears(hear(603)).hears(hear(603));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "1000 send ack", "1000 pass response", "1000 terminate"));
}

TEST(ClientInviteTransaction, A2xxAfterARefusalIsDropped) {
  auto script = over_udp().hears(hear(486)).hears(hear(200)).hears(hear(180));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 send ack", "0 pass response"));
}

// RFC 3261 section 9.1.
TEST(ClientInviteTransaction, ACancelWaitsForTheFirstProvisionalResponse) {
  auto script = over_tcp().after(1s).hears(CancelWanted{}).after(1s).hears(hear(100)).hears(hear(180));
  EXPECT_THAT(script.log(),
              ElementsAre("0 send request", "2000 pass response", "2000 send cancel", "2000 pass response"));
}

TEST(ClientInviteTransaction, ACancelGoesOutOnce) {
  auto script = over_udp().hears(hear(180)).after(1s).hears(CancelWanted{}).hears(CancelWanted{}).hears(hear(487));
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "1000 send cancel", "1000 send ack",
                                        "1000 pass response"));
}

TEST(ClientInviteTransaction, NothingIsCancelledThatHasItsFinalResponse) {
  for (int status : {200, 486, 603}) {
    auto script = over_udp().hears(hear(status)).hears(CancelWanted{}).hears(hear(180)).after(1min);
    EXPECT_EQ(script.count("send cancel"), 0U) << status;
  }
  auto crossed = over_udp().hears(CancelWanted{}).hears(hear(200)).after(1min);
  EXPECT_EQ(crossed.count("send cancel"), 0U);
  EXPECT_EQ(crossed.count("pass response"), 1U);
}

TEST(ClientInviteTransaction, ACancelledInviteThatIsNotAnsweredEndsAfter64T1) {
  auto script = over_udp().hears(hear(180)).after(5s).hears(CancelWanted{}).after(1s).hears(hear(180)).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "5000 send cancel", "6000 pass response",
                                        "37000 report timeout", "37000 terminate"));
}

TEST(ClientInviteTransaction, ACancelledInviteMayStillBeAccepted) {
  auto script = over_udp().hears(hear(180)).hears(CancelWanted{}).after(1s).hears(hear(200)).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 pass response", "0 send cancel", "1000 pass response",
                                        "33000 terminate"));
}

TEST(ClientInviteTransaction, ACancelWithoutAnyResponseEndsWithTimerB) {
  auto script = over_tcp().after(1s).hears(CancelWanted{}).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "32000 report timeout", "32000 terminate"));
}

TEST(ClientInviteTransaction, ATransportErrorBeforeAnyResponseGoesUp) {
  auto script = over_tcp().hears(TransportFailed{}).hears(TransportFailed{});
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 report transport error", "0 terminate"));
}

TEST(ClientInviteTransaction, ATransportErrorOfTheAckGoesUp) {
  auto script = over_udp().hears(hear(404)).hears(TransportFailed{});
  EXPECT_THAT(script.log(), ElementsAre("0 send request", "0 send ack", "0 pass response", "0 report transport error",
                                        "0 terminate"));
}

TEST(ClientInviteTransaction, ARingingPhoneMayAnswerOverAnotherConnection) {
  auto script = over_tcp().hears(hear(180)).hears(TransportFailed{}).after(3s).hears(hear(200));
  EXPECT_THAT(script.log(),
              ElementsAre("0 send request", "0 pass response", "0 report transport error", "3000 pass response"));
}

TEST(ClientInviteTransaction, ARingingPhoneWhoseFlowIsLostIsNotKept) {
  auto script = over_tcp().hears(hear(180)).hears(TransportFailed{}).hears(TransportFailed{}).after(1h);
  EXPECT_THAT(script.log(),
              ElementsAre("0 send request", "0 pass response", "0 report transport error", "181000 terminate"));
  auto given_up = over_tcp().hears(hear(180)).hears(TransportFailed{}).hears(CancelWanted{}).after(1h);
  EXPECT_EQ(given_up.log().back(), "32000 terminate");
  EXPECT_EQ(given_up.count("report timeout"), 0U);
  EXPECT_EQ(given_up.count("send cancel"), 0U) << "there is no way for it";
}

TEST(ClientInviteTransaction, NonsenseIsIgnored) {
  auto script = over_udp().hears(hear(99)).hears(hear(700)).hears(hear(-1)).hears(Started{});
  script.hears(TimerFired{TransactionTimer::k}).hears(TimerFired{TransactionTimer::d});
  EXPECT_THAT(script.log(), ElementsAre("0 send request"));
  ClientInviteTransaction const idle;
  for (ClientInput const& early : {hear(180), hear(200), hear(486), ClientInput{CancelWanted{}},
                                   ClientInput{TransportFailed{}}, ClientInput{TimerFired{TransactionTimer::b}}})
    EXPECT_TRUE(on(idle, early, Instant{}).then.empty());
}

std::vector<Script> conversations() {
  std::vector<Script> all;
  for (auto start : {over_udp, over_tcp}) {
    all.push_back(start().after(1min));
    all.push_back(
        start().hears(hear(100)).after(1s).hears(hear(180)).after(3s).hears(hear(200)).after(500ms).hears(hear(200)));
    all.push_back(start().hears(hear(100)).hears(hear(183)).after(2s).hears(hear(486)).after(500ms).hears(hear(486)));
    all.push_back(start().hears(hear(180)).after(9s).hears(CancelWanted{}).after(20ms).hears(hear(487)));
    all.push_back(start().hears(CancelWanted{}).after(700ms).hears(hear(100)).after(20ms).hears(hear(487)));
  }
  return all;
}

// RFC 3261 section 17.1.1.2, RFC 6026 section 7.2: what goes up, and what is acknowledged, by phase and status.
void check_step(Script::Step const& step, std::string const& where) {
  auto const phase = step.before.phase;
  bool const open = phase == Phase::calling || phase == Phase::proceeding;
  int const status =
      std::holds_alternative<ReceivedResponse>(step.input) ? std::get<ReceivedResponse>(step.input).status : 0;
  bool const goes_up = status != 0 && (open || (is_success(status) && phase == Phase::accepted));
  bool const is_acknowledged = is_refusal(status) && (open || phase == Phase::completed);
  EXPECT_EQ(step.count(ActionKind::pass_response), goes_up ? 1 : 0) << status << ", " << where;
  EXPECT_EQ(step.count(ActionKind::send_ack), is_acknowledged ? 1 : 0) << status << ", " << where;
}

// With any one message lost, heard twice, or the line cut anywhere: it ends; what went up is at most
// one refusal or error; each refusal is acknowledged and no 2xx is; nothing happens after the end.
TEST(ClientInviteTransaction, HoldsWithTheLineCutEverywhere) {
  std::size_t runs = 0;
  for (auto const& script : conversations()) {
    hold_with_faults_everywhere(script, [&](Script const& run, std::string const& where) {
      ++runs;
      EXPECT_TRUE(run.has_ended()) << where;
      EXPECT_LE(run.count("report timeout") + run.count("report transport error"), 1U) << where;
      EXPECT_LE(run.count("send cancel"), 1U) << where;
      EXPECT_EQ(run.count(" terminate"), 1U) << where;
      EXPECT_EQ(run.after_the_end(), 0U) << where;
      EXPECT_LE(run.count("send request"), 7U) << where;
      for (auto const& step : run.steps()) check_step(step, where);
    });
  }
  EXPECT_GT(runs, 150U);
}

}  // namespace
}  // namespace reveille::sip
