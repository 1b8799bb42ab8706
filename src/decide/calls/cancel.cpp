// How an INVITE is taken back from a phone, wherever the phone is by then: RFC 3261 section 9.1; B-CALL-3, B-CALL-9.
#include "decide/calls/mind.hpp"

#include <algorithm>

namespace reveille::decide {

// A flow that the phone came on after this branch was rung: the branch's own may only look alive.
model::Target const* Mind::way_beside(std::size_t number) const {
  auto const& branch = call_.branches[number];
  if (!may_ring_by(branch)) return nullptr;
  model::Target const* way = nullptr;
  for (std::size_t later = number + 1; later < call_.branches.size(); ++later)
    if (call_.branches[later].leg == branch.leg && !call_.branches[later].lost) way = &call_.branches[later].target;
  return way;
}

void Mind::cancel_branch(std::size_t number) {
  auto& branch = call_.branches[number];
  if (branch.answered) return;
  if (!branch.cancelled) decide(model::CancelBranch{.branch = number, .reason = call_.end_reason});
  branch.cancelled = true;
  if (auto const* const way = way_beside(number)) cancel_on(number, *way);
}

void Mind::cancel_on(std::size_t number, model::Target const& way) {
  auto& branch = call_.branches[number];
  // A phone that has answered rings no more, whatever it has not said on its other flows.
  if (call_.legs[branch.leg].answered || !may_ring_by(branch)) return;
  // Where a provisional response came from, CancelBranch goes by itself.
  if (branch.heard && !branch.lost && model::is_same_flow(branch.target, way)) return;
  if (branch.cancelled_on && model::is_same_flow(*branch.cancelled_on, way)) return;
  branch.cancelled_on = way;
  auto target = branch.target;
  target.flow = way.flow;
  target.remote = way.remote;
  decide(model::CancelElsewhere{.branch = number, .target = std::move(target), .reason = call_.end_reason});
}

// The leg's phone is on that way now.
void Mind::take_back(std::size_t leg, model::Target const& way) {
  for (std::size_t number = 0; number < call_.branches.size(); ++number)
    if (call_.branches[number].leg == leg) cancel_on(number, way);
}

// At the call's end, also those that count as ended for the caller: without a CANCEL, a client transaction that has had
// a provisional response waits for ever (section 9.1 gives it 64*T1 after the CANCEL).
void Mind::cancel_left_over() {
  for (std::size_t number = 0; number < call_.branches.size(); ++number) {
    auto const& branch = call_.branches[number];
    bool const timed_out = branch.terminated && !branch.lost;
    if (!timed_out) cancel_branch(number);
  }
}

void Mind::stop_ringing(std::size_t leg) {
  for (std::size_t number = 0; number < call_.branches.size(); ++number) {
    if (call_.branches[number].leg != leg) continue;
    give_up_branch(number);
    if (may_ring_by(call_.branches[number])) cancel_branch(number);
  }
}

// It rings, and no CANCEL can get there before it shows itself.
bool Mind::is_out_of_reach(std::size_t leg) const {
  bool rings = false;
  for (auto const& branch : call_.branches) {
    if (branch.leg != leg) continue;
    if (!branch.lost) return false;
    rings = rings || ((branch.heard || branch.merged) && !branch.answered);
  }
  return rings && !call_.legs[leg].answered;
}

}  // namespace reveille::decide
