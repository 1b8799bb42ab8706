// What the devices say: RFC 3261 section 16.7, with B-CALL-2 and B-CALL-9.
#include "decide/calls/mind.hpp"

#include <string>

namespace reveille::decide {

using model::Milestone;
using model::Why;

// A branch that was rung after the end: whatever it says, the caller does not hear it.
void Mind::on_late_response(model::BranchAnswered const& event) {
  auto& branch = call_.branches[event.branch];
  call_.legs[branch.leg].heard = true;
  if (sip::is_success(event.status)) decide(model::EndAnswered{.branch = event.branch, .reason = call_.end_reason});
  if (event.status >= 200) branch.terminated = true;
}

void Mind::note_provisional(Leg& leg, int status) {
  leg.heard = true;
  if (status == 100 || leg.ringing) return;
  leg.ringing = true;
  note(Milestone::ringing, leg.instance);
}

// RFC 3261 section 8.2.2.2: the phone has this INVITE already, by another branch. On its only branch 482 is a loop.
bool Mind::is_merged(std::size_t number, int status) const {
  constexpr int merged_request = 482;
  if (status != merged_request) return false;
  for (std::size_t other = 0; other < call_.branches.size(); ++other)
    if (other != number && call_.branches[other].leg == call_.branches[number].leg) return true;
  return false;
}

// It says nothing of the user: only this branch ends, and the caller never hears of it.
void Mind::on_merged(std::size_t number) {
  feed(sip::BranchTimedOut{number});
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
  for (std::size_t other = 0; other < call_.branches.size(); ++other)
    if (call_.branches[other].leg == call_.branches[number].leg) give_up_branch(other);
}

void Mind::hear(model::BranchAnswered const& event) {
  if (event.branch >= call_.branches.size()) return;
  auto& branch = call_.branches[event.branch];
  if (branch.late) return on_late_response(event);
  auto& leg = call_.legs[branch.leg];
  if (event.status < 200) {
    note_provisional(leg, event.status);
    return feed(sip::BranchResponse{.branch = event.branch, .status = event.status});
  }
  branch.terminated = true;
  leg.heard = true;
  if (!sip::is_success(event.status)) {
    if (is_pending(event.branch)) on_refusal(event.branch, event.status);
    return;
  }
  bool const can_be_forwarded = call_.fork.sent != sip::ResponseContext::Final::refusal;
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
  on_no_response(event.branch);
}

}  // namespace reveille::decide
