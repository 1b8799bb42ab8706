#include "decide/calls/conversation.hpp"

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;
using enum PushState;

TEST(Call, B_CALL_1_wakes_a_sleeping_iphone) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, registers("iphone", 7), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(2100ms, says(0, 100), {})
      .hear(2200ms, says(0, 180), {"forward 0"})
      .hear(5s, says(0, 200), {"forward 0", "forget"})
      .notes({"offered", "authenticated", "push_requested iphone", "registered iphone", "invited iphone",
              "ringing iphone", "answered iphone"})
      .hold();
}

TEST(Call, B_CALL_2_rings_back_at_5_s_and_gives_up_at_13_s) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(4999ms, {})
      .wait(5s, {"answer 180"})
      .wait(12999ms, {})
      .wait(13s, {"answer 480", "push iphone missed_call message", "remember"})
      .notes({"offered", "authenticated", "push_requested iphone", "unreachable iphone", "unreachable"})
      .hold();
}

TEST(Call, B_CALL_2_no_ringback_of_ours_where_it_would_have_to_be_reliable) {
  Conversation call;
  call.offer.own_provisional = OwnProvisional::forbidden;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .wait(12s, {})
      .wait(13s, {"answer 480", "take back iphone", "remember"})
      .hold();
}

TEST(Call, B_CALL_1_rings_every_device_at_once) {
  Conversation call;
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .has(android("android"))
      .is_at(at("desk", 1))
      .is_at(at("iphone", 2))
      .call({"push iphone call voip", "push android call voip", "ring 0 desk", "ring 1 iphone", "remember"})
      .hear(100ms, says(0, 180), {"forward 0"})
      .hear(200ms, says(1, 180), {"forward 1"})
      .wait(6s, {})
      .hear(7s, says(0, 200),
            {"forward 0", "cancel 1 SIP;cause=200", "take back iphone", "take back android", "remember"})
      .hear(7100ms, provider_says(call, "android", taken_back), {"forget"})
      .hear(7200ms, says(1, 487), {})
      .notes({"offered", "authenticated", "push_requested iphone", "offered desk", "push_requested android",
              "invited desk", "invited iphone", "ringing desk", "ringing iphone", "answered desk",
              "answered_elsewhere iphone", "answered_elsewhere android"})
      .hold();
}

TEST(Call, B_CALL_3_tells_a_phone_that_did_not_come_that_it_was_answered_elsewhere) {
  Conversation call;
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(1s, says(0, 200), {"forward 0", "take back iphone", "remember"})
      .hear(1100ms, provider_says(call, "iphone", accepted_by_provider), {"push iphone answered_elsewhere message"})
      // B-CALL-9: and when it comes after all, its call screen is taken away.
      .hear(2s, registers("iphone", 9), {"has come iphone", "ring 1 iphone", "cancel 1 SIP;cause=200"})
      .hear(3s, says(1, 180), {"remember"})
      .hear(3100ms, says(1, 487), {})
      .hold();
}

TEST(Call, B_CALL_3_ios_12_has_but_its_one_channel) {
  Conversation call;
  call.has(iphone("iphone", "12.5"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(13s, {"answer 180", "answer 480", "push iphone missed_call voip", "remember"})
      .hold();
}

// RFC 3326 section 3.1: the phone was not missed by anybody, and says so neither.
TEST(Call, B_CALL_3_a_caller_whose_call_was_completed_elsewhere_leaves_no_missed_call) {
  Conversation script;
  script.has(iphone("iphone")).has(desk("desk")).is_at(at("desk", 1));
  script.call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(1s, says(0, 180), {"forward 0"})
      .hear(2s, provider_says(script, "iphone", PushState::accepted_by_provider), {})
      .hear(4s, CallerCancelled{"Q.850;cause=26, SIP;cause=200;text=\"Call completed elsewhere\""},
            {"cancel 0 Q.850;cause=26, SIP;cause=200", "answer 487", "push iphone answered_elsewhere message",
             "remember"})
      .hear(9s, registers("iphone", 5), {"has come iphone", "ring 1 iphone", "cancel 1 Q.850;cause=26, SIP;cause=200"})
      .notes({"offered", "authenticated", "push_requested iphone", "offered desk", "invited desk", "ringing desk",
              "answered_elsewhere", "registered iphone", "invited iphone"})
      .hold();
}

TEST(Call, B_CALL_9_a_late_phone_gets_invite_and_cancel_and_a_crossing_200_is_ended) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(4s, CallerCancelled{"SIP;cause=487;text=\"x\""},
            {"answer 487", "push iphone missed_call message", "remember"})
      .hear(9s, registers("iphone", 5), {"has come iphone", "ring 0 iphone", "cancel 0 SIP;cause=487"})
      .hear(9100ms, registers("iphone", 5), {"has come iphone"})
      .hear(9200ms, says(0, 200), {"acknowledge and end 0", "remember"})
      .notes({"offered", "authenticated", "push_requested iphone", "cancelled", "registered iphone", "invited iphone"})
      .hold();
}

TEST(Call, B_CALL_9_after_60_s_there_is_only_the_notice) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(13s, {"answer 180", "answer 480", "push iphone missed_call message", "remember"})
      .hear(61s, registers("iphone", 5), {"remember", "has come iphone"})
      .hold();
}

