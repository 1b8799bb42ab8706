// Mind: one event's way through a call. Internal to decide/calls: call.hpp is what others use.
//
// Lifetime: one on(). The files beside this one have a part each: offer.cpp begins, ring.cpp adds branches, answer.cpp
// hears responses, push.cpp hears of pushes, end.cpp ends, cancel.cpp takes INVITEs back, breadth.cpp bounds branches.
#pragma once

#include "decide/calls/call.hpp"
#include "decide/wake/delivery_table.hpp"
#include "wire/sip/transaction.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reveille::decide {

// What a restart would have to know.
struct Standing {
  enum class Stage : std::uint8_t { nothing, in_setup, owes, settled } stage = Stage::nothing;
  std::size_t branches = 0;  // that a restart would have to cancel
  std::size_t owed = 0;      // after the end: phones that have yet to be told
  std::size_t awaited = 0;   // after the end: phones that may come late

  bool operator==(Standing const&) const = default;
};
[[nodiscard]] Standing standing_of(Call const& call);

class Mind {
 public:
  Mind(Call& call, CallRules const& rules, Instant now) : call_(call), rules_(rules), now_(now) {}

  void hear(model::CallOffered const& event);  // offer.cpp
  void begin_trace();
  void hear(model::FlowRegistered const& event);      // ring.cpp
  void hear(model::BranchAnswered const& event);      // answer.cpp
  void hear(model::BranchTimedOut const& event);      // answer.cpp
  void hear(model::BranchFailed const& event);        // answer.cpp
  void hear(model::PushAnswered const& event);        // push.cpp
  void hear(model::CallerCancelled const& event);     // end.cpp
  void hear(model::DeviceUnregistered const& event);  // end.cpp
  void hear(model::DeviceSignedOut const& event);     // end.cpp
  void hear(model::DeadlinePassed const& event);      // end.cpp
  // After every event: with nobody left to wait for, the caller gets his answer (B-CALL-5).
  void settle();  // end.cpp
  // After every event: what is on disk follows.
  void keep_record(Standing const& before);  // record.cpp
  // B-CALL-13: the last run of this server ended during the call, or before its notices were with the push service.
  void interrupt();                                                                               // record.cpp
  void pay_notices();                                                                             // record.cpp
  void add_pushed(model::InstanceId const& instance, std::vector<model::Device> const& devices);  // record.cpp

  [[nodiscard]] std::vector<model::CallDecision> take() { return std::move(then_); }

 private:
  // offer.cpp
  void arm();
  void add_legs(model::CallOffered const& event);
  void wake(Leg& leg, Live live);
  void ring_all(std::vector<model::Target> const& targets);
  [[nodiscard]] bool is_callers_own(model::InstanceId const& instance) const;

  // ring.cpp
  std::size_t leg_of(model::InstanceId const& instance);
  [[nodiscard]] bool is_reached_on(model::Target const& target) const;
  void ring(Branch branch, model::Why because);
  void ring_late(Branch branch);

  // breadth.cpp
  [[nodiscard]] std::uint32_t breadth_left() const;
  [[nodiscard]] std::uint32_t breadth_for(std::size_t others) const;
  [[nodiscard]] std::uint32_t breadth_of_silent(std::size_t leg);
  [[nodiscard]] std::size_t awaited_beside(std::size_t leg) const;
  [[nodiscard]] bool is_too_narrow(model::CallOffered const& event) const;
  void refuse_narrow();

  // record.cpp
  void cancel_old_branches(model::Target const* way);

  // answer.cpp
  void on_late_response(model::BranchAnswered const& event);
  void note_provisional(Branch& branch, int status);
  void begin_ringing(Branch const& branch);
  [[nodiscard]] static bool is_word_of_a_hop(Branch const& branch, int status);
  void on_refusal(std::size_t branch, int status);
  [[nodiscard]] bool is_merged(std::size_t branch, int status) const;
  void on_merged(std::size_t branch);
  void on_no_response(std::size_t branch);

  // push.cpp
  [[nodiscard]] Wake wake_for(model::Device const& device, Live live) const;
  [[nodiscard]] model::PushRequest push_of(Leg const& leg) const;
  void send_notice(Leg& leg);
  void take_push_back(Leg& leg);
  void part_with(std::size_t leg);
  [[nodiscard]] bool hear_of_notice(model::PushReceipt const& receipt);

  // cancel.cpp
  void cancel_branch(std::size_t branch);
  void cancel_on(std::size_t branch, model::Target const& way);
  void cancel_left_over();
  void take_back(std::size_t leg, model::Target const& way);
  void stop_ringing(std::size_t leg);
  [[nodiscard]] model::Target const* way_beside(std::size_t branch) const;
  [[nodiscard]] bool is_out_of_reach(std::size_t leg) const;

  // end.cpp
  void feed(sip::ForkInput const& input);
  void give_up_branch(std::size_t branch);
  void give_up_pending();
  void give_up_silent(std::size_t leg);
  void give_up_absent();
  void give_up_unanswered();
  void end_call();
  void note_end(int status);
  void note_elsewhere();
  [[nodiscard]] std::optional<std::size_t> sign_out(model::InstanceId const& instance);
  [[nodiscard]] bool is_awaited(Leg const& leg) const;
  [[nodiscard]] bool is_pending(std::size_t branch) const;

  void note(model::Milestone milestone, model::InstanceId const& device = {}, model::Why why = model::Why::none,
            std::string detail = {});
  template <class Decision>
  void decide(Decision decision) {
    then_.emplace_back(std::move(decision));
  }
  [[nodiscard]] bool is_invite() const { return call_.offer.kind == model::OfferKind::invite; }

  Call& call_;
  CallRules const& rules_;
  Instant now_;
  std::vector<model::CallDecision> then_ = {};
};

[[nodiscard]] model::TraceHead trace_head_of(model::Offer const& offer);

// The device came by SIP, before or after the end.
[[nodiscard]] inline bool has_come(Leg const& leg) {
  return leg.registered || leg.heard;
}
[[nodiscard]] inline bool is_push_out(Leg const& leg) {
  return leg.push == PushPhase::requested || leg.push == PushPhase::accepted;
}
// A phone that may yet come: it was pushed, and nothing was heard of it.
[[nodiscard]] inline bool may_come(Leg const& leg) {
  return is_push_out(leg) && !leg.heard && !leg.spoke;
}
// The phone may ring by it until it gets its CANCEL: nothing that came from it says otherwise.
[[nodiscard]] inline bool may_ring_by(Branch const& branch) {
  return (branch.heard || branch.merged || branch.lost) && !branch.answered;
}
// B-CALL-2: when an unanswered branch is given up. A phone that comes back on another flow does not ring anew.
[[nodiscard]] inline Instant no_answer_at(Call const& call, Branch const& branch) {
  return call.legs[branch.leg].rings_until.value_or(branch.rung_at + call.no_answer_after);
}

// RFC 3326: `SIP;cause=200;text="Call completed elsewhere"`.
[[nodiscard]] std::string reason_field(int cause, std::string_view text);

}  // namespace reveille::decide
