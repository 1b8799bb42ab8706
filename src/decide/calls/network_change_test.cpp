// Phones that change their network while they ring: B-CALL-1, B-CALL-2, B-CALL-3, B-CALL-9; RFC 3261 section 9.1.
#include "decide/calls/conversation.hpp"

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;
using enum PushState;

// An iPhone that was woken and rings on flow 1.
Conversation& ring_on_flow_1(Conversation& call) {
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, registers("iphone", 1), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(2200ms, says(0, 180), {"forward 0"});
  return call;
}

TEST(NetworkChange, B_CALL_2_a_ringing_phone_that_loses_its_flow_is_waited_for_and_answers_by_its_new_one) {
  Conversation call;
  ring_on_flow_1(call)
      .hear(20s, BranchFailed{0}, {})
      .hear(21s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(21100ms, says(1, 482), {})
      .hear(24s, says(0, 200), {"forward 0", "forget"})
      .notes({"offered", "authenticated", "push_requested iphone", "registered iphone", "invited iphone",
              "ringing iphone", "unreachable iphone", "invited iphone", "answered iphone"})
      .hold();
}

TEST(NetworkChange, B_CALL_2_until_its_no_answer_time_and_no_longer) {
  Conversation away;
  ring_on_flow_1(away)
      .hear(20s, BranchFailed{0}, {})
      .wait(31999ms, {})
      .wait(32s, {"cancel 0 SIP;cause=480", "answer 480", "push iphone missed_call message", "remember"})
      .hear(34s, registers("iphone", 2), {"has come iphone", "cancel 0 on flow 2 SIP;cause=480"})
      .hold();
  Conversation back;
  ring_on_flow_1(back)
      .hear(20s, BranchFailed{0}, {})
      .hear(21s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(21100ms, says(1, 482), {})
      .wait(32s, {"cancel 0 SIP;cause=480", "cancel 0 on flow 2 SIP;cause=480", "answer 480", "forget"})
      .hear(32100ms, says(0, 487), {})
      .hold();
}

TEST(NetworkChange, a_phone_that_was_started_anew_rings_by_its_new_invite) {
  Conversation call;
  ring_on_flow_1(call)
      .hear(20s, BranchFailed{0}, {})
      .hear(21s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(21100ms, says(1, 180), {"forward 1"})
      .hear(24s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "forget"})
      .hold();
}

// The INVITE waited in the connection of a phone that slept; the phone read it, and its answers found no way back.
TEST(NetworkChange, B_CALL_1_a_phone_that_has_the_invite_already_rings_until_no_answer) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(3s, BranchFailed{0}, {})
      .hear(4s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4100ms, says(1, 482), {})
      .wait(4999ms, {})
      .wait(14s, {"answer 180"})
      .hear(20s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(NetworkChange, B_CALL_2_a_decline_by_the_new_flow_is_the_answer) {
  Conversation call;
  ring_on_flow_1(call)
      .hear(20s, BranchFailed{0}, {})
      .hear(21s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(21100ms, says(1, 482), {})
      .hear(24s, says(0, 603), {"forward 0", "forget"})
      .hold();
}

TEST(NetworkChange, B_CALL_9_a_phone_that_rings_out_of_reach_is_told_by_notice_and_by_cancel_when_it_is_back) {
  Conversation call;
  ring_on_flow_1(call)
      .hear(5s, BranchFailed{0}, {})
      .hear(6s, CallerCancelled{},
            {"answer 487", "cancel 0 SIP;cause=487", "push iphone missed_call message", "remember"})
      .hear(8s, registers("iphone", 2), {"has come iphone", "cancel 0 on flow 2 SIP;cause=487"})
      .hear(8100ms, registers("iphone", 2), {"has come iphone"})
      .hear(8200ms, says(0, 487), {})
      .hold();
}

TEST(NetworkChange, B_CALL_9_a_200_by_the_new_flow_after_the_end_is_ended) {
  Conversation call;
  ring_on_flow_1(call)
      .hear(5s, BranchFailed{0}, {})
      .hear(6s, CallerCancelled{},
            {"answer 487", "cancel 0 SIP;cause=487", "push iphone missed_call message", "remember"})
      .hear(7s, says(0, 200), {"acknowledge and end 0"})
      .hear(8s, registers("iphone", 2), {"has come iphone"})
      .hold();
}

// Nobody resets the old connection: a CANCEL there is lost.
TEST(NetworkChange, B_CALL_9_where_the_old_flow_only_looks_alive_the_cancel_goes_by_the_new_one_too) {
  Conversation after;
  ring_on_flow_1(after)
      .hear(6s, CallerCancelled{}, {"cancel 0 SIP;cause=487", "answer 487", "forget"})
      .hear(8s, registers("iphone", 2), {"has come iphone", "cancel 0 on flow 2 SIP;cause=487"})
      .hold();
  Conversation before;
  ring_on_flow_1(before)
      .hear(5s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(5100ms, says(1, 482), {})
      .hear(6s, CallerCancelled{},
            {"cancel 0 SIP;cause=487", "cancel 0 on flow 2 SIP;cause=487", "answer 487", "forget"})
      .hold();
}

TEST(NetworkChange, B_CALL_9_a_late_phone_that_has_the_old_invite_is_told_of_its_end) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(3s, CallerCancelled{},
            {"cancel 0 SIP;cause=487", "answer 487", "push iphone missed_call message", "remember"})
      .hear(4s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "cancel 1 SIP;cause=487"})
      .hear(4100ms, says(1, 482), {"cancel 0 on flow 2 SIP;cause=487", "remember"})
      .hold();
}

// RFC 3261 section 9.1 holds a CANCEL until there is a provisional response; the 482 says as much.
TEST(NetworkChange, over_udp_a_merged_invite_is_cancelled_though_its_provisional_response_was_lost) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(4s, registers("iphone", 0), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4100ms, says(1, 482), {})
      .hear(6s, CallerCancelled{},
            {"answer 180", "cancel 0 SIP;cause=487", "cancel 0 on flow 0 SIP;cause=487", "answer 487",
             "take back iphone", "forget"})
      .hold();
}

TEST(NetworkChange, B_CALL_9_a_desk_phone_whose_connection_breaks_while_it_rings_is_waited_for) {
  Conversation call;
  call.has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"ring 0 desk", "remember"})
      .hear(1s, says(0, 180), {"forward 0"})
      .hear(5s, BranchFailed{0}, {})
      .wait(30s, {"cancel 0 SIP;cause=480", "answer 480", "forget"})
      .hear(34s, registers("desk", 2), {"cancel 0 on flow 2 SIP;cause=480"})
      .hold();
}

}  // namespace
}  // namespace reveille::decide
