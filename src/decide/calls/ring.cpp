// A way to a device: the late fork (B-CALL-1), and the phone that comes too late (B-CALL-9).
#include "decide/calls/mind.hpp"
#include "model/push.hpp"

#include <algorithm>
#include <string>

namespace reveille::decide {

using model::Milestone;
using model::Why;

std::size_t Mind::leg_of(model::InstanceId const& instance) {
  auto const found = std::ranges::find(call_.legs, instance, &Leg::instance);
  if (found != call_.legs.end()) return static_cast<std::size_t>(found - call_.legs.begin());
  auto const& offer = call_.offer;
  auto const cseq = std::to_string(offer.cseq);
  // B-CALL-4: the same call and device give the same ids, in any process, however often it is asked.
  call_.legs.push_back(
      Leg{.instance = instance,
          .call_uuid = model::derive_uuid("call", {offer.call_id, offer.from_tag, offer.callee.value, instance.value}),
          .push_id = model::PushId{model::derive_uuid(
              "call-push", {offer.call_id, offer.from_tag, cseq, offer.callee.value, instance.value})}});
  return call_.legs.size() - 1;
}

// Once per flow. What was put on a connection before the phone fell asleep is read when it wakes; a datagram may have
// been lost with its socket, so a phone that registers over UDP is sent its INVITE anew: if it has both, it refuses the
// second as merged (RFC 3261 section 8.2.2.2). Behind a proxy (RFC 3327) the connection is the proxy's, and nobody
// knows how far the INVITE came.
bool Mind::is_reached_on(model::Target const& target) const {
  return std::ranges::any_of(call_.branches, [&](Branch const& branch) {
    if (branch.target.instance != target.instance || !model::is_same_flow(branch.target, target)) return false;
    bool const is_its_connection = !target.flow.empty() && target.path.empty();
    return is_its_connection || branch.registered || call_.legs[branch.leg].heard;
  });
}

void Mind::ring(Branch branch, Why because) {
  auto const& leg = call_.legs[branch.leg];
  branch.rung_at = now_;
  decide(model::RingFlow{.branch = call_.branches.size(),
                         .target = branch.target,
                         .call_uuid = leg.call_uuid,
                         .max_breadth = branch.breadth});
  call_.branches.push_back(std::move(branch));
  note(Milestone::invited, leg.instance, because);
}

// The phone shows a call screen that only an INVITE and its CANCEL can take away; the hands hold the CANCEL until the
// first provisional response.
void Mind::ring_late(Branch branch) {
  branch.late = true;
  ring(std::move(branch), Why::call_ended);
  cancel_branch(call_.branches.size() - 1);
}

void Mind::hear(model::FlowRegistered const& event) {
  auto const& target = event.target;
  bool const may_be_taken = model::may_take(target, call_.offer.hops);
  if (may_be_taken) cancel_old_branches(&target);
  bool const known = std::ranges::find(call_.legs, target.instance, &Leg::instance) != call_.legs.end();
  if (call_.phase == CallPhase::offered || is_callers_own(target.instance)) return;
  // A device that nobody knew of when the call came may join while it rings.
  if (!known && call_.phase == CallPhase::ended) return;
  auto const number = leg_of(target.instance);
  auto& leg = call_.legs[number];
  leg.signed_out = false;
  if (is_push_out(leg)) {
    if (may_be_taken && !leg.registered) note(Milestone::registered, leg.instance, Why::registered_after_push);
    decide(model::AcknowledgePush{leg.push_id});
  }
  if (!may_be_taken) return;
  leg.registered = true;
  bool const may_be_rung = !leg.spoke && !is_reached_on(target);
  Branch branch{.leg = number, .target = target, .breadth = breadth_for(awaited_beside(number)), .registered = true};
  if (call_.phase == CallPhase::ringing && may_be_rung) {
    if (branch.breadth == 0) branch.breadth = breadth_of_silent(number);
    if (branch.breadth == 0) return note(Milestone::unreachable, leg.instance, Why::max_breadth_exceeded);
    leg.given_up = false;
    ring(std::move(branch), is_push_out(leg) ? Why::registered_after_push : Why::flow_live);
    return feed(sip::BranchAdded{});
  }
  if (call_.phase == CallPhase::ringing && !leg.spoke) return;
  // To one that has the INVITE already it is a CANCEL that is lacking; where nobody knows, its 482 will tell.
  bool const comes_late =
      may_be_rung && branch.breadth > 0 && is_push_out(leg) && !leg.heard && now_ < call_.late_until;
  comes_late ? ring_late(std::move(branch)) : take_back(number, target);
}

}  // namespace reveille::decide
