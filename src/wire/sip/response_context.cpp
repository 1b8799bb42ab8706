#include "wire/sip/response_context.hpp"

#include <algorithm>
#include <tuple>

namespace reveille::sip {
namespace {

using Phase = ForkBranch::Phase;
using Do = std::vector<ForkAction>;

// Step 6: 6xx before all; else the lowest class.
int rank_of_class(int status) {
  return status / 100 == 6 ? 0 : status / 100;
}

// Step 6 within a class: first what helps the caller to try again, last what says least.
int rank_within_class(int status) {
  switch (status) {
    case 401:
    case 407: return 0;
    case 415:
    case 420:
    case 484: return 1;
    // Nobody was there, or we cancelled it ourselves: any other answer tells the caller more.
    case 408:
    case 487: return 3;
    // "SHOULD NOT forward [a 503] upstream", so another of its class goes first.
    case 503: return 4;
  }
  return 2;
}

auto rank_of(ForkBranch const& branch) {
  return std::tuple{rank_of_class(branch.status), rank_within_class(branch.status), !branch.has_message};
}

bool is_pending(ForkBranch const& branch) {
  return branch.phase != Phase::ended;
}

// Step 10, sections 16.10 and 9.1.
void cancel(ResponseContext& context, BranchNumber number, Do& then) {
  auto& branch = context.branches[number];
  // Only INVITE is cancelled, and "has not had an associated CANCEL generated for it".
  if (context.method != ForkedMethod::invite || !is_pending(branch) || branch.cancelled) return;
  branch.cancelled = true;
  then.push_back(CancelBranch{number});
}

void cancel_pending(ResponseContext& context, Do& then) {
  for (BranchNumber number = 0; number < context.branches.size(); ++number) cancel(context, number, then);
}

void arm_timer_c(ResponseContext& context, BranchNumber number, Do& then, Instant now) {
  if (context.method != ForkedMethod::invite) return;
  context.branches[number].timer_c = now + timer_c;
  then.push_back(ArmTimerC{.branch = number, .at = now + timer_c});
}

bool says_nothing(ForkBranch const& branch) {
  return !branch.has_message || branch.status == 408 || branch.status == 503;
}

void send_best(ResponseContext& context, Do& then) {
  context.sent = ResponseContext::Final::refusal;
  context.no_new_branches = true;
  auto const best = best_of(context.branches);
  // "If there are no final responses in the context, the proxy MUST send a 408"; a caller who gave up hears 487 (9.2),
  // unless somebody has said something else.
  if (!best || (context.cancelled && says_nothing(context.branches[best->branch]))) {
    then.push_back(AnswerOurselves{context.cancelled ? 487 : 408});
    return;
  }
  // "If the only response that was received is a 503, the proxy SHOULD generate a 500 response."
  if (best->status == 503) {
    then.push_back(AnswerOurselves{500});
    return;
  }
  if (!context.branches[best->branch].has_message) {
    then.push_back(AnswerOurselves{best->status});
    return;
  }
  bool const challenge = best->status == 401 || best->status == 407;
  then.push_back(
      ForwardResponse{.branch = best->branch, .challenges = challenge ? Challenges::aggregate : Challenges::keep});
}

// Step 6: "MUST send a final response … if no final responses have been immediately forwarded … and all client
// transactions in this response context have been terminated."
void choose_when_all_have_ended(ResponseContext& context, Do& then) {
  if (context.sent != ResponseContext::Final::none || context.open) return;
  if (std::ranges::any_of(context.branches, is_pending)) return;
  send_best(context, then);
}

enum class Origin : std::uint8_t { message, assumed };

void end_branch(ResponseContext& context, BranchNumber number, int status, Origin origin) {
  auto& branch = context.branches[number];
  branch.phase = Phase::ended;
  branch.status = status;
  branch.has_message = origin == Origin::message;
}

void on_success(ResponseContext& context, BranchNumber number, int status, Do& then) {
  end_branch(context, number, status, Origin::message);
  // Step 5: before a final response any 2xx, and after one any 2xx to INVITE, MUST be forwarded at once. A 2xx that
  // crosses our refusal cannot follow it upstream: the owner must end the call that it has set up (ACK and BYE).
  bool const first = context.sent == ResponseContext::Final::none;
  bool const another = context.sent == ResponseContext::Final::success && context.method == ForkedMethod::invite;
  if (first || another) then.push_back(ForwardResponse{.branch = number});
  if (first) context.sent = ResponseContext::Final::success;
  // Step 10: the forwarded response was a final one.
  context.no_new_branches = true;
  cancel_pending(context, then);
}

void on_refusal(ResponseContext& context, BranchNumber number, int status, Origin origin, Do& then) {
  auto const& branch = context.branches[number];
  // A branch that was only assumed to have ended may still speak: its phone has changed its network.
  bool const speaks_after_all = origin == Origin::message && !branch.has_message && !branch.cancelled &&
                                context.sent == ResponseContext::Final::none;
  if (!is_pending(branch) && !speaks_after_all) return;
  // Step 4.
  end_branch(context, number, status, origin);
  // Step 5: on a 6xx "SHOULD cancel all client pending transactions … and MUST NOT create any new branches".
  if (status >= 600) {
    context.no_new_branches = true;
    context.open = false;
    cancel_pending(context, then);
  }
  choose_when_all_have_ended(context, then);
}

void on_response(ResponseContext& context, BranchResponse response, Do& then, Instant now) {
  auto& branch = context.branches[response.branch];
  if (is_success(response.status)) return on_success(context, response.branch, response.status, then);
  if (is_refusal(response.status)) return on_refusal(context, response.branch, response.status, Origin::message, then);
  if (!is_provisional(response.status) || !is_pending(branch)) return;
  branch.phase = Phase::ringing;
  // "A stateful proxy MUST NOT forward any 100 (Trying) response", nor does one reset timer C (step 2).
  if (response.status == 100) return;
  if (!branch.cancelled) arm_timer_c(context, response.branch, then, now);
  // Step 5: any provisional response, until a final response has been sent.
  if (context.sent == ResponseContext::Final::none) then.push_back(ForwardResponse{.branch = response.branch});
}

// Section 16.8.
void on_timer_c(ResponseContext& context, BranchNumber number, Do& then, Instant now) {
  auto const& branch = context.branches[number];
  // A timer that was set again meanwhile has not fired.
  if (!is_pending(branch) || now < branch.timer_c) return;
  // "If the client transaction has received a provisional response, the proxy MUST generate a CANCEL", and
  // "If [it] has not …, the proxy MUST behave as if the transaction received a 408".
  if (branch.phase == Phase::ringing) return cancel(context, number, then);
  on_refusal(context, number, 408, Origin::assumed, then);
}

void on_caller_cancelled(ResponseContext& context, Do& then) {
  if (context.sent != ResponseContext::Final::none) return;
  context.cancelled = true;
  context.no_new_branches = true;
  context.open = false;
  // Section 16.10: "MUST generate CANCEL requests for all pending client transactions in the context."
  cancel_pending(context, then);
  choose_when_all_have_ended(context, then);
}

void on_added(ResponseContext& context, Do& then, Instant now) {
  context.branches.push_back({});
  BranchNumber const number = context.branches.size() - 1;
  arm_timer_c(context, number, then, now);
  // B-CALL-9: a branch that is added after the end exists only to be cancelled (after its first provisional response).
  if (context.no_new_branches) cancel(context, number, then);
}

}  // namespace

std::optional<BestResponse> best_of(std::span<ForkBranch const> branches) {
  std::optional<BestResponse> best;
  for (BranchNumber number = 0; number < branches.size(); ++number) {
    auto const& branch = branches[number];
    if (branch.phase != Phase::ended) continue;
    // The first of equals stays.
    if (!best || rank_of(branch) < rank_of(branches[best->branch]))
      best = BestResponse{.branch = number, .status = branch.status};
  }
  return best;
}

bool is_finished(ResponseContext const& context) {
  return context.sent != ResponseContext::Final::none && std::ranges::none_of(context.branches, is_pending);
}

std::vector<ForkAction> on(ResponseContext& context, ForkInput const& input, Instant now) {
  Do then;
  auto const known = [&](BranchNumber number) { return number < context.branches.size(); };
  std::visit(Overloaded{
                 [&](BranchAdded) { on_added(context, then, now); },
                 [&](BranchResponse response) {
                   if (known(response.branch)) on_response(context, response, then, now);
                 },
                 [&](BranchTimedOut timed_out) {
                   if (!known(timed_out.branch)) return;
                   // Section 9.1: no answer after a CANCEL; "consider the original transaction cancelled".
                   int const status = context.branches[timed_out.branch].cancelled ? 487 : 408;
                   on_refusal(context, timed_out.branch, status, Origin::assumed, then);
                 },
                 [&](BranchFailed failed) {
                   if (known(failed.branch)) on_refusal(context, failed.branch, 503, Origin::assumed, then);
                 },
                 [&](TimerCFired fired) {
                   if (known(fired.branch)) on_timer_c(context, fired.branch, then, now);
                 },
                 [&](CallerCancelled) { on_caller_cancelled(context, then); },
                 [&](BranchAbandoned abandoned) {
                   if (known(abandoned.branch)) cancel(context, abandoned.branch, then);
                 },
                 [&](Closed) {
                   context.open = false;
                   choose_when_all_have_ended(context, then);
                 },
             },
             input);
  return then;
}

}  // namespace reveille::sip
