// Calls that come in: by push, by INVITE, by both.
#include "sim/handset/media_terms.hpp"
#include "sim/handset/rtp.hpp"
#include "sim/handset/sip_calls.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"
#include "wire/sip/timers.hpp"

#include <algorithm>

namespace reveille::sim::handset {

namespace {

// From the call screen to the INVITE, where the push names no deadline; and what is added to one that it names, since
// the phone's and the server's clocks differ and a late phone is still told why (B-CALL-9).
constexpr Duration invite_wait = 15s;
constexpr Duration deadline_margin = 3s;
constexpr Duration late_wait = 5s;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), sip::to_lower);
  return out;
}

std::string uuid_of(sip::MessageView const& invite) {
  auto const uuid = lower(invite.text(sip::HeaderName::reveille_call_uuid));
  return uuid.empty() ? "sip:" + std::string(invite.call_id()) : uuid;
}

// An INVITE may come without an offer; then ours goes with the 200 (RFC 3261 section 13.2.1).
Result<std::optional<sdp::Session>, sdp::SdpFault> session_in(sip::MessageView const& message) {
  if (message.body().empty()) return std::nullopt;
  auto session = sdp::parse_session(message.body());
  if (!session) return std::unexpected(session.error());
  return std::optional(std::move(*session));
}

// RFC 3264 section 8: the same session, one version on.
std::optional<sdp::Session> answer_again(sdp::Session const& offer, sdp::LocalMedia local, sdp::Session const& before) {
  local.origin.version = before.origin.version + 1;
  return answer_with_audio(offer, local);
}

}  // namespace

void SipCalls::announce(Push const& push, std::string_view why_over) {
  auto const uuid = push.call_uuid.empty() ? line_.random().uuid() : lower(push.call_uuid);
  if (calls_.contains(uuid) || is_over(uuid)) {  // the INVITE was faster; CallKit knows the call
    line_.host().tell_os(CallReported{push.id, uuid});
    if (!calls_.contains(uuid)) line_.host().tell_os(CallOver{uuid});
    return;
  }
  auto& call = calls_[uuid];
  call.uuid = uuid;
  call.media = push.media;
  call.peer = push.from_address;
  call.peer_name = push.from_name;
  call.invite_due = line_.now() + invite_wait;
  // A late phone still registers, and is told by INVITE and CANCEL how the call ended (B-CALL-9).
  if (push.deadline)
    call.invite_due = std::clamp(*push.deadline + deadline_margin, line_.now() + late_wait, line_.now() + 60s);
  show(call, push.id, "push");
  if (push.subject != PushSubject::call || push.call_uuid.empty()) return end(uuid, "not_a_call");
  if (!why_over.empty()) end(uuid, why_over);
}

void SipCalls::show(SipCall& call, std::string const& push_id, std::string_view by) {
  line_.host().tell_os(CallReported{push_id, call.uuid});
  if (!line_.identity().shows_call_screen) return;
  tell("call_screen", call, {{"by", by}});
}

void SipCalls::on_invite(RequestHandle handle, sip::MessageView const& invite) {
  if (sip::tag_of(invite.text(sip::HeaderName::to)).empty()) return on_new_invite(handle, invite);
  auto* call = find_dialog(invite);
  if (call == nullptr) return reply(handle, invite, 481);
  on_reinvite(*call, handle, invite);
}

void SipCalls::on_new_invite(RequestHandle handle, sip::MessageView const& invite) {
  auto const uuid = uuid_of(invite);
  auto const known = calls_.find(uuid);
  if (known != calls_.end()) {
    auto& call = known->second;
    if (call.state == CallState::declined) {
      reply(handle, invite, 603, line_.new_tag());
      return end(uuid, "declined");
    }
    // RFC 3261 section 8.2.2.2: the same call on a second branch of this flow.
    if (call.state != CallState::announced) return reply(handle, invite, 482, line_.new_tag());
    return attach(call, handle, invite);
  }
  if (is_over(uuid)) return reply(handle, invite, 480, line_.new_tag());
  if (find_busy() != nullptr) return reply(handle, invite, 486, line_.new_tag());
  auto& call = calls_[uuid];
  call.uuid = uuid;
  attach(call, handle, invite);
}

void SipCalls::attach(SipCall& call, RequestHandle handle, sip::MessageView const& invite) {
  bool const shown = !call.peer.empty() || !call.call_id.empty();
  call.invite = sip::Message(invite);
  call.invite_request = handle;
  call.invite_due.reset();
  call.call_id = std::string(invite.call_id());
  if (call.local_tag.empty()) call.local_tag = line_.new_tag();
  if (auto const from = sip::parse_name_address(invite.text(sip::HeaderName::from))) {
    call.peer = sip::address_of(from->uri);
    if (call.peer_name.empty()) call.peer_name = from->display_text();
  }
  auto const offer = session_in(invite);
  if (!offer) {
    reply(handle, invite, 400, call.local_tag);
    return end(call.uuid, "malformed_offer");
  }
  if (*offer) call.media = (*offer)->active(sdp::MediaKind::video) != nullptr ? CallMedia::video : CallMedia::audio;
  if (!shown) show(call, {}, "invite");
  call.state = CallState::ringing;
  reply(handle, invite, 180, call.local_tag);
  tell("ringing", call);
  if (call.answer_wanted) accept(call);
}

