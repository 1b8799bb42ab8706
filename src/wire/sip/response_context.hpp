// The response context of a forking proxy: RFC 3261 section 16.7 steps 2, 4, 5, 6, 7 and 10, with timer C (16.8),
// errors (16.9) and CANCEL (16.10). A branch is one client transaction; the server transaction is the caller's.
//
// A value: `on(context, input, now)` changes it and says what to do, in order. It knows statuses, not messages: the
// owner keeps each branch's final response and looks it up by the branch number. Branch numbers count from 0 in the
// order of BranchAdded and stay valid for the context's life. The context is `open` while branches may still come (a
// phone that was woken and has not registered yet): no final response is chosen before `Closed`. Any thread.
#pragma once

#include "base/instant.hpp"
#include "wire/sip/transaction.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace reveille::sip {

using BranchNumber = std::size_t;

enum class ForkedMethod : std::uint8_t { invite, other };

// A branch: waiting ──1xx──▶ ringing ──final, timeout or error──▶ ended
struct ForkBranch {
  enum class Phase : std::uint8_t { waiting, ringing, ended };

  Phase phase = Phase::waiting;
  bool cancelled = false;
  int status = 0;            // its final response, real or as if (408, 487, 503)
  bool has_message = false;  // the final response exists as a message
  Instant timer_c = {};      // INVITE only, while not ended

  bool operator==(ForkBranch const&) const = default;
};

struct ResponseContext {
  enum class Final : std::uint8_t { none, success, refusal };

  ForkedMethod method = ForkedMethod::invite;
  bool open = true;
  bool cancelled = false;        // the caller has sent CANCEL
  bool no_new_branches = false;  // a 6xx came, or a final response was sent, or the caller gave up
  Final sent = Final::none;
  std::vector<ForkBranch> branches = {};

  bool operator==(ResponseContext const&) const = default;
};

struct BranchAdded {};
struct BranchResponse {
  BranchNumber branch = 0;
  int status = 0;
};
// The client transaction reports a timeout: as if 408 had come (section 16.8 says so too).
struct BranchTimedOut {
  BranchNumber branch = 0;
};
// As if 503 had come (section 16.9).
struct BranchFailed {
  BranchNumber branch = 0;
};
struct TimerCFired {
  BranchNumber branch = 0;
};
// A CANCEL that matches the server transaction.
struct CallerCancelled {};
// The owner gives up one branch, or all.
struct BranchAbandoned {
  BranchNumber branch = 0;
};
// No more branches will come.
struct Closed {};

using ForkInput = std::variant<BranchAdded, BranchResponse, BranchTimedOut, BranchFailed, TimerCFired, CallerCancelled,
                               BranchAbandoned, Closed>;

enum class Challenges : std::uint8_t { keep, aggregate };

struct ForwardResponse {
  BranchNumber branch = 0;
  // Step 7: take over the challenges of every other 401 and 407.
  Challenges challenges = Challenges::keep;
  bool operator==(ForwardResponse const&) const = default;
};
// Nothing that came can be forwarded: answer with a response of our own.
struct AnswerOurselves {
  int status = 0;
  bool operator==(AnswerOurselves const&) const = default;
};
// Hand CancelWanted to the client transaction, which waits for a provisional response if there was none (section 9.1).
struct CancelBranch {
  BranchNumber branch = 0;
  bool operator==(CancelBranch const&) const = default;
};
// Replaces the branch's former timer C.
struct ArmTimerC {
  BranchNumber branch = 0;
  Instant at = {};
  bool operator==(ArmTimerC const&) const = default;
};

using ForkAction = std::variant<ForwardResponse, AnswerOurselves, CancelBranch, ArmTimerC>;

[[nodiscard]] std::vector<ForkAction> on(ResponseContext& context, ForkInput const& input, Instant now);

// True once a final response was sent and every branch has ended: nothing more can happen but late 2xx.
[[nodiscard]] bool is_finished(ResponseContext const& context);

// Step 6 by itself: which of these final responses is best. Nothing when there is none.
struct BestResponse {
  BranchNumber branch = 0;
  int status = 0;
};
[[nodiscard]] std::optional<BestResponse> best_of(std::span<ForkBranch const> branches);

}  // namespace reveille::sip