// Its connection is dead and still looks alive.
TEST(Call, B_CALL_9_a_phone_whose_invite_was_lost_has_not_answered_and_may_come_again) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, registers("iphone", 1), {"has come iphone", "ring 0 iphone", "remember"})
      .wait(31s, {"answer 180"})
      .wait(32s, {"cancel 0 SIP;cause=480", "answer 480", "remember"})
      .hear(34s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "cancel 1 SIP;cause=480"})
      .hold();
}

TEST(Call, B_CALL_9_a_push_not_yet_sent_is_taken_back) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(20ms, CallerCancelled{}, {"answer 487", "take back iphone", "remember"})
      .hear(30ms, provider_says(call, "iphone", taken_back), {"forget"})
      .hear(5s, registers("iphone", 5), {})
      .hold();
}

TEST(Call, B_CALL_9_also_from_a_phone_that_was_reached_by_sip) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(100ms, says(0, 180), {"forward 0"})
      .hear(2s, CallerCancelled{}, {"cancel 0 SIP;cause=487", "answer 487", "take back iphone", "forget"})
      .hear(2100ms, says(0, 487), {})
      .hold();
  Conversation out_of_reach;
  out_of_reach.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(100ms, says(0, 180), {"forward 0"})
      .hear(1s, BranchFailed{0}, {})
      .hear(2s, CallerCancelled{},
            {"answer 487", "cancel 0 SIP;cause=487", "take back iphone", "push iphone missed_call message", "remember"})
      .hold();
}

TEST(Call, B_CALL_1_once_per_flow_whatever_hangs_on_another) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(1s, registers("iphone", 1), {"has come iphone"})
      .hear(2s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(3s, registers("iphone", 2), {"has come iphone"})
      .hear(4s, says(1, 180), {"forward 1"})
      .hear(5s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "take back iphone", "forget"})
      .hold();
}

TEST(Call, B_CALL_1_over_udp_a_register_sends_the_invite_anew) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(4s, registers("iphone", 0), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4100ms, registers("iphone", 0), {"has come iphone"})
      .hear(4200ms, says(0, 180), {"forward 0"})
      .hear(4300ms, says(1, 482), {})
      .hear(6s, says(0, 200), {"forward 0", "take back iphone", "forget"})
      .hold();
}

TEST(Call, B_CALL_2_gives_up_the_old_flow_with_the_device) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(13s, {"answer 180", "cancel 0 SIP;cause=480", "answer 480", "push iphone missed_call message", "remember"})
      .hear(32s, BranchTimedOut{0}, {})
      .hold();
}

TEST(Call, B_CALL_2_a_device_that_came_rings_until_no_answer) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(2s, registers("iphone", 1), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(3s, says(0, 180), {"forward 0"})
      .wait(31s, {})
      .wait(32s, {"cancel 0 SIP;cause=480", "answer 480", "take back iphone", "forget"})
      .hear(33s, says(0, 487), {})
      .notes({"offered", "authenticated", "push_requested iphone", "registered iphone", "invited iphone",
              "ringing iphone", "no_answer"})
      .hold();
}

TEST(Call, B_CALL_2_so_does_one_that_came_shortly_before_13_s_with_no_push_out) {
  Conversation without_push;
  without_push.has(iphone("iphone"))
      .has(desk("desk"))
      .call({"push iphone call voip", "remember"})
      .hear(12800ms, registers("desk", 7), {"answer 180", "ring 0 desk", "remember"})
      .wait(13s, {})
      .hear(13100ms, says(0, 180), {"forward 0"})
      .hear(15s, says(0, 200), {"forward 0", "take back iphone", "remember"})
      .hold();
  Conversation push_failed;
  push_failed.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(200ms, says(0, 180), {"forward 0"})
      .hear(300ms, provider_says(push_failed, "iphone", refused), {})
      .hear(12800ms, registers("iphone", 7), {"ring 1 iphone", "remember"})
      .wait(13s, {})
      .hear(13100ms, says(1, 180), {"forward 1"})
      .hear(15s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "forget"})
      .hold();
}

