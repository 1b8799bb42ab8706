// Phones that take back their bindings while they are called, and sign out: B-CALL-1, B-CALL-2, B-CALL-3, B-SIGN-3; RFC
// 3261 section 10.2.2.
#include "decide/calls/conversation.hpp"

namespace reveille::decide {
namespace {

using namespace model;
using namespace test;
using enum PushState;

CallEvent unregisters(std::string const& instance) {
  return DeviceUnregistered{InstanceId{instance}};
}

CallEvent signs_out(std::string const& instance) {
  return DeviceSignedOut{InstanceId{instance}};
}

TEST(Unregister, B_CALL_1_a_phone_that_clears_its_old_contact_before_it_registers_is_rung) {
  Conversation call;
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(400ms, says(0, 180), {"forward 0"})
      .hear(2s, unregisters("iphone"), {})
      .hear(2100ms, registers("iphone", 7), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(3s, says(1, 200), {"forward 1", "cancel 0 SIP;cause=200", "forget"})
      .notes({"offered", "authenticated", "push_requested iphone", "offered desk", "invited desk", "ringing desk",
              "unreachable iphone", "registered iphone", "invited iphone", "answered iphone",
              "answered_elsewhere desk"})
      .hold();
}

TEST(Unregister, B_CALL_1_also_where_it_is_the_only_one) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, unregisters("iphone"), {})
      .hear(2100ms, registers("iphone", 7), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(3s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Unregister, B_CALL_2_a_phone_that_changes_its_network_so_rings_on) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, registers("iphone", 1), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(2200ms, says(0, 180), {"forward 0"})
      .hear(6s, BranchFailed{0}, {})
      .hear(7s, unregisters("iphone"), {})
      .hear(7100ms, registers("iphone", 2), {"has come iphone", "ring 1 iphone", "remember"})
      .hear(7200ms, says(1, 482), {})
      .hear(9s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Unregister, B_CALL_2_a_woken_phone_is_waited_for_until_13_s_and_told_no_more) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, unregisters("iphone"), {})
      .wait(13s, {"answer 180", "answer 480", "remember"})
      .hold();
}

TEST(Unregister, B_CALL_9_a_phone_that_does_so_and_comes_late_loses_its_call_screen) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, unregisters("iphone"), {})
      .hear(3s, CallerCancelled{}, {"answer 487", "remember"})
      .hear(4s, registers("iphone", 7), {"has come iphone", "ring 0 iphone", "cancel 0 SIP;cause=487"})
      .hear(4100ms, says(0, 487), {"forget"})
      .hold();
  Conversation after;
  after.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, CallerCancelled{}, {"answer 487", "take back iphone", "remember"})
      .hear(1100ms, unregisters("iphone"), {})
      .hear(2s, provider_says(after, "iphone", accepted_by_provider), {"remember"})
      .hear(4s, registers("iphone", 7), {"has come iphone", "ring 0 iphone", "cancel 0 SIP;cause=487"})
      .hear(4100ms, says(0, 487), {"forget"})
      .hold();
}

TEST(Unregister, an_answer_elsewhere_is_not_for_one_that_has_done_so) {
  Conversation call;
  call.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, unregisters("iphone"), {})
      .hear(3s, says(0, 200), {"forward 0", "remember"})
      .notes({"offered", "authenticated", "push_requested iphone", "offered desk", "invited desk", "unreachable iphone",
              "answered desk"})
      .hold();
}

TEST(Unregister, B_CALL_2_a_silent_old_flow_is_waited_for_until_13_s) {
  Conversation call;
  call.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, unregisters("iphone"), {})
      .wait(13s, {"answer 180", "cancel 0 SIP;cause=480", "answer 480", "remember"})
      .notes(
          {"offered", "authenticated", "push_requested iphone", "invited iphone", "unreachable iphone", "unreachable"})
      .hold();
  Conversation came;
  came.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(came, "iphone", accepted_by_provider), {})
      .hear(2s, registers("iphone", 1), {"has come iphone", "ring 0 iphone", "remember"})
      .hear(3s, unregisters("iphone"), {})
      .wait(13s, {"answer 180", "cancel 0 SIP;cause=480", "answer 480", "remember"})
      .hold();
}

TEST(Unregister, B_CALL_2_after_13_s_it_is_not_waited_for) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(300ms, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(12s, registers("iphone", 1), {"answer 180", "has come iphone", "ring 0 iphone", "remember"})
      .hear(14s, unregisters("iphone"), {"cancel 0 SIP;cause=480", "answer 480", "remember"})
      .hold();
}

TEST(Unregister, what_rings_is_left_to_ring) {
  Conversation call;
  call.has(desk("desk"))
      .is_at(at("desk", 0))
      .call({"ring 0 desk", "remember"})
      .hear(200ms, says(0, 180), {"forward 0"})
      .hear(1s, unregisters("desk"), {})
      .wait(13s, {})
      .hear(14s, says(0, 200), {"forward 0", "forget"})
      .hold();
}

TEST(Unregister, B_SIGN_3_takes_back_a_push_that_has_not_been_sent) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, unregisters("iphone"), {"take back iphone"})
      .hear(1100ms, provider_says(call, "iphone", taken_back), {"answer 480", "forget"})
      .hold();
  Conversation others;
  others.has(iphone("iphone"))
      .has(desk("desk"))
      .is_at(at("desk", 1))
      .call({"push iphone call voip", "ring 0 desk", "remember"})
      .hear(200ms, says(0, 180), {"forward 0"})
      .hear(1s, unregisters("iphone"), {"take back iphone"})
      .hear(1100ms, provider_says(others, "iphone", taken_back), {})
      .hear(2s, registers("iphone", 7), {"ring 1 iphone", "remember"})
      .hear(3s, says(0, 200), {"forward 0", "cancel 1 SIP;cause=200", "forget"})
      .hold();
  Conversation too_late;
  too_late.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, unregisters("iphone"), {"take back iphone"})
      .hear(1100ms, provider_says(too_late, "iphone", accepted_by_provider), {})
      .wait(13s, {"answer 180", "answer 480", "remember"})
      .hold();
}

TEST(SignOut, ends_the_wait) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, signs_out("iphone"), {"take back iphone", "answer 480", "remember"})
      .hold();
  Conversation silent;
  silent.has(iphone("iphone"))
      .is_at(at("iphone", 0))
      .call({"push iphone call voip", "ring 0 iphone", "remember"})
      .hear(300ms, provider_says(silent, "iphone", accepted_by_provider), {})
      .hear(2s, signs_out("iphone"), {"cancel 0 SIP;cause=480", "answer 480", "forget"})
      .hold();
}

TEST(SignOut, a_phone_that_was_pushed_is_told_no_more) {
  Conversation call;
  call.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, provider_says(call, "iphone", accepted_by_provider), {})
      .hear(2s, signs_out("iphone"), {"answer 480", "forget"})
      .hold();
  Conversation on_its_way;
  on_its_way.has(iphone("iphone"))
      .call({"push iphone call voip", "remember"})
      .hear(1s, signs_out("iphone"), {"take back iphone", "answer 480", "remember"})
      .hear(2s, provider_says(on_its_way, "iphone", accepted_by_provider), {"forget"})
      .hold();
}

}  // namespace
}  // namespace reveille::decide
