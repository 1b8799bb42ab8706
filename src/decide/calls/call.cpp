#include "decide/calls/call.hpp"

#include "decide/calls/mind.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

void earliest(std::optional<Instant>& found, std::optional<Instant> at) {
  if (at && (!found || *at < *found)) found = at;
}

bool is_alive(Branch const& branch) {
  return !branch.terminated;
}

// The end of the call has still to be told to somebody who is not here.
bool waits_for_phones(Call const& call) {
  auto const rings_away = [&](Branch const& branch) { return may_ring_by(branch) && !call.legs[branch.leg].answered; };
  return std::ranges::any_of(call.legs, may_come) || std::ranges::any_of(call.branches, rings_away) ||
         !call.old_branches.empty();
}

std::optional<Instant> next_no_answer(Call const& call) {
  std::optional<Instant> next;
  for (auto const& leg : call.legs)
    if (!leg.spoke) earliest(next, leg.rings_until);
  for (std::size_t number = 0; number < call.fork.branches.size(); ++number)
    if (call.fork.branches[number].phase != sip::ForkBranch::Phase::ended)
      earliest(next, no_answer_at(call, call.branches[number]));
  return next;
}

}  // namespace

std::vector<model::CallDecision> on(Call& call, model::CallEvent const& event, CallRules const& rules, Instant now) {
  Mind mind(call, rules, now);
  auto const before = standing_of(call);
  std::visit([&](auto const& happened) { mind.hear(happened); }, event);
  mind.settle();
  mind.keep_record(before);
  return mind.take();
}

bool owes_notice(Call const& call) {
  return std::ranges::any_of(
      call.legs, [](Leg const& leg) { return leg.notice == NoticePhase::due || leg.notice == NoticePhase::requested; });
}

std::optional<Instant> next_deadline(Call const& call) {
  std::optional<Instant> next;
  if (call.phase == CallPhase::ended) {
    if (call.offer.kind == model::OfferKind::invite && waits_for_phones(call)) next = call.late_until;
    return next;
  }
  earliest(next, call.ringback_at);
  earliest(next, call.give_up_at);
  if (call.offer.kind == model::OfferKind::invite) earliest(next, next_no_answer(call));
  return next;
}

bool is_over(Call const& call, Instant now) {
  if (call.phase != CallPhase::ended || owes_notice(call)) return false;
  if (std::ranges::any_of(call.branches, is_alive)) return false;
  return now >= call.late_until || !waits_for_phones(call);
}

}  // namespace reveille::decide
