// How a call ends: B-CALL-2, B-CALL-3, B-CALL-5, B-CALL-9; RFC 3261 sections 16.7 and 16.10.
#include "decide/calls/mind.hpp"
#include "model/settings.hpp"
#include "wire/sip/reason.hpp"
#include "wire/sip/timers.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {

using model::Milestone;
using model::Why;
using Final = sip::ResponseContext::Final;

static_assert(sip::timer_c > model::longest_ring);

std::string reason_field(int cause, std::string_view text) {
  return "SIP;cause=" + std::to_string(cause) + ";text=\"" + std::string(text) + '"';
}

void Mind::note(Milestone milestone, model::InstanceId const& device, Why why, std::string detail) {
  if (!is_invite()) return;
  decide(model::NoteMilestone{{.tracking = call_.offer.tracking,
                               .kind = model::TraceKind::call,
                               .milestone = milestone,
                               .at = now_,
                               .device = device,
                               .why = why,
                               .detail = std::move(detail)}});
}

bool Mind::is_pending(std::size_t branch) const {
  return branch < call_.fork.branches.size() && call_.fork.branches[branch].phase != sip::ForkBranch::Phase::ended;
}

// Gives the event to the response context and performs what it says.
void Mind::feed(sip::ForkInput const& input) {
  int status = 0;
  for (auto const& action : sip::on(call_.fork, input, now_)) {
    std::visit(sip::Overloaded{
                   [&](sip::ForwardResponse const& forward) {
                     bool const all = forward.challenges == sip::Challenges::aggregate;
                     using enum model::ForwardResponse::Challenges;
                     decide(model::ForwardResponse{.branch = forward.branch, .challenges = all ? aggregate : keep});
                     status = call_.fork.branches[forward.branch].status;
                   },
                   [&](sip::AnswerOurselves const& answer) {
                     // B-CALL-2: nobody there, or nobody who answered in time: 480 rather than 408.
                     bool const nobody = !call_.fork.cancelled && (answer.status == 408 || answer.status == 487);
                     status = nobody ? 480 : answer.status;
                     decide(model::AnswerCaller{status});
                   },
                   [&](sip::CancelBranch const& cancel) { cancel_branch(cancel.branch); },
                   // no_answer_after ends the branch before.
                   [](sip::ArmTimerC const&) {},
               },
               action);
  }
  if (call_.phase == CallPhase::ringing && call_.fork.sent != Final::none) {
    end_call();
    note_end(status);
  }
}

// The branch is cancelled, and not waited for.
void Mind::give_up_branch(std::size_t number) {
  if (!is_pending(number)) return;
  feed(sip::BranchAbandoned{number});
  feed(sip::BranchTimedOut{number});
}

void Mind::give_up_pending() {
  for (std::size_t number = 0; number < call_.branches.size(); ++number) give_up_branch(number);
}

// Its branches on which nothing was heard.
void Mind::give_up_silent(std::size_t leg) {
  for (std::size_t branch = 0; branch < call_.branches.size(); ++branch)
    if (call_.branches[branch].leg == leg && !call_.branches[branch].heard) give_up_branch(branch);
}

// At 13 s: "a device that has not come is given up together with its old flow". So is one that has signed out.
void Mind::give_up_absent() {
  call_.give_up_at.reset();
  for (std::size_t number = 0; number < call_.legs.size(); ++number) {
    auto& leg = call_.legs[number];
    bool const has_left = leg.signed_out && !leg.rings_until;
    if (leg.spoke || (has_come(leg) && !has_left)) continue;
    leg.given_up = true;
    if (!has_left) {
      call_.unreachable_because = Why::deadline_passed;
      note(Milestone::unreachable, leg.instance, Why::deadline_passed);
    }
    call_.end_reason = reason_field(480, "Not reachable in time");
    give_up_silent(number);
  }
}

void Mind::give_up_unanswered() {
  for (std::size_t number = 0; number < call_.legs.size(); ++number) {
    auto& leg = call_.legs[number];
    if (leg.spoke || !leg.rings_until || now_ < *leg.rings_until) continue;
    leg.spoke = true;
    call_.end_reason = reason_field(480, "No answer");
    stop_ringing(number);
  }
  for (std::size_t number = 0; number < call_.branches.size(); ++number) {
    auto const& branch = call_.branches[number];
    if (!is_pending(number) || now_ < no_answer_at(call_, branch)) continue;
    // Where nothing was heard of it the INVITE was lost: the phone may yet come, and hear of the end (B-CALL-9).
    auto& leg = call_.legs[branch.leg];
    (leg.heard ? leg.spoke : leg.given_up) = true;
    call_.end_reason = reason_field(480, "No answer");
    give_up_branch(number);
  }
}

bool Mind::is_awaited(Leg const& leg) const {
  // A phone that rings is waited for though its flow is lost: it comes back on another.
  if (leg.rings_until) return !leg.spoke && now_ < *leg.rings_until;
  return !leg.spoke && !leg.given_up && is_push_out(leg) && call_.give_up_at && now_ < *call_.give_up_at;
}

