// What the devices say: RFC 3261 section 16.7, with B-CALL-2 and B-CALL-9.
#include "decide/calls/mind.hpp"

#include <algorithm>
#include <string>

namespace reveille::decide {

using model::Milestone;
using model::Why;

// A branch that was rung after the end: whatever it says, the caller does not hear it.
void Mind::on_late_response(model::BranchAnswered const& event) {
  auto& branch = call_.branches[event.branch];
  auto& leg = call_.legs[branch.leg];
  leg.heard = leg.heard || !is_word_of_a_hop(branch, event.status);
  if (event.status < 200) {
    branch.heard = true;
    return;
  }
  branch.terminated = branch.answered = true;
  if (is_merged(event.branch, event.status)) return on_merged(event.branch);
  if (!sip::is_success(event.status)) return;
  leg.answered = true;
  decide(model::EndAnswered{.branch = event.branch, .reason = call_.end_reason});
}

// B-CALL-2: "a device that came rings until no-answer", also while it changes networks.
void Mind::begin_ringing(Branch const& branch) {
  auto& leg = call_.legs[branch.leg];
  if (leg.rings_until || !is_invite()) return;
  leg.rings_until = std::max(branch.rung_at + call_.no_answer_after, now_);
  note(Milestone::ringing, leg.instance);
}

void Mind::note_provisional(Branch& branch, int status) {
  auto& leg = call_.legs[branch.leg];
  leg.heard = true;
  branch.heard = true;
  if (status == 100) return;
  leg.ringing = true;
  begin_ringing(branch);
}

// RFC 3261 section 8.2.2.2: the phone has this INVITE already, by another branch. On its only branch 482 is a loop.
bool Mind::is_merged(std::size_t number, int status) const {
  constexpr int merged_request = 482;
  if (status != merged_request) return false;
  for (std::size_t other = 0; other < call_.branches.size(); ++other)
    if (other != number && call_.branches[other].leg == call_.branches[number].leg) return true;
  return false;
}

// It says nothing of the user: only this branch ends, and the caller never hears of it. But the phone rings by the
// other, and is here now.
void Mind::on_merged(std::size_t number) {
  auto const merged = call_.branches[number];
  auto const& leg = call_.legs[merged.leg];
  for (std::size_t other = 0; other < call_.branches.size(); ++other) {
    auto& branch = call_.branches[other];
    if (branch.leg != merged.leg || branch.answered) continue;
    branch.merged = true;
    if (call_.phase == CallPhase::ringing && !leg.spoke) begin_ringing(branch);
    if (call_.phase == CallPhase::ended || leg.spoke) cancel_on(other, merged.target);
  }
  if (!merged.late) feed(sip::BranchTimedOut{number});
}

// RFC 3327: a proxy on the way says that it cannot reach the phone, which has said nothing on this branch (RFC 3261
// section 16.7, RFC 5626 section 5.3). The phone is not refused by it, and has not come.
bool Mind::is_word_of_a_hop(Branch const& branch, int status) {
  bool const is_about_the_way = status == 408 || status == 430 || status == 480 || status == 503;
  return is_about_the_way && !branch.target.path.empty() && !branch.heard;
}

void Mind::on_refusal(std::size_t number, int status) {
  auto& leg = call_.legs[call_.branches[number].leg];
  if (is_merged(number, status)) return on_merged(number);
  // Whatever else it says is the device's word: it is not rung on another flow, nor waited for.
  leg.spoke = true;
  if (status >= 600) {
    call_.end_reason = reason_field(status, status == 603 ? "Declined" : "Busy everywhere");
    call_.end = CallEnd::declined;
    note(status == 600 ? Milestone::busy : Milestone::declined, leg.instance, Why::declined_by_device);
  }
  if (status == 486) note(Milestone::busy, leg.instance, Why::user_busy);
  feed(sip::BranchResponse{.branch = number, .status = status});
  if (status >= 600) return give_up_pending();
  stop_ringing(call_.branches[number].leg);
}

void Mind::hear(model::BranchAnswered const& event) {
  if (event.branch >= call_.branches.size()) return;
  auto& branch = call_.branches[event.branch];
  if (branch.late) return on_late_response(event);
  auto& leg = call_.legs[branch.leg];
  if (event.status < 200) {
    note_provisional(branch, event.status);
    return feed(sip::BranchResponse{.branch = event.branch, .status = event.status});
  }
  if (is_word_of_a_hop(branch, event.status)) {
    branch.answered = true;
    return on_no_response(event.branch);
  }
  branch.terminated = branch.answered = true;
  leg.heard = true;
  if (!sip::is_success(event.status)) {
    // One whose flow was lost counts as ended, but its phone answers on another.
    bool const by_another_way = branch.lost && !branch.cancelled && call_.phase == CallPhase::ringing;
    if (is_pending(event.branch) || by_another_way) on_refusal(event.branch, event.status);
    return;
  }
  leg.answered = true;
  bool const can_be_forwarded = call_.fork.sent != sip::ResponseContext::Final::refusal;
  // RFC 3261 section 15.1.1: only what INVITE has begun can be ended by BYE.
  if (!can_be_forwarded && !is_invite()) return;
  if (!can_be_forwarded) return decide(model::EndAnswered{.branch = event.branch, .reason = call_.end_reason});
  if (call_.phase == CallPhase::ringing) {
    call_.end = CallEnd::answered;
    call_.end_reason = reason_field(200, "Call completed elsewhere");
    note(Milestone::answered, leg.instance);
    leg.spoke = true;
  }
  feed(sip::BranchResponse{.branch = event.branch, .status = event.status});
}

// Nobody has answered, whatever kept the INVITE or its answer from arriving: as if 408 had come, never 503, which would
// make our answer to the caller 500 where B-CALL-2 says 480. The device may still come on another flow.
void Mind::on_no_response(std::size_t number) {
  if (number >= call_.branches.size()) return;
  auto& branch = call_.branches[number];
  bool const first = !branch.terminated;
  branch.terminated = true;
  if (!first || branch.late) return;
  if (call_.phase == CallPhase::ringing && is_pending(number))
    note(Milestone::unreachable, call_.legs[branch.leg].instance, Why::flow_lost);
  feed(sip::BranchTimedOut{number});
}

void Mind::hear(model::BranchTimedOut const& event) {
  on_no_response(event.branch);
}

void Mind::hear(model::BranchFailed const& event) {
  if (event.branch < call_.branches.size()) call_.branches[event.branch].lost = true;
  on_no_response(event.branch);
}

}  // namespace reveille::decide
