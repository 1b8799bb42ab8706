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

// A phone that may yet come: it was pushed, and nothing was heard of it.
bool may_come(Leg const& leg) {
  return is_push_out(leg) && !leg.heard && !leg.spoke;
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
    bool const waits = std::ranges::any_of(call.legs, may_come) || !call.old_branches.empty();
    if (call.offer.kind == model::OfferKind::invite && waits) next = call.late_until;
    return next;
  }
  earliest(next, call.ringback_at);
  earliest(next, call.give_up_at);
  if (call.offer.kind != model::OfferKind::invite) return next;
  for (std::size_t number = 0; number < call.fork.branches.size(); ++number)
    if (call.fork.branches[number].phase != sip::ForkBranch::Phase::ended)
      earliest(next, call.branches[number].rung_at + call.no_answer_after);
  return next;
}

bool is_over(Call const& call, Instant now) {
  if (call.phase != CallPhase::ended || owes_notice(call)) return false;
  if (std::ranges::any_of(call.branches, is_alive)) return false;
  return now >= call.late_until || (std::ranges::none_of(call.legs, may_come) && call.old_branches.empty());
}

}  // namespace reveille::decide
