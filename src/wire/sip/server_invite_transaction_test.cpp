#include "wire/sip/server_invite_transaction.hpp"

#include "wire/sip/transaction_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

using testing::ElementsAre;
using Script = TransactionScript<ServerInviteTransaction, ServerInput>;
using Phase = ServerInviteTransaction::Phase;

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

TEST(ServerInviteTransaction, SaysTryingAtOnceAndAgain) {
  auto script = over_udp().after(500ms).hears(ReceivedAgain{}).after(1s).hears(ReceivedAgain{});
  EXPECT_THAT(script.log(), ElementsAre("0 send trying", "500 repeat response", "1500 repeat response"));
}

TEST(ServerInviteTransaction, RepeatsTheLatestProvisionalResponse) {
  auto script = over_udp().after(100ms).hears(say(180)).after(400ms).hears(ReceivedAgain{}).hears(say(183));
  EXPECT_THAT(script.log(),
              ElementsAre("0 send trying", "100 send response", "500 repeat response", "500 send response"));
}

TEST(ServerInviteTransaction, RingsForAsLongAsItsUserSaysSo) {
  auto script = over_udp().hears(say(180));
  for (int minutes = 0; minutes < 60; minutes += 3) script.after(3min).hears(say(180));
  EXPECT_EQ(script.state().phase, Phase::proceeding);
}

TEST(ServerInviteTransaction, AUserWhoForgetsItDoesNotKeepIt) {
  for (auto script : {over_udp(), over_tcp()}) {
    script.after(1h);
    EXPECT_THAT(script.log(), ElementsAre("0 send trying", "240000 report timeout", "240000 terminate"));
  }
  auto ringing = over_tcp().after(1min).hears(say(180)).after(1h);
  EXPECT_EQ(ringing.log().back(), "300000 terminate");
}

// RFC 3261 section 17.2.1: timer G doubles up to T2; timer H gives up.
TEST(ServerInviteTransaction, RepeatsARefusalUntilTimerH) {
  auto script = over_udp().hears(say(486)).after(1min);
  EXPECT_THAT(script.log(),
              ElementsAre("0 send trying", "0 send response", "500 repeat response", "1500 repeat response",
                          "3500 repeat response", "7500 repeat response", "11500 repeat response",
                          "15500 repeat response", "19500 repeat response", "23500 repeat response",
                          "27500 repeat response", "31500 repeat response", "32000 report no ack", "32000 terminate"));
}

TEST(ServerInviteTransaction, OverAReliableTransportARefusalIsSentOnce) {
  auto script = over_tcp().hears(say(486)).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send trying", "0 send response", "32000 report no ack", "32000 terminate"));
}

TEST(ServerInviteTransaction, TheAckEndsTheRepetitionsAndIsAbsorbedForT4) {
  auto script = over_udp().hears(say(486)).after(600ms).hears(ReceivedAck{}).hears(ReceivedAck{}).after(1s);
  script.hears(ReceivedAck{}).hears(ReceivedAgain{}).after(1min);
  EXPECT_THAT(script.log(), ElementsAre("0 send trying", "0 send response", "500 repeat response", "5600 terminate"));
}

TEST(ServerInviteTransaction, OverAReliableTransportTheAckEndsIt) {
  auto script = over_tcp().hears(say(404)).after(10ms).hears(ReceivedAck{});
  EXPECT_THAT(script.log(), ElementsAre("0 send trying", "0 send response", "10 terminate"));
}

TEST(ServerInviteTransaction, ARepeatedInviteIsAnsweredWithTheRefusal) {
  auto script = over_tcp().hears(say(404)).after(100ms).hears(ReceivedAgain{});
  EXPECT_THAT(script.log(), ElementsAre("0 send trying", "0 send response", "100 repeat response"));
}

// RFC 6026: repetitions of the INVITE are absorbed, ACKs go up, 2xx repetitions come from above.
TEST(ServerInviteTransaction, After2xxItIsAcceptedFor64T1) {
  for (auto script : {over_udp(), over_tcp()}) {
    script.hears(say(200)).after(200ms).hears(ReceivedAgain{}).after(300ms).hears(say(200)).after(100ms);
    script.hears(ReceivedAck{}).hears(ReceivedAck{}).hears(say(486)).hears(say(180)).after(1min);
    EXPECT_THAT(script.log(), ElementsAre("0 send trying", "0 send response", "500 send response", "600 pass ack",
                                          "600 pass ack", "32000 terminate"));
  }
}

