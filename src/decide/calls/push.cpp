// Pushes of a call: B-CALL-3, B-CALL-5, B-CALL-6.
#include "decide/calls/mind.hpp"
#include "decide/calls/notice.hpp"
#include "decide/registry/expiry.hpp"
#include "decide/wake/payload.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {

using model::ChannelName;
using model::PushClass;
using model::PushState;
using model::Why;

namespace {

// RFC 8599 section 5.6.1: a request other than INVITE wakes too, but shows nothing. VoIP is for calls alone on iOS 13
// and later (B-TABLE-3), unless the client is a third party's, which knows its one token and the RFC only.
ChannelName request_channel_of(model::Device const& device) {
  auto const channel = notice_channel_of(device);
  bool const has_other = model::channel_of(device, channel).token.empty();
  return has_other && is_third_party(device) ? ChannelName::voip : channel;
}

Why why_of(model::PushReceipt const& receipt) {
  if (receipt.state == PushState::expired) return Why::deadline_passed;
  return receipt.provider_status == 0 ? Why::provider_unreachable : Why::provider_refused;
}

PushPhase phase_after(PushState state) {
  using enum PushState;
  switch (state) {
    case accepted:
    case sending: return PushPhase::requested;
    case refused:
    case expired: return PushPhase::failed;
    case taken_back: return PushPhase::taken_back;
    case accepted_by_provider:
    case acknowledged:
    case unconfirmed:
    // Nobody can say whether the phone has it: it may still come.
    case unknown: return PushPhase::accepted;
  }
  std::unreachable();
}

}  // namespace

Wake Mind::wake_for(model::Device const& device, Live live) const {
  if (is_invite()) return should_wake_for_call(device, rules_.push, now_);
  if (!device.services.call) return {.verdict = WakeVerdict::let_sleep, .because = Why::service_not_used};
  // A connection of an app in the foreground needs no help; anything else may be asleep.
  if (live == Live::yes && device.reported_mode == model::Mode::foreground)
    return {.verdict = WakeVerdict::let_sleep, .because = Why::device_in_foreground};
  return can_push(device, request_channel_of(device), rules_.push, now_);
}

model::PushRequest Mind::push_of(Leg const& leg) const {
  auto const& offer = call_.offer;
  auto const channel = is_invite() ? ChannelName::voip : request_channel_of(*leg.device);
  model::PushRequest request{.id = leg.push_id,
                             .account = offer.callee,
                             .instance = leg.instance,
                             .target = push_target_of(*leg.device, channel),
                             .push_class = is_invite() ? PushClass::call : PushClass::background,
                             .channel = channel,
                             .expires_at = *call_.give_up_at,
                             .tracking = offer.tracking};
  if (is_invite())
    request.payload = write_payload({.call_uuid = leg.call_uuid,
                                     .tracking_id = offer.tracking.value,
                                     .from_name = offer.caller.name,
                                     .from_address = offer.caller.address,
                                     .media = std::string(model::name_of(offer.media)),
                                     .nodes = rules_.nodes,
                                     .deadline = *call_.give_up_at});
  return request;
}

void Mind::send_notice(Leg& leg) {
  leg.notice = NoticePhase::settled;
  using enum CallEnd;
  bool const missed = call_.end == caller_gave_up || call_.end == nobody || call_.end == interrupted;
  auto const kind = missed ? PushClass::missed_call : PushClass::answered_elsewhere;
  // B-SIGN-3: one that has signed out is told no more.
  if (!leg.device || leg.signed_out) return;
  auto const channel = notice_channel_of(*leg.device);
  if (can_push(*leg.device, channel, rules_.push, now_).verdict == WakeVerdict::let_sleep) return;
  auto notice = notice_for(call_.offer, *leg.device, leg.call_uuid, kind, now_);
  leg.notice = NoticePhase::requested;
  leg.notice_id = notice.id;
  decide(model::RequestPush{std::move(notice)});
}

void Mind::take_push_back(Leg& leg) {
  if (leg.push != PushPhase::requested || std::exchange(leg.withdrawn, true)) return;
  decide(model::TakeBackPush{leg.push_id});
}

// The call has ended: "a push not yet sent is taken back", and a phone that was pushed and did not come hears of the
// end by a notice, once it is certain that the push went out (B-CALL-3, B-CALL-9). One that came has CANCEL, or the
// notice when it rings out of reach of any.
void Mind::part_with(std::size_t number) {
  auto& leg = call_.legs[number];
  if (!is_push_out(leg)) return;
  take_push_back(leg);
  if (is_out_of_reach(number)) return send_notice(leg);
  if (has_come(leg)) return;
  if (leg.push == PushPhase::accepted) return send_notice(leg);
  leg.notice = NoticePhase::due;
}

// Whatever it says: the push service has accounted for the notice.
bool Mind::hear_of_notice(model::PushReceipt const& receipt) {
  auto const found = std::ranges::find(call_.legs, receipt.id, &Leg::notice_id);
  if (found == call_.legs.end() || found->notice != NoticePhase::requested) return false;
  found->notice = NoticePhase::settled;
  return true;
}

void Mind::hear(model::PushAnswered const& event) {
  if (hear_of_notice(event.receipt)) return;
  auto const found = std::ranges::find(call_.legs, event.receipt.id, &Leg::push_id);
  if (found == call_.legs.end() || found->push == PushPhase::none) return;
  auto& leg = *found;
  leg.push = phase_after(event.receipt.state);
  if (leg.push == PushPhase::failed && call_.phase == CallPhase::ringing && !has_come(leg)) {
    call_.unreachable_because = why_of(event.receipt);
    note(model::Milestone::unreachable, leg.instance, call_.unreachable_because, event.receipt.reason);
  }
  bool const went_out = leg.push == PushPhase::accepted;
  if (leg.notice != NoticePhase::due || leg.push == PushPhase::requested) return;
  leg.notice = NoticePhase::settled;
  if (went_out && !has_come(leg) && !leg.spoke) send_notice(leg);
}

}  // namespace reveille::decide
