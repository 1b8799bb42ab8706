#include "wire/sip/response_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::sip {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A fork on the virtual clock. The log has a line for each action: "forward 1", "answer 408", "cancel 0". Timer C is
// run and shows by what it causes. The final responses that the caller got are kept by themselves.
class Fork {
 public:
  explicit Fork(std::size_t branches, ForkedMethod method = ForkedMethod::invite) {
    context_.method = method;
    for (std::size_t i = 0; i < branches; ++i) hears(BranchAdded{});
    log_.clear();
  }

  Fork& hears(ForkInput const& input) {
    lines_.push_back(input);
    for (auto const& action : on(context_, input, clock_.now())) perform(action);
    return *this;
  }
  Fork& hears(BranchNumber branch, int status) { return hears(BranchResponse{.branch = branch, .status = status}); }
  Fork& closed() { return hears(Closed{}); }

  Fork& after(Duration by) {
    Instant const until = clock_.now() + by;
    for (;;) {
      std::optional<std::size_t> first;
      for (std::size_t i = 0; i < timers_.size(); ++i)
        if (timers_[i] && *timers_[i] <= until && (!first || *timers_[i] < *timers_[*first])) first = i;
      if (!first) break;
      clock_.set(*std::exchange(timers_[*first], std::nullopt));
      hears(TimerCFired{*first});
    }
    clock_.set(until);
    return *this;
  }

  std::vector<std::string> take_log() { return std::exchange(log_, {}); }
  [[nodiscard]] std::vector<int> const& finals() const { return finals_; }
  [[nodiscard]] ResponseContext const& context() const { return context_; }
  [[nodiscard]] std::vector<ForkInput> const& lines() const { return lines_; }

 private:
  void perform(ForkAction const& action) {
    std::visit(Overloaded{
                   [&](ForwardResponse forward) {
                     bool const all = forward.challenges == Challenges::aggregate;
                     log_.push_back("forward " + std::to_string(forward.branch) + (all ? " with all challenges" : ""));
                     auto const& branch = context_.branches[forward.branch];
                     if (branch.phase == ForkBranch::Phase::ended) finals_.push_back(branch.status);
                   },
                   [&](AnswerOurselves answer) {
                     log_.push_back("answer " + std::to_string(answer.status));
                     finals_.push_back(answer.status);
                   },
                   [&](CancelBranch cancel) { log_.push_back("cancel " + std::to_string(cancel.branch)); },
                   [&](ArmTimerC arm) {
                     if (timers_.size() <= arm.branch) timers_.resize(arm.branch + 1);
                     timers_[arm.branch] = arm.at;
                   },
               },
               action);
  }

  VirtualClock clock_;
  ResponseContext context_;
  std::vector<std::optional<Instant>> timers_;
  std::vector<ForkInput> lines_;
  std::vector<std::string> log_;
  std::vector<int> finals_;
};

TEST(ResponseContext, OnePhoneRingsAndAnswers) {
  Fork call{1};
  call.closed().hears(0, 100).hears(0, 180).hears(0, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "forward 0"));
  EXPECT_TRUE(is_finished(call.context()));
}

// Step 5 and step 10.
TEST(ResponseContext, TheFirst2xxEndsTheOthers) {
  Fork call{3};
  call.closed().hears(0, 180).hears(1, 180).hears(2, 486).hears(1, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "forward 1", "forward 1", "cancel 0"));
  call.hears(0, 180).hears(0, 487);
  EXPECT_THAT(call.take_log(), IsEmpty());
  EXPECT_TRUE(is_finished(call.context()));
}

TEST(ResponseContext, ASecond2xxToInviteGoesUpToo) {
  Fork call{2};
  call.closed().hears(0, 200).hears(1, 200).hears(0, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "cancel 1", "forward 1", "forward 0"));
}

TEST(ResponseContext, ASecond2xxToAnotherRequestDoesNot) {
  Fork message{2, ForkedMethod::other};
  message.closed().hears(0, 200).hears(1, 200);
  EXPECT_THAT(message.take_log(), ElementsAre("forward 0"));
}