TEST(ServerInviteTransaction, OnlyOneFinalResponseIsSent) {
  auto script = over_udp().hears(say(486)).hears(say(200)).hears(say(603)).hears(ReceivedAck{}).hears(say(200));
  EXPECT_EQ(script.count("send response"), 1U);
}

// RFC 6026 section 7.1: a transport error is told and changes no state.
TEST(ServerInviteTransaction, ATransportErrorForgetsNothing) {
  auto script = over_udp().hears(TransportFailed{}).after(100ms).hears(ReceivedAgain{}).hears(say(200));
  script.hears(TransportFailed{}).after(100ms).hears(ReceivedAgain{}).hears(ReceivedAck{}).after(1min);
  EXPECT_THAT(script.log(),
              ElementsAre("0 send trying", "0 report transport error", "100 repeat response", "100 send response",
                          "100 report transport error", "200 pass ack", "32100 terminate"));
}

TEST(ServerInviteTransaction, NonsenseIsIgnored) {
  auto script = over_udp().hears(say(99)).hears(say(700)).hears(ReceivedAck{}).hears(Started{});
  script.hears(TimerFired{TransactionTimer::g}).hears(TimerFired{TransactionTimer::l});
  EXPECT_THAT(script.log(), ElementsAre("0 send trying"));
  ServerInviteTransaction const idle;
  for (ServerInput const& early :
       {say(180), say(200), say(486), ServerInput{ReceivedAck{}}, ServerInput{ReceivedAgain{}},
        ServerInput{TransportFailed{}}, ServerInput{TimerFired{TransactionTimer::h}}})
    EXPECT_TRUE(on(idle, early, Instant{}).then.empty());
}

// Section 17.2.1, RFC 6026 section 7.1: what goes down, what answers a repetition, and whose ACK goes up.
void check_step(Script::Step const& step, std::string const& where) {
  auto const phase = step.before.phase;
  auto const* down = std::get_if<ResponseHandedDown>(&step.input);
  bool const again = std::holds_alternative<ReceivedAgain>(step.input);
  bool const ack = std::holds_alternative<ReceivedAck>(step.input);
  bool const goes_down = down && (phase == Phase::proceeding || (phase == Phase::accepted && is_success(down->status)));
  EXPECT_EQ(step.count(ActionKind::send_response), goes_down ? 1 : 0) << where;
  EXPECT_EQ(step.count(ActionKind::pass_ack), ack && phase == Phase::accepted ? 1 : 0) << where;
  if (again)
    EXPECT_EQ(step.count(ActionKind::repeat_response), phase == Phase::proceeding || phase == Phase::completed ? 1 : 0)
        << where;
}

TEST(ServerInviteTransaction, HoldsWithTheLineCutEverywhere) {
  std::vector<Script> all;
  for (auto start : {over_udp, over_tcp}) {
    all.push_back(start().hears(say(180)).after(3s).hears(say(200)).after(500ms).hears(say(200)).hears(ReceivedAck{}));
    all.push_back(start().hears(say(180)).after(3s).hears(say(486)).after(600ms).hears(ReceivedAck{}));
    all.push_back(
        start().hears(ReceivedAgain{}).hears(say(487)).after(600ms).hears(ReceivedAgain{}).hears(ReceivedAck{}));
  }
  for (auto const& script : all) {
    hold_with_faults_everywhere(script, [](Script const& run, std::string const& where) {
      EXPECT_TRUE(run.has_ended()) << where;
      EXPECT_EQ(run.count(" terminate"), 1U) << where;
      // Without a final response from above (it was the lost line).
      EXPECT_LE(run.count("report timeout"), 1U) << where;
      EXPECT_LE(run.count("report no ack"), 1U) << where;
      EXPECT_EQ(run.count("send trying"), 1U) << where;
      EXPECT_LE(run.count("repeat response"), 13U) << where;
      EXPECT_EQ(run.after_the_end(), 0U) << where;
      for (auto const& step : run.steps()) check_step(step, where);
    });
  }
}

}  // namespace
}  // namespace reveille::sip