void Mind::settle() {
  if (call_.phase != CallPhase::ringing) return;
  for (std::size_t branch = 0; branch < call_.branches.size(); ++branch)
    if (is_pending(branch)) return;
  for (auto const& leg : call_.legs)
    if (is_awaited(leg)) return;
  if (call_.end_reason.empty()) call_.end_reason = reason_field(480, "Temporarily Unavailable");
  feed(sip::Closed{});
}

void Mind::end_call() {
  call_.phase = CallPhase::ended;
  call_.ringback_at.reset();
  call_.give_up_at.reset();
  if (call_.end == CallEnd::none) call_.end = CallEnd::nobody;
  if (!is_invite()) return;
  cancel_left_over();
  for (std::size_t leg = 0; leg < call_.legs.size(); ++leg) part_with(leg);
}

void Mind::note_elsewhere() {
  for (auto const& leg : call_.legs)
    if (!leg.spoke && !leg.signed_out) note(Milestone::answered_elsewhere, leg.instance, Why::answered_by_other_device);
}

// The end of the trace, for the call as a whole.
void Mind::note_end(int status) {
  bool const rang = std::ranges::any_of(call_.legs, [](Leg const& leg) { return leg.rings_until.has_value(); });
  auto const detail = std::to_string(status);
  switch (call_.end) {
    case CallEnd::none:
    case CallEnd::interrupted: return;
    case CallEnd::answered: return note_elsewhere();
    case CallEnd::caller_gave_up: return note(Milestone::cancelled, {}, Why::caller_gave_up);
    case CallEnd::completed_elsewhere:
      return note(Milestone::answered_elsewhere, {}, Why::answered_by_other_device, detail);
    case CallEnd::declined:
      return note(status == 600 ? Milestone::busy : Milestone::declined, {}, Why::declined_by_device, detail);
    case CallEnd::nobody: break;
  }
  if (status == 486) return note(Milestone::busy, {}, Why::user_busy, detail);
  if (rang) return note(Milestone::no_answer, {}, Why::ring_time_over, detail);
  note(Milestone::unreachable, {}, call_.unreachable_because, detail);
}

void Mind::hear(model::CallerCancelled const& event) {
  if (call_.phase != CallPhase::ringing || !is_invite()) return;
  call_.end = sip::is_completed_elsewhere(event.reason) ? CallEnd::completed_elsewhere : CallEnd::caller_gave_up;
  call_.end_reason = event.reason.empty() ? reason_field(487, "Caller gave up") : event.reason;
  feed(sip::CallerCancelled{});
  give_up_pending();
}

// The leg of the device, when it had not signed out before. B-SIGN-3: its push is taken back where it has not been
// sent.
std::optional<std::size_t> Mind::sign_out(model::InstanceId const& instance) {
  auto const found = std::ranges::find(call_.legs, instance, &Leg::instance);
  if (found == call_.legs.end() || found->spoke || std::exchange(found->signed_out, true)) return {};
  if (call_.phase == CallPhase::ringing) {
    call_.unreachable_because = Why::device_signed_out;
    note(Milestone::unreachable, instance, Why::device_signed_out);
    take_push_back(*found);
  }
  return static_cast<std::size_t>(found - call_.legs.begin());
}

// RFC 3261 section 10.2.2: a client that has just started clears bindings that it knows nothing of, and then registers.
// So this is no word on the call. The phone counts as one that has not come: where it was woken or may have the INVITE,
// it is waited for until 13 s (B-CALL-2), for a caller would rather wait than miss it by a moment; after 13 s, no more.
void Mind::hear(model::DeviceUnregistered const& event) {
  auto const leg = sign_out(event.instance);
  if (!leg || call_.phase != CallPhase::ringing || call_.give_up_at) return;
  call_.end_reason = reason_field(480, "Signed out");
  give_up_silent(*leg);
}

// Where it rings it is left to ring: its user has not declined.
void Mind::hear(model::DeviceSignedOut const& event) {
  auto const leg = sign_out(event.instance);
  if (!leg) return;
  call_.legs[*leg].spoke = true;
  if (call_.phase != CallPhase::ringing) return;
  call_.end_reason = reason_field(480, "Signed out");
  give_up_silent(*leg);
}

void Mind::hear(model::DeadlinePassed const&) {
  if (call_.phase == CallPhase::ended && now_ >= call_.late_until) {
    // Nobody is waited for any more.
    for (auto& leg : call_.legs) leg.spoke = leg.answered = true;
    call_.old_branches.clear();
  }
  if (call_.phase != CallPhase::ringing) return;
  // Ours is for callers who hear nothing: not needed once a device rings.
  if (call_.ringback_at && now_ >= *call_.ringback_at) {
    call_.ringback_at.reset();
    if (std::ranges::none_of(call_.legs, &Leg::ringing)) decide(model::AnswerCaller{180});
  }
  if (call_.give_up_at && now_ >= *call_.give_up_at) give_up_absent();
  if (is_invite()) give_up_unanswered();
}

}  // namespace reveille::decide