TEST(Call, B_CALL_2_decline_ends_all_devices) {
  Conversation call;
  call.has(desk("desk"))
      .has(iphone("iphone"))
      .has(android("android"))
      .is_at(at("desk", 1))
      .is_at(at("iphone", 2))
      .call({"push iphone call voip", "push android call voip", "ring 0 desk", "ring 1 iphone", "remember"})
      .hear(100ms, provider_says(call, "android", accepted_by_provider), {})
      .hear(200ms, says(0, 180), {"forward 0"})
      .hear(3s, says(1, 603),
            {"cancel 0 SIP;cause=603", "forward 1", "take back iphone", "push android answered_elsewhere message",
             "remember"})
      .hear(4s, says(0, 487), {})
      .hold();
}

TEST(Call, B_CALL_2_busy_ends_one_device) {
  Conversation call;
  call.has(desk("desk"))
      .has(iphone("iphone"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(1s, says(0, 486), {})
      .hear(2s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(3s, says(1, 486), {"forward 0", "take back iphone", "forget"})
      .notes({"offered", "authenticated", "offered desk", "push_requested iphone", "invited desk", "busy desk",
              "registered iphone", "invited iphone", "busy iphone", "busy"})
      .hold();
}

TEST(Call, B_CALL_5_a_failed_push_ends_its_leg_at_once) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(200ms, provider_says(call, "iphone", refused), {"answer 480", "forget"})
      .notes({"offered", "authenticated", "push_requested iphone", "unreachable iphone", "unreachable"})
      .hold();
}

TEST(Call, B_CALL_5_but_not_the_branch_on_a_live_flow) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(200ms, provider_says(call, "iphone", refused), {})
      .hear(1s, says(0, 180), {"forward 0"})
      .hear(2s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Call, B_CALL_4_a_push_of_unknown_fate_may_still_wake) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(200ms, provider_says(call, "iphone", unknown), {})
      .hear(3s, registers("iphone", 4), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(4s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Call, nobody_to_wait_for_is_480_at_once) {
  Conversation asleep;
  asleep.push.switched_on = false;
  asleep.has(iphone("iphone"))
      .call({"answer 480", "forget"})
      .notes({"offered", "authenticated", "offered iphone", "unreachable"})
      .hold();
  Conversation none;
  none.call({"answer 480", "forget"}).notes({"offered", "authenticated", "unreachable"}).hold();
}

TEST(Call, a_dead_flow_waits_for_the_push) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(10ms, BranchFailed{0}, {})
      .hear(3s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "take back iphone", "forget"})
      .hold();
}

// RFC 8599 section 5.6.2: 480, and never the 500 that a transport error would make of it.
TEST(Call, B_CALL_2_a_dead_flow_and_a_phone_that_does_not_come_are_480) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(10ms, BranchFailed{0}, {})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .wait(12999ms, {"answer 180"})
      .wait(13s, {"answer 480", "cancel 0 SIP;cause=480", "push iphone missed_call message", "remember"})
      .hold();
}

TEST(Call, RFC3261_9_2_a_caller_who_gives_up_after_a_flow_has_died_hears_487) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 1))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(10ms, BranchFailed{0}, {})
      .hear(2s, CallerCancelled{}, {"answer 487", "cancel 0 SIP;cause=487", "take back iphone", "remember"})
      .hold();
}

TEST(Call, B_CALL_2_nobody_but_a_desk_phone_whose_connection_is_dead_is_480) {
  Conversation call;
  call.has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"ring 0 desk", "remember"})
      .hear(10ms, BranchFailed{0}, {"answer 480", "cancel 0 SIP;cause=480", "forget"})
      .hold();
}

// RFC 3261 section 8.2.2.2: a phone that has the INVITE twice says so, not that its user is anything.
TEST(Call, B_CALL_2_merged_is_not_what_the_caller_hears) {
  Conversation given_up;
  given_up.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(4s, registers("iphone", 0), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4200ms, says(0, 180), {"forward 0"})
      .hear(4300ms, says(1, 482), {})
      .hear(6s, CallerCancelled{}, {"cancel 0 SIP;cause=487", "answer 487", "take back iphone", "forget"})
      .hear(6100ms, says(0, 487), {})
      .hold();
  Conversation busy;
  busy.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(4s, registers("iphone", 0), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(4300ms, says(1, 482), {})
      .hear(6s, says(0, 486), {"answer 180", "forward 0", "take back iphone", "forget"})
      .hold();
}

TEST(Call, a_loop_is_what_the_caller_hears) {
  Conversation call;
  call.has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"ring 0 desk", "remember"})
      .hear(1s, says(0, 482), {"forward 0", "forget"})
      .hold();
}

