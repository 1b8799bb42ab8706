// What calls in both directions share: BYE, the user's commands, time, and how a call is told of.
#include "sim/handset/sip_calls.hpp"

#include "wire/sip/parameters.hpp"

#include <algorithm>
#include <vector>

namespace reveille::sim::handset {

namespace {

constexpr std::size_t calls_remembered = 64;

std::string_view name_of(CallDirection direction) {
  return direction == CallDirection::in ? "in" : "out";
}

}  // namespace

std::string_view name_of(CallState state) {
  switch (state) {
    case CallState::announced: return "announced";
    case CallState::declined: return "declined";
    case CallState::ringing: return "ringing";
    case CallState::accepted: return "accepted";
    case CallState::dialling: return "dialling";
    case CallState::alerting: return "alerting";
    case CallState::cancelling: return "cancelling";
    case CallState::talking: return "talking";
  }
  std::unreachable();
}

std::string_view why_cancelled(std::string_view reason) {
  auto const semicolon = reason.find(';');
  if (semicolon == reason.npos) return "cancelled";
  auto const cause = sip::Parameters(reason.substr(semicolon)).value("cause").value_or(std::string_view{});
  if (cause == "200") return "answered_elsewhere";
  if (cause == "600" || cause == "603") return "declined_elsewhere";
  return cause == "486" ? "busy_elsewhere" : "cancelled";
}

std::string_view why_refused(int status) {
  switch (status) {
    case 480: return "unreachable";
    case 486:
    case 600: return "busy";
    case 603: return "declined";
    case 487: return "cancelled";
    case 404: return "not_found";
    case 408: return "no_answer";
    case 401:
    case 403:
    case 407: return "denied";
    case 503: return "connection_lost";
    default: return "failed";
  }
}

void SipCalls::on_request(RequestHandle handle, sip::MessageView const& request) {
  switch (request.method()) {
    case sip::Method::invite: return on_invite(handle, request);
    case sip::Method::bye: return on_bye(handle, request);
    case sip::Method::options: return reply(handle, request, 200, line_.new_tag());
    default: return reply(handle, request, find_dialog(request) != nullptr ? 501 : 405, line_.new_tag());
  }
}

void SipCalls::on_bye(RequestHandle handle, sip::MessageView const& bye) {
  auto* call = find_dialog(bye);
  reply(handle, bye, call != nullptr ? 200 : 481);
  if (call != nullptr) end(call->uuid, "remote_hangup");
}

std::string SipCalls::answer() {
  auto* call = find_offered();
  if (call == nullptr) return "no call rings";
  if (call->state == CallState::announced)
    call->answer_wanted = true;
  else
    accept(*call);
  return {};
}

std::string SipCalls::decline() {
  auto* call = find_offered();
  if (call == nullptr) return "no call rings";
  if (call->state == CallState::announced) {  // the INVITE is still to come, and will be told
    call->state = CallState::declined;
    tell("call_ended", *call, {{"why", "declined"}});
    return {};
  }
  reply(call->invite_request, call->invite.view(), 603, call->local_tag);
  end(call->uuid, "declined");
  return {};
}

std::string SipCalls::hang_up() {
  if (find_offered() != nullptr) return decline();
  auto* call = find_busy();
  if (call == nullptr) return "there is no call";
  if (call->state == CallState::dialling || call->state == CallState::alerting) {
    call->state = CallState::cancelling;
    line_.cancel(call->request);
    return {};
  }
  bool const said = !call->dialog || send_bye(*call->dialog);
  end(call->uuid, said ? "hangup" : "no_route");
  return {};
}

void SipCalls::abandon() {
  while (!calls_.empty()) end(calls_.begin()->first, "app_ended");
}

void SipCalls::on_flow_lost() {
  std::vector<std::string> unanswered;
  for (auto& [uuid, call] : calls_) {
    bool const is_ours = call.direction == CallDirection::out && !call.dialog;
    if (is_ours) unanswered.push_back(uuid);  // on this flow nothing will come
    if (call.state != CallState::ringing) continue;
    // It comes again on the next flow, or not at all.
    call.state = CallState::announced;
    call.invite_request = {};
    call.invite_due = line_.now() + 15s;
  }
  for (auto const& uuid : unanswered) end(uuid, "connection_lost", 503);
}

void SipCalls::on_time() {
  std::vector<std::string> uuids;
  for (auto const& [uuid, call] : calls_) uuids.push_back(uuid);
  for (auto const& uuid : uuids) {
    auto const at = calls_.find(uuid);
    if (at == calls_.end()) continue;
    auto& call = at->second;
    if (call.repeat_at && *call.repeat_at <= line_.now())
      repeat_acceptance(call);
    else if (call.invite_due && *call.invite_due <= line_.now())
      end(uuid, "no_invite");
  }
}

std::optional<Instant> SipCalls::next_deadline() const {
  std::optional<Instant> earliest;
  for (auto const& [uuid, call] : calls_)
    for (auto const& at : {call.repeat_at, call.invite_due})
      if (at && (!earliest || *at < *earliest)) earliest = at;
  return earliest;
}

boost::json::array SipCalls::describe() const {
  boost::json::array calls;
  for (auto const& [uuid, call] : calls_)
    calls.push_back({{"call_uuid", uuid},
                     {"peer", call.peer},
                     {"direction", name_of(call.direction)},
                     {"state", name_of(call.state)}});
  return calls;
}

// RFC 3261 section 15.1.1. The dialog is a copy: its call may be over before the answer comes.
// Without a flow the request fails by itself.
bool SipCalls::has_way(SipDialog const& dialog) {
  auto const hop = dialog.next_hop();
  if (!line_.is_up() || line_.leads_to_peer(hop)) return true;
  line_.host().emit("error", {{"what", "sip_route"},
                              {"call_id", dialog.call_id},
                              {"why", hop + " is not where this phone is connected: its requests would be lost"}});
  return false;
}

bool SipCalls::send_bye(SipDialog dialog) {
  if (!has_way(dialog)) return false;
  auto sequence = dialog.local_sequence;
  auto const target = dialog.target;
  auto build = [dialog = std::move(dialog), sequence](Attempt const& attempt) mutable {
    std::string out;
    sip::MessageWriter writer(out);
    begin_request(writer, dialog, sip::Method::bye, ++sequence);
    attempt.write_credentials(writer);
    return writer.finish() == sip::Written::yes ? out : std::string();
  };
  line_.request(sip::Method::bye, target, std::move(build), {});
  return true;
}

void SipCalls::reply(RequestHandle handle, sip::MessageView const& request, int status, std::string_view to_tag) {
  std::string out;
  auto writer = sip::respond(out, request, {.status = status, .to_tag = to_tag});
  if (status < 300) writer.header(sip::HeaderName::contact, line_.contact());
  writer.header(sip::HeaderName::allow, "INVITE, ACK, CANCEL, BYE, OPTIONS");
  if (writer.finish() == sip::Written::yes) line_.respond(handle, std::move(out));
}

bool SipCalls::open_media(SipCall& call, MediaWish wish) {
  wish.call = call.uuid;
  wish.peer = call.peer;
  call.port = line_.host().open_media(wish);
  return call.port != nullptr;
}

sdp::Security SipCalls::security_of_offers() const {
  return line_.is_secure() && line_.identity().offers_srtp ? sdp::Security::required : sdp::Security::none;
}

void SipCalls::end(std::string const& uuid, std::string_view why, int status) {
  auto node = calls_.extract(uuid);
  if (node.empty()) return;
  auto& call = node.mapped();
  call.port.reset();
  boost::json::object fields{{"why", status == 0 ? std::string(why) : std::to_string(status) + ' ' + std::string(why)}};
  if (status != 0) fields["status"] = status;
  if (!call.reason.empty()) fields["reason"] = call.reason;
  if (call.state != CallState::declined) tell("call_ended", call, std::move(fields));
  line_.host().tell_os(CallOver{uuid});
  over_.push_back(uuid);
  if (over_.size() > calls_remembered) over_.pop_front();
}

void SipCalls::tell(std::string_view event, SipCall const& call, boost::json::object fields) {
  auto const& mine = line_.identity();
  auto const from = call.direction == CallDirection::in
                        ? boost::json::object{{"name", call.peer_name}, {"address", call.peer}}
                        : boost::json::object{{"name", mine.display_name}, {"address", mine.address}};
  boost::json::object told{{"call_uuid", call.uuid}, {"call_id", call.call_id}, {"direction", name_of(call.direction)},
                           {"from", from},           {"peer", call.peer},       {"media", name_of(call.media)}};
  for (auto& [name, value] : fields) told[name] = std::move(value);
  line_.host().emit(event, std::move(told));
}

SipCall* SipCalls::find_dialog(sip::MessageView const& request) {
  for (auto& [uuid, call] : calls_)
    if (call.dialog && call.dialog->matches(request)) return &call;
  return nullptr;
}

SipCall* SipCalls::find_offered() {
  for (auto& [uuid, call] : calls_)
    if (call.state == CallState::ringing || (call.state == CallState::announced && !call.answer_wanted)) return &call;
  return nullptr;
}

SipCall* SipCalls::find_busy() {
  for (auto& [uuid, call] : calls_)
    if (call.state != CallState::declined) return &call;
  return nullptr;
}

bool SipCalls::is_over(std::string const& uuid) const {
  return std::ranges::find(over_, uuid) != over_.end();
}

}  // namespace reveille::sim::handset