TEST(ResponseContext, ARefusalWaitsForTheOthers) {
  Fork call{2};
  call.closed().hears(0, 486).hears(1, 180);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 1"));
  call.hears(1, 404);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0"));
}

// Step 5: a 6xx is not forwarded before the others have ended, for a 2xx may cross.
TEST(ResponseContext, A6xxCancelsTheOthersAndWaitsForThem) {
  Fork call{3};
  call.hears(0, 180).hears(1, 180).hears(2, 603);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "forward 1", "cancel 0", "cancel 1"));
  call.hears(0, 487);
  EXPECT_THAT(call.take_log(), IsEmpty());
  call.hears(1, 487);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 2"));
}

TEST(ResponseContext, A2xxThatCrossesA6xxWins) {
  Fork call{2};
  call.closed().hears(0, 180).hears(1, 603).hears(0, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "cancel 0", "forward 0"));
  EXPECT_TRUE(is_finished(call.context()));
}

struct Choice {
  std::vector<int> statuses;
  std::string expected;
};

// Step 6.
TEST(ResponseContext, ChoosesTheBest) {
  std::vector<Choice> const choices{
      {{503, 407, 501, 404}, "forward 1 with all challenges"},  // the RFC's own example
      {{486, 404}, "forward 0"},
      {{404, 486, 603, 302}, "forward 2"},
      {{500, 404, 302}, "forward 2"},
      {{404, 415}, "forward 1"},
      {{404, 420}, "forward 1"},
      {{404, 484}, "forward 1"},
      {{415, 401, 407}, "forward 1 with all challenges"},
      {{408, 486}, "forward 1"},
      {{487, 480}, "forward 1"},
      {{408, 500}, "forward 0"},
      {{503}, "answer 500"},
      {{503, 503}, "answer 500"},
      {{503, 501}, "forward 1"},
      {{600, 603}, "forward 0"},
  };
  for (auto const& choice : choices) {
    Fork call{choice.statuses.size(), ForkedMethod::other};
    call.closed();
    for (std::size_t i = 0; i < choice.statuses.size(); ++i) call.hears(i, choice.statuses[i]);
    EXPECT_THAT(call.take_log(), ElementsAre(choice.expected)) << testing::PrintToString(choice.statuses);
  }
}

TEST(ResponseContext, TimeoutsAndErrorsCountAs408And503) {
  EXPECT_THAT(Fork{1}.closed().hears(BranchTimedOut{0}).take_log(), ElementsAre("answer 408"));
  EXPECT_THAT(Fork{1}.closed().hears(BranchFailed{0}).take_log(), ElementsAre("answer 500"));
  EXPECT_THAT(Fork{2}.closed().hears(BranchFailed{0}).hears(1, 486).take_log(), ElementsAre("forward 1"));
  EXPECT_THAT(Fork{2}.closed().hears(BranchTimedOut{0}).hears(1, 480).take_log(), ElementsAre("forward 1"));
  // A 408 that came as a message is forwarded as one.
  EXPECT_THAT(Fork{2}.closed().hears(BranchTimedOut{0}).hears(1, 408).take_log(), ElementsAre("forward 1"));
}

TEST(ResponseContext, NoBranchAtAllIs408) {
  EXPECT_THAT(Fork{0}.closed().take_log(), ElementsAre("answer 408"));
}

