// A call arrives: B-CALL-1, B-CALL-2.
#include "decide/calls/mind.hpp"
#include "model/push.hpp"

#include <algorithm>

namespace reveille::decide {

using model::Milestone;
using model::Why;

model::TraceHead trace_head_of(model::Offer const& offer) {
  return {.tracking = offer.tracking,
          .kind = model::TraceKind::call,
          .from = offer.caller.address,
          .to = offer.callee.value,
          .call_id = offer.call_id,
          .began = offer.arrived};
}

void Mind::begin_trace() {
  auto const& offer = call_.offer;
  if (!is_invite()) return;
  decide(model::BeginTrace{trace_head_of(offer)});
  then_.emplace_back(model::NoteMilestone{{.tracking = offer.tracking, .at = offer.arrived}});
  if (!offer.caller.account.empty()) note(Milestone::authenticated, offer.caller.instance);
}

// B-CALL-2: "Both timers start at the INVITE's arrival."
void Mind::arm() {
  auto const& policy = rules_.policy;
  auto const arrived = call_.offer.arrived;
  call_.fork.method = is_invite() ? sip::ForkedMethod::invite : sip::ForkedMethod::other;
  call_.give_up_at = arrived + (is_invite() ? policy.give_up_after : policy.request_bucket);
  call_.no_answer_after = policy.no_answer_after;
  call_.late_until = is_invite() ? arrived + policy.late_invite_until : arrived;
  if (is_invite() && call_.offer.own_provisional == model::OwnProvisional::allowed)
    call_.ringback_at = arrived + policy.ringback_after;
}

// A phone does not ring for the call that it makes itself.
bool Mind::is_callers_own(model::InstanceId const& instance) const {
  auto const& caller = call_.offer.caller;
  return !instance.empty() && caller.account == call_.offer.callee && caller.instance == instance;
}

void Mind::add_legs(model::CallOffered const& event) {
  auto const has_target = [&](model::Device const& device) {
    return std::ranges::any_of(event.targets, [&](auto const& target) { return target.instance == device.instance; });
  };
  for (auto const& device : event.devices) {
    if (is_callers_own(device.instance)) continue;
    if (!device.services.call && !has_target(device)) continue;
    call_.legs[leg_of(device.instance)].device = device;
  }
  for (auto const& target : event.targets)
    if (!is_callers_own(target.instance)) (void)leg_of(target.instance);
}

void Mind::wake(Leg& leg, Live live) {
  if (!leg.device) return;
  auto const wake = wake_for(*leg.device, live);
  if (wake.verdict == WakeVerdict::let_sleep) {
    // "Why was no push sent?" is answered in the trace (B-ADMIN-2).
    note(Milestone::offered, leg.instance, wake.because);
    if (live == Live::no) call_.unreachable_because = wake.because;
    return;
  }
  leg.push = PushPhase::requested;
  decide(model::RequestPush{push_of(leg)});
  note(Milestone::push_requested, leg.instance, wake.because);
}

void Mind::ring_all(std::vector<model::Target> const& targets) {
  auto others = targets.size() + awaited_beside(call_.legs.size());
  for (auto const& target : targets) {
    --others;
    bool const twice = std::ranges::any_of(call_.branches, [&](Branch const& branch) {
      return branch.target.instance == target.instance && model::is_same_flow(branch.target, target);
    });
    if (twice || is_callers_own(target.instance)) continue;
    ring({.leg = leg_of(target.instance), .target = target, .breadth = breadth_for(others)}, Why::flow_live);
    feed(sip::BranchAdded{});
  }
}

void Mind::hear(model::CallOffered const& event) {
  call_.offer = event.offer;
  call_.phase = CallPhase::ringing;
  arm();
  begin_trace();
  add_legs(event);
  if (is_too_narrow(event)) return refuse_narrow();
  // Pushes first: they have the longer way to go.
  for (auto& leg : call_.legs) {
    bool const live =
        std::ranges::any_of(event.targets, [&](auto const& target) { return target.instance == leg.instance; });
    wake(leg, live ? Live::yes : Live::no);
  }
  ring_all(event.targets);
}

}  // namespace reveille::decide