// RFC 3261 section 13.3.1.4, RFC 3264 section 6.
void SipCalls::accept(SipCall& call) {
  auto const offer = session_in(call.invite.view()).value_or(std::nullopt);
  MediaWish wish{.video = call.media == CallMedia::video,
                 .security = offer ? sdp::Security::optional : security_of_offers()};
  if (offer) wish.peer_tone = tone_in(*offer).value_or(tone_of(call.peer));
  auto dialog = SipDialog::as_callee(call.invite.view(), call.local_tag);
  auto const ours = !open_media(call, wish) ? std::nullopt
                    : offer                 ? answer_with_audio(*offer, call.port->local())
                                            : std::optional(sdp::make_offer(call.port->local()));
  if (!ours || !dialog) {
    reply(call.invite_request, call.invite.view(), dialog ? 488 : 400, call.local_tag);
    return end(call.uuid, "not_acceptable");
  }
  call.dialog = std::move(*dialog);
  call.ours = *ours;
  call.media_is = offer ? MediaIs::agreed : MediaIs::awaited_in_ack;
  auto writer = sip::respond(call.acceptance, call.invite.view(), {.status = 200, .to_tag = call.local_tag});
  writer.header(sip::HeaderName::contact, line_.contact())
      .header(sip::HeaderName::allow, "INVITE, ACK, CANCEL, BYE, OPTIONS");
  if (writer.finish("application/sdp", sdp::format_session(call.ours)) != sip::Written::yes)
    return end(call.uuid, "failed");
  call.state = CallState::accepted;
  call.answer_wanted = false;
  call.repeat_after = sip::t1;
  call.repeat_at = line_.now() + sip::t1;
  call.give_up_at = line_.now() + 64 * sip::t1;
  line_.respond(call.invite_request, call.acceptance);
  if (offer) call.port->agree(call.ours, *offer);
}

// The 200 is repeated until its ACK comes, on any transport: a proxy between may lose it.
void SipCalls::repeat_acceptance(SipCall& call) {
  if (line_.now() >= call.give_up_at) {
    if (call.dialog) send_bye(*call.dialog);
    return end(call.uuid, "no_ack");
  }
  call.repeat_after = sip::doubled_up_to_t2(call.repeat_after);
  call.repeat_at = line_.now() + call.repeat_after;
  line_.respond(call.invite_request, call.acceptance);
}

void SipCalls::on_ack(sip::MessageView const& ack) {
  auto* call = find_dialog(ack);
  if (call == nullptr || !call->repeat_at) return;
  call->repeat_at.reset();
  if (call->media_is == MediaIs::awaited_in_ack) {
    call->media_is = MediaIs::agreed;
    if (auto const theirs = session_in(ack); theirs && *theirs) call->port->agree(call->ours, **theirs);
  }
  if (call->state != CallState::accepted) return;  // of a re-INVITE
  call->state = CallState::talking;
  tell("answered", *call, {{"secure", has_secure_audio(call->ours)}});
}

// RFC 3261 section 9.2; the CANCEL itself is answered below.
void SipCalls::on_cancel(RequestHandle handle, sip::MessageView const& cancel) {
  auto const at = std::ranges::find_if(calls_, [&](auto const& entry) {
    return entry.second.state == CallState::ringing && entry.second.invite_request == handle;
  });
  if (at == calls_.end()) return;
  auto& call = at->second;
  reply(handle, call.invite.view(), 487, call.local_tag);
  call.reason = std::string(cancel.text(sip::HeaderName::reason));
  end(call.uuid, why_cancelled(call.reason));
}

// RFC 3261 section 14.2: hold, resume, another address. Its 200 is repeated like the first.
void SipCalls::on_reinvite(SipCall& call, RequestHandle handle, sip::MessageView const& invite) {
  auto const offer = session_in(invite);
  // Without an offer, ours is what was agreed on last, resumed.
  auto const ours = !offer   ? std::nullopt
                    : *offer ? answer_again(**offer, call.port->local(), call.ours)
                             : std::optional(sdp::with_direction(call.ours, sdp::Direction::sendrecv));
  if (!ours) return reply(handle, invite, 488);
  call.ours = *ours;
  call.media_is = *offer ? MediaIs::agreed : MediaIs::awaited_in_ack;
  call.invite_request = handle;
  auto writer = sip::respond(call.acceptance, invite, {.status = 200});
  writer.header(sip::HeaderName::contact, line_.contact());
  if (writer.finish("application/sdp", sdp::format_session(call.ours)) != sip::Written::yes)
    return reply(handle, invite, 500);
  call.repeat_after = sip::t1;
  call.repeat_at = line_.now() + sip::t1;
  call.give_up_at = line_.now() + 64 * sip::t1;
  line_.respond(handle, call.acceptance);
  if (auto fresh = SipDialog::as_callee(invite, call.dialog->local_tag)) call.dialog->target = fresh->target;
  if (*offer) call.port->agree(call.ours, **offer);
}

}  // namespace reveille::sim::handset