// B-CALL-1: while a woken phone may still register, a refusal decides nothing.
TEST(ResponseContext, WaitsForLateBranches) {
  Fork call{1};
  call.hears(0, 486);
  EXPECT_THAT(call.take_log(), IsEmpty());
  call.after(4s).hears(BranchAdded{}).closed().hears(1, 180).hears(1, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 1", "forward 1"));
}

// B-CALL-9: a phone that comes after the end gets INVITE and CANCEL.
TEST(ResponseContext, ABranchAfterTheEndIsCancelled) {
  Fork call{1};
  call.hears(0, 200);
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0"));
  call.hears(BranchAdded{});
  EXPECT_THAT(call.take_log(), ElementsAre("cancel 1"));
  call.hears(1, 180).hears(1, 487);
  EXPECT_THAT(call.take_log(), IsEmpty());
}

// Section 16.10.
TEST(ResponseContext, TheCallerGivesUp) {
  Fork call{3};
  call.hears(0, 180).hears(1, 486).hears(CallerCancelled{});
  EXPECT_THAT(call.take_log(), ElementsAre("forward 0", "cancel 0", "cancel 2"));
  call.hears(0, 487).hears(BranchTimedOut{2});
  EXPECT_THAT(call.take_log(), ElementsAre("forward 1"));
}

TEST(ResponseContext, ACallerWhoGivesUpHears487) {
  EXPECT_THAT(Fork{0}.hears(CallerCancelled{}).take_log(), ElementsAre("answer 487"));
  Fork call{1};
  call.hears(0, 180).hears(CallerCancelled{}).take_log();
  EXPECT_THAT(call.hears(BranchTimedOut{0}).take_log(), ElementsAre("answer 487"));
  EXPECT_THAT(call.hears(CallerCancelled{}).take_log(), IsEmpty());
}

// Section 9.2: what we only assume of a branch is no answer to one who has given up.
TEST(ResponseContext, ACallerWhoGivesUpHears487WhateverBecameOfTheFlows) {
  EXPECT_THAT(Fork{1}.hears(BranchFailed{0}).hears(CallerCancelled{}).take_log(), ElementsAre("answer 487"));
  EXPECT_THAT(Fork{1}.hears(0, 503).hears(CallerCancelled{}).take_log(), ElementsAre("answer 487"));
  EXPECT_THAT(Fork{2}.hears(BranchFailed{0}).hears(1, 486).hears(CallerCancelled{}).take_log(),
              ElementsAre("forward 1"));
}

TEST(ResponseContext, ACancelAfterTheFinalResponseIsNothing) {
  Fork call{1};
  call.closed().hears(0, 200).take_log();
  EXPECT_THAT(call.hears(CallerCancelled{}).take_log(), IsEmpty());
  EXPECT_FALSE(call.context().cancelled);
}

TEST(ResponseContext, A2xxThatCrossesTheCancelIsForwarded) {
  Fork call{1};
  call.hears(0, 180).hears(CallerCancelled{}).take_log();
  EXPECT_THAT(call.hears(0, 200).take_log(), ElementsAre("forward 0"));
}

TEST(ResponseContext, RequestsOtherThanInviteAreNotCancelled) {
  Fork message{2, ForkedMethod::other};
  message.closed().hears(0, 200).hears(CallerCancelled{});
  EXPECT_THAT(message.take_log(), ElementsAre("forward 0"));
}

// Section 16.8 and step 2.
TEST(ResponseContext, TimerCEndsABranchThatSaysNothing) {
  Fork call{1};
  EXPECT_THAT(call.closed().after(3min).take_log(), IsEmpty());
  EXPECT_THAT(call.after(1s).take_log(), ElementsAre("answer 408"));
}

TEST(ResponseContext, TimerCCancelsABranchThatRings) {
  Fork call{1};
  call.closed().after(2min).hears(0, 180).after(2min).take_log();
  EXPECT_FALSE(call.context().branches[0].cancelled);
  EXPECT_THAT(call.after(2min).take_log(), ElementsAre("cancel 0"));
  EXPECT_THAT(call.hears(0, 487).take_log(), ElementsAre("forward 0"));
}

TEST(ResponseContext, A100DoesNotResetTimerC) {
  Fork call{1};
  call.closed().after(2min).hears(0, 100).after(61s);
  EXPECT_THAT(call.take_log(), ElementsAre("cancel 0"));
}

TEST(ResponseContext, TheOwnerAbandonsABranch) {
  Fork call{2};
  call.closed().hears(0, 180).hears(1, 180).take_log();
  EXPECT_THAT(call.hears(BranchAbandoned{0}).hears(BranchAbandoned{0}).take_log(), ElementsAre("cancel 0"));
  EXPECT_THAT(call.hears(0, 487).hears(1, 480).take_log(), ElementsAre("forward 1"));
}

TEST(ResponseContext, UnknownBranchesAreIgnored) {
  Fork call{1};
  call.hears(7, 200).hears(BranchTimedOut{7}).hears(BranchFailed{7}).hears(TimerCFired{7}).hears(BranchAbandoned{7});
  EXPECT_THAT(call.take_log(), IsEmpty());
}

std::vector<Fork> conversations() {
  std::vector<Fork> all;
  all.push_back(Fork{3}.closed().hears(0, 180).hears(1, 180).hears(1, 200).hears(0, 487).hears(2, 487));
  all.push_back(Fork{2}.hears(0, 486).hears(BranchAdded{}).hears(1, 603).hears(2, 180).hears(2, 487).closed());
  all.push_back(Fork{2}.hears(0, 180).hears(CallerCancelled{}).hears(0, 487).hears(BranchFailed{1}));
  all.push_back(Fork{2}.hears(0, 180).hears(BranchAbandoned{0}).hears(0, 487).hears(1, 180).closed().hears(1, 486));
  all.push_back(Fork{3, ForkedMethod::other}.closed().hears(0, 404).hears(1, 503).hears(2, 200));
  return all;
}

// The first lines of a conversation, but one.
Fork play(Fork const& whole, std::size_t lines, std::size_t lost) {
  Fork again{0, whole.context().method};
  for (std::size_t i = 0; i < lines; ++i)
    if (i != lost) again.hears(whole.lines()[i]);
  return again;
}

// The caller got exactly one final response: of INVITE any number of 2xx (section 16.7 step 5). No branch was
// cancelled twice.
void check_end(Fork& fork, std::string const& where) {
  EXPECT_TRUE(is_finished(fork.context())) << where;
  EXPECT_NE(fork.context().sent, ResponseContext::Final::none) << where;
  auto const& finals = fork.finals();
  bool const more_may_come = fork.context().method == ForkedMethod::invite && std::ranges::all_of(finals, is_success);
  EXPECT_EQ(more_may_come ? 1U : finals.size(), 1U) << testing::PrintToString(finals) << ", " << where;
  EXPECT_FALSE(finals.empty()) << where;
  auto const log = fork.take_log();
  for (BranchNumber branch = 0; branch < fork.context().branches.size(); ++branch)
    EXPECT_LE(std::ranges::count(log, "cancel " + std::to_string(branch)), 1) << where;
}

// Each conversation again with any one line lost, until every branch has been given its end.
TEST(ResponseContext, HoldsWithAnyLineLost) {
  for (auto const& whole : conversations()) {
    for (std::size_t lost = 0; lost < whole.lines().size(); ++lost) {
      auto again = play(whole, whole.lines().size(), lost);
      for (BranchNumber branch = 0; branch < again.context().branches.size(); ++branch)
        again.hears(BranchTimedOut{branch});
      again.closed();
      check_end(again, "lost line " + std::to_string(lost));
    }
  }
}

// The line to every phone, or to one of them, is cut for good after any step: the others say nothing more either.
// Timer C runs, and what it cancels is as good as timed out.
TEST(ResponseContext, HoldsWithTheLineCutAtEveryStep) {
  std::size_t runs = 0;
  for (auto const& whole : conversations()) {
    for (std::size_t lines = 0; lines <= whole.lines().size(); ++lines) {
      auto const branches = play(whole, lines, whole.lines().size()).context().branches.size();
      for (BranchNumber cut = 0; cut <= branches; ++cut) {
        auto again = play(whole, lines, whole.lines().size());
        for (BranchNumber branch = 0; branch < branches; ++branch)
          if (cut == branches || cut == branch) again.hears(BranchFailed{branch});
        again.closed().after(10min);
        for (BranchNumber branch = 0; branch < branches; ++branch) again.hears(BranchTimedOut{branch});
        check_end(again, std::to_string(cut) + " cut after line " + std::to_string(lines));
        ++runs;
      }
    }
  }
  EXPECT_GT(runs, 80U);
}

}  // namespace
}  // namespace reveille::sip
