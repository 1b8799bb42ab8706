// Calls that this phone makes.
#include "sim/handset/media_terms.hpp"
#include "sim/handset/sip_calls.hpp"
#include "wire/sip/cseq.hpp"
#include "wire/sip/name_address.hpp"

namespace reveille::sim::handset {

std::string SipCalls::call(std::string const& address, CallMedia media) {
  if (!line_.is_up()) return "not connected to call control";
  if (find_busy() != nullptr) return "another call is under way";
  auto const uuid = line_.random().uuid();
  auto& call = calls_[uuid];
  call.uuid = uuid;
  call.direction = CallDirection::out;
  call.state = CallState::dialling;
  call.media = media;
  call.peer = address;
  call.call_id = line_.random().hex(16);
  call.local_tag = line_.new_tag();
  if (!open_media(call, {.video = media == CallMedia::video, .security = security_of_offers()})) {
    calls_.erase(uuid);
    return "no socket for media";
  }
  call.ours = sdp::make_offer(call.port->local());
  line_.host().tell_os(CallReported{{}, uuid});
  call.request = line_.request(
      sip::Method::invite, "sip:" + address,
      [this, uuid](Attempt const& attempt) { return build_invite(uuid, attempt); },
      [this, uuid](SipOutcome const& outcome) { on_invite_outcome(uuid, outcome); });
  return {};
}

std::string SipCalls::build_invite(std::string const& uuid, Attempt const& attempt) {
  auto const at = calls_.find(uuid);
  if (at == calls_.end() || at->second.state == CallState::cancelling) return {};
  auto& call = at->second;
  std::string out;
  sip::MessageWriter writer(out);
  writer.request_line(sip::Method::invite, "sip:" + call.peer);
  writer.header(sip::HeaderName::max_forwards, "70");
  writer.header(sip::HeaderName::from, line_.from() + ";tag=" + call.local_tag);
  writer.header(sip::HeaderName::to, "<sip:" + call.peer + '>').header(sip::HeaderName::call_id, call.call_id);
  writer.cseq(++call.sequence, "INVITE").header(sip::HeaderName::contact, line_.contact());
  writer.header(sip::HeaderName::allow, "INVITE, ACK, CANCEL, BYE, OPTIONS");
  writer.header(sip::HeaderName::user_agent, "Reveille handset");
  attempt.write_credentials(writer);
  return writer.finish("application/sdp", sdp::format_session(call.ours)) == sip::Written::yes ? out : std::string();
}

void SipCalls::on_invite_outcome(std::string const& uuid, SipOutcome const& outcome) {
  auto const at = calls_.find(uuid);
  if (sip::is_success(outcome.status) && outcome.response != nullptr) {
    // RFC 3261 section 13.2.2.4: each 2xx is acknowledged; one that comes too late, or from a second phone, is ended.
    if (at == calls_.end() || at->second.state == CallState::cancelling || at->second.dialog) {
      auto const dialog = SipDialog::as_caller(*outcome.response);
      if (!dialog) return;
      static_cast<void>(acknowledge(*dialog, dialog->local_sequence));
      bool const repeated =
          at != calls_.end() && at->second.dialog && at->second.dialog->remote_tag == dialog->remote_tag;
      if (repeated) return;
      send_bye(*dialog);
      if (at != calls_.end() && !at->second.dialog) end(uuid, "cancelled");
      return;
    }
    return on_invite_accepted(at->second, *outcome.response);
  }
  if (at == calls_.end() || at->second.dialog) return;
  auto& call = at->second;
  if (sip::is_provisional(outcome.status)) {
    bool const first = outcome.status > 100 && call.state == CallState::dialling;
    if (!first) return;
    call.state = CallState::alerting;
    return tell("ringing", call, {{"status", outcome.status}});
  }
  end(uuid, call.state == CallState::cancelling ? "cancelled" : why_refused(outcome.status), outcome.status);
}

void SipCalls::on_invite_accepted(SipCall& call, sip::MessageView const& response) {
  auto dialog = SipDialog::as_caller(response);
  if (!dialog) return end(call.uuid, "failed", response.status());
  call.dialog = std::move(*dialog);
  if (!acknowledge(*call.dialog, call.dialog->local_sequence)) return end(call.uuid, "no_route");
  auto const theirs = sdp::parse_session(response.body());
  if (!theirs || theirs->active(sdp::MediaKind::audio) == nullptr) {
    send_bye(*call.dialog);
    return end(call.uuid, "not_acceptable");
  }
  call.state = CallState::talking;
  call.port->agree(call.ours, *theirs);
  tell("answered", call, {{"secure", has_secure_audio(*theirs)}});
}

// RFC 3261 section 13.2.2.4: an ACK to a 2xx is a request of its own, and no transaction.
bool SipCalls::acknowledge(SipDialog const& dialog, std::uint32_t sequence) {
  if (!has_way(dialog)) return false;
  std::string out;
  sip::MessageWriter writer(out);
  begin_request(writer, dialog, sip::Method::ack, sequence);
  if (writer.finish() == sip::Written::yes) line_.send_ack(out);
  return true;
}

}  // namespace reveille::sim::handset