TEST(Call, a_given_up_phone_may_join_while_another_rings) {
  Conversation call;
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(1s, says(0, 180), {"forward 0"})
      .wait(14s, {})
      .hear(15s, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(16s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "take back iphone", "forget"})
      .hold();
}

TEST(Call, RFC3261_16_7_forwards_every_2xx_of_the_fork) {
  Conversation call;
  call.has(desk("a"))
      .has(desk("b"))
      .is_at(at("a", 1))
      .is_at(at("b", 2))
      .call({"ring 0 a", "ring 1 b", "remember"})
      .hear(1s, says(0, 200), {"forward 0", "cancel 1 SIP;cause=200", "forget"})
      .hear(1100ms, says(1, 200), {"forward 1"})
      .hold();
}

TEST(Call, a_200_that_crosses_the_cancel_is_ended) {
  Conversation call;
  call.has(desk("a"))
      .is_at(at("a", 1))
      .call({"ring 0 a", "remember"})
      .hear(1s, says(0, 180), {"forward 0"})
      .hear(2s, CallerCancelled{}, {"cancel 0 SIP;cause=487", "answer 487", "forget"})
      .hear(2100ms, says(0, 200), {"acknowledge and end 0"})
      .hold();
}

TEST(Call, a_phone_does_not_ring_for_its_own_call) {
  Conversation call;
  call.offer.caller.account = call.offer.callee;
  call.offer.caller.instance = InstanceId{"iphone"};
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .is_at(at("iphone", 2))
      .call({"ring 0 desk", "remember"})
      .hear(1s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Call, B_CALL_7_another_request_waits_8_s_and_shows_nothing) {
  Conversation call;
  call.offer.kind = OfferKind::other;
  call.has(iphone("iphone"))
      .call({"push iphone background message"})
      .wait(7999ms, {})
      .wait(8s, {"answer 480"})
      .notes({})
      .hold();
  Conversation answered;
  answered.offer.kind = OfferKind::other;
  answered.has(iphone("iphone"))
      .call({"push iphone background message"})
      .hear(3s, registers("iphone", 2), {"has come iphone", "ring 0 iphone"})
      .hear(4s, says(0, 200), {"forward 0"})
      .hold();
}

TEST(Call, B_CALL_7_a_late_200_to_another_request_is_no_call_to_be_ended) {
  Conversation call;
  call.offer.kind = OfferKind::other;
  call.has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"ring 0 desk"})
      .wait(8s, {"answer 480"})
      .hear(9s, says(0, 200), {})
      .hold();
}

// RFC 3261 section 26.2.2.
TEST(Call, to_a_sips_uri_waits_for_a_secured_flow) {
  Conversation call;
  call.offer.hops = Hops::secured;
  auto secured = at("iphone", 7);
  secured.remote = "tls 192.0.2.1:7";
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, registers("iphone", 6), {"has come iphone"})
      .hear(2s, FlowRegistered{secured}, {"has come iphone", "ring 0 iphone", "remember"})
      .hear(3s, says(0, 200), {"forward 0", "take back iphone", "forget"})
      .hold();
}

TEST(Call, B_CALL_6_the_push_says_who_calls) {
  Call call;
  std::vector<std::string> const nodes{"node.example:5061"};
  CallPolicy const policy;
  CallRules const rules{.policy = policy, .push = {.switched_on = true, .apns = true}, .nodes = nodes};
  auto const now = from_unix_seconds(1'800'000'000);
  CallOffered const offered{.offer = {.callee = AccountId{"juliet@localhost"},
                                      .tracking = TrackingId{"t"},
                                      .call_id = "id",
                                      .caller = {.name = "Rom\"eo\n", .address = "romeo@localhost"},
                                      .media = Media::video,
                                      .arrived = now},
                            .devices = {iphone("iphone")}};
  for (auto const& decision : on(call, offered, rules, now)) {
    auto const* push = std::get_if<RequestPush>(&decision);
    if (!push) continue;
    EXPECT_EQ(push->request.target.topic, "org.app.voip");
    EXPECT_EQ(push->request.expires_at, now + 13s);
    EXPECT_EQ(push->request.payload,
              "{\"v\":1,\"type\":\"call\",\"call_uuid\":\"" + call.legs[0].call_uuid +
                  "\",\"tracking_id\":\"t\",\"from\":{\"name\":\"Rom\\\"eo\\u000a\",\"address\":\"romeo@localhost\"},"
                  "\"media\":\"video\",\"nodes\":[\"node.example:5061\"],\"deadline\":\"" +
                  format_rfc3339(now + 13s) + "\"}");
  }
}

}  // namespace
}  // namespace reveille::decide
