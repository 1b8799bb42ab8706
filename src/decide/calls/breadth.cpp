// How many branches a request may have at once: RFC 5393 section 5.3.
#include "decide/calls/mind.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {

// Section 5.3.3.1: what a branch had is free again with its final response. One that was given up counts as answered
// unless it has been heard: its 487 is on the way.
std::uint32_t Mind::breadth_left() const {
  std::uint32_t held = 0;
  for (std::size_t number = 0; number < call_.branches.size(); ++number) {
    auto const& branch = call_.branches[number];
    bool const is_open = !branch.terminated && (branch.late || branch.heard || is_pending(number));
    if (is_open) held += branch.breadth;
  }
  return call_.offer.max_breadth - std::min(held, call_.offer.max_breadth);
}

// The next branch's part when so many others are to come. A few are kept for phones that nobody expects, which register
// on a new flow while it rings, and no more than that: "a proxy MUST NOT decrement Max-Breadth for each hop". Nothing
// when all is given away.
std::uint32_t Mind::breadth_for(std::size_t others) const {
  constexpr std::uint32_t kept_for_joining = 4;
  auto const left = breadth_left();
  auto const parts = static_cast<std::uint32_t>(others) + 1;
  auto const kept = std::min(left - std::min(left, parts), kept_for_joining);
  return std::min(left, std::max((left - kept) / parts, 1U));
}

// The device is here on another flow: one of which nothing was heard gives its part to that. B-CALL-1: "once per flow,
// whatever hangs on another flow".
std::uint32_t Mind::breadth_of_silent(std::size_t leg) {
  for (std::size_t number = 0; number < call_.branches.size(); ++number) {
    auto& branch = call_.branches[number];
    if (branch.leg == leg && !branch.heard && branch.breadth > 0 && is_pending(number))
      return std::exchange(branch.breadth, 0);
  }
  return 0;
}

// Phones that a push may still bring.
std::size_t Mind::awaited_beside(std::size_t number) const {
  std::size_t awaited = 0;
  for (std::size_t other = 0; other < call_.legs.size(); ++other) {
    auto const& leg = call_.legs[other];
    if (other != number && is_push_out(leg) && !has_come(leg) && !leg.spoke && !leg.given_up) ++awaited;
  }
  return awaited;
}

// Whether it cannot have a branch for each way to the callee and for each phone that a push brings.
bool Mind::is_too_narrow(model::CallOffered const& event) const {
  auto const breadth = call_.offer.max_breadth;
  if (event.targets.size() + call_.legs.size() <= breadth) return false;
  std::vector<model::Target const*> ways;
  for (auto const& target : event.targets) {
    auto const is_same = [&](model::Target const* way) {
      return way->instance == target.instance && model::is_same_flow(*way, target);
    };
    if (!is_callers_own(target.instance) && std::ranges::none_of(ways, is_same)) ways.push_back(&target);
  }
  auto const woken = std::ranges::count_if(call_.legs, [&](Leg const& leg) {
    bool const live = std::ranges::find(event.targets, leg.instance, &model::Target::instance) != event.targets.end();
    return !live && leg.device && wake_for(*leg.device, Live::no).verdict == WakeVerdict::wake;
  });
  return ways.size() + static_cast<std::size_t>(woken) > breadth;
}

// "If a SIP proxy determines a response context has insufficient incoming Max-Breadth to carry out a desired parallel
// fork, and the proxy is unwilling/unable to compensate by forking serially or sending a redirect, that proxy MUST
// return a 440 (Max-Breadth Exceeded) response."
void Mind::refuse_narrow() {
  constexpr int max_breadth_exceeded = 440;
  call_.unreachable_because = model::Why::max_breadth_exceeded;
  call_.fork.sent = sip::ResponseContext::Final::refusal;
  decide(model::AnswerCaller{max_breadth_exceeded});
  end_call();
  note_end(max_breadth_exceeded);
}

}  // namespace reveille::decide
