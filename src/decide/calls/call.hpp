// The mind of a call: what happens to one INVITE (or other request) from its arrival until nothing of it is left.
//
//   ringing ──2xx──▶ ended (answered)                every device at once: live flows by INVITE, all with a VoIP token
//      │    ──6xx──▶ ended (declined)                by push; a pushed device that registers gets the INVITE then
//      │    ──CANCEL▶ ended (caller gave up)         (late fork, B-CALL-1)
//      └──nobody left▶ ended (busy, no answer, unreachable)
//   ended ──60 s after the INVITE, or nobody can come any more; and notices are with the push service──▶ over: forget
//   it
//
// What of this a restart must know is on disk (record.hpp): from the INVITE until it is over.
//
// Pure: state and event go in with the time, decisions come out in the order in which they are to be performed; timers
// are the one value next_deadline(). The response context of RFC 3261 section 16.7 chooses what the caller hears; this
// says who rings, until when, and what the phones that did not come are told. Any thread.
//
// Where it differs from RFC 3261 section 16: a branch that says nothing is not waited for. When the call ends, every
// branch without a final response counts as having given one (B-CALL-2: the old flow of a sleeping phone would hold the
// caller for 32 s); a 2xx that comes after all is acknowledged and ended by us (B-CALL-9).
#pragma once

#include "base/instant.hpp"
#include "decide/wake/should_wake.hpp"
#include "model/call.hpp"
#include "model/settings.hpp"
#include "wire/sip/response_context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reveille::decide {

enum class PushPhase : std::uint8_t {
  none,       // not pushed
  requested,  // asked for, nothing heard
  accepted,   // the provider has it, or may have it
  failed,     // provably did not reach the phone, for good
  taken_back  // withdrawn before it was sent
};

// How far the phone has been told of the end of a call that it was pushed for (B-CALL-3).
enum class NoticePhase : std::uint8_t {
  none,       // nothing to tell
  due,        // once it is clear that its push went out
  requested,  // asked for, nothing heard
  settled
};

// One device of the callee, or a binding that belongs to none.
struct Leg {
  model::InstanceId instance = {};
  std::optional<model::Device> device = {};
  std::string call_uuid = {};
  model::PushId push_id = {};
  PushPhase push = PushPhase::none;
  bool withdrawn = false;   // its push was to be taken back
  bool registered = false;  // since the call came
  bool heard = false;       // some response came from it
  bool ringing = false;     // 101 to 199 among them
  // It rings, or rang when its flow was lost, and is waited for until then.
  std::optional<Instant> rings_until = {};
  bool answered = false;    // it took the call
  bool spoke = false;       // it declined, is busy, or signed out for good: it is not asked again
  bool given_up = false;    // not come in time; it may still come
  bool signed_out = false;  // and has not registered since: it is told nothing
  NoticePhase notice = NoticePhase::none;
  model::PushId notice_id = {};
};

struct Branch {
  std::size_t leg = 0;
  model::Target target = {};
  Instant rung_at = {};
  std::uint32_t breadth = 0;  // RFC 5393 section 5.3.2: its part of the Outgoing Max-Breadth
  bool registered = false;    // the device registered on this flow before it was rung
  bool late = false;          // rung after the end, to be cancelled
  bool heard = false;         // it has had a provisional response
  bool merged = false;        // the phone has said by 482 elsewhere that it has this INVITE
  bool lost = false;          // its flow is gone
  bool answered = false;      // it has had a final response
  bool terminated = false;    // its client transaction has had one, or failed
  bool cancelled = false;
  std::optional<model::Target> cancelled_on = {};  // the last way beside its own that its CANCEL took
};

enum class CallPhase : std::uint8_t { offered, ringing, ended };
// completed_elsewhere: the caller's own side said so when it cancelled (RFC 3326 section 3.1); interrupted: by the end
// of our own process (B-CALL-13).
enum class CallEnd : std::uint8_t {
  none,
  answered,
  caller_gave_up,
  completed_elsewhere,
  declined,
  nobody,
  interrupted
};

struct Call {
  model::Offer offer = {};
  CallPhase phase = CallPhase::offered;
  CallEnd end = CallEnd::none;
  sip::ResponseContext fork = {};
  std::vector<Leg> legs = {};
  std::vector<Branch> branches = {};  // the first fork.branches.size() are those of the fork; behind them the late ones
  std::optional<Instant> ringback_at = {};
  std::optional<Instant> give_up_at = {};
  Duration no_answer_after = {};
  std::vector<model::OldBranch> old_branches = {};  // of an interrupted call: may ring still
  Instant late_until = {};
  model::Why unreachable_because = model::Why::no_device;
  std::string end_reason = {};  // Reason field for those that hear of the end by CANCEL
};

// What a call reads beside its state.
struct CallRules {
  model::CallPolicy const& policy;
  PushOffer push = {};
  std::vector<std::string> const& nodes;
};

[[nodiscard]] std::vector<model::CallDecision> on(Call& call, model::CallEvent const& event, CallRules const& rules,
                                                  Instant now);

// When DeadlinePassed is due; nothing when only events can move the call.
[[nodiscard]] std::optional<Instant> next_deadline(Call const& call);

// Nothing can come of it any more: no branch is alive, no phone may come, and all have been told.
[[nodiscard]] bool is_over(Call const& call, Instant now);
// A phone has yet to be told of the end, or the push service has yet to say that it has the notice.
[[nodiscard]] bool owes_notice(Call const& call);

}  // namespace reveille::decide
