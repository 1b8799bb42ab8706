// SipCalls: the phone's calls, from the push or the INVITE to the BYE (RFC 3261 sections 12 to 15).
//
//   push ──▶ announced ──INVITE──▶ ringing ──answer──▶ accepted ──ACK──▶ talking ──BYE──▶ over
//                 INVITE alone ───────▲                                    ▲
//   call ──▶ dialling ──18x──▶ alerting ──────────────2xx──────────────────┘
//
// One call shows once (B-CALL-4): a push and an INVITE of the same Reveille-Call-UUID are one call, in either order. An
// answer given on the call screen before the INVITE came is remembered.
// Threads: one. Pure: everything leaves through the line and its host. After each call ask next_deadline().
#pragma once

#include "sim/handset/push.hpp"
#include "sim/handset/sip_dialog.hpp"
#include "sim/handset/sip_line.hpp"
#include "wire/sip/owned_message.hpp"

#include <boost/json/array.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sim::handset {

enum class CallState : std::uint8_t { announced, declined, ringing, accepted, dialling, alerting, cancelling, talking };
enum class CallDirection : std::uint8_t { in, out };
enum class MediaIs : std::uint8_t { agreed, awaited_in_ack };

struct SipCall {
  std::string uuid = {};
  CallDirection direction = CallDirection::in;
  CallState state = CallState::announced;
  CallMedia media = CallMedia::audio;
  std::string peer = {};
  std::string peer_name = {};
  std::string call_id = {};

  bool answer_wanted = false;              // said on the call screen before the INVITE came
  std::optional<Instant> invite_due = {};  // of an announced or declined call
  RequestHandle invite_request = {};
  sip::Message invite = {};
  std::string local_tag = {};
  std::string reason = {};      // of the CANCEL (RFC 3326)
  std::string acceptance = {};  // our 200, repeated until the ACK (section 13.3.1.4)
  Duration repeat_after = {};
  std::optional<Instant> repeat_at = {};
  Instant give_up_at = {};

  RequestTicket request = {};  // our INVITE
  std::uint32_t sequence = 0;

  std::optional<SipDialog> dialog = {};
  std::unique_ptr<MediaPort> port = {};
  sdp::Session ours = {};
  MediaIs media_is = MediaIs::agreed;
};

class SipCalls {
 public:
  explicit SipCalls(SipLine& line) : line_(line) {}

  // A VoIP push. Whatever it says, a call is put on the call screen, or the OS ends the app. With `why_over` it ends
  // there at once.
  void announce(Push const& push, std::string_view why_over = {});
  void on_request(RequestHandle handle, sip::MessageView const& request);
  void on_ack(sip::MessageView const& ack);
  void on_cancel(RequestHandle handle, sip::MessageView const& cancel);
  void on_flow_lost();
  void on_time();
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  // The user's commands. An empty answer is success.
  [[nodiscard]] std::string call(std::string const& address, CallMedia media);
  [[nodiscard]] std::string answer();
  [[nodiscard]] std::string decline();
  [[nodiscard]] std::string hang_up();
  // The app ends: nothing is sent, each call is over.
  void abandon();

  [[nodiscard]] bool empty() const { return calls_.empty(); }
  [[nodiscard]] boost::json::array describe() const;

 private:
  using Calls = std::map<std::string, SipCall>;

  // incoming
  void on_invite(RequestHandle handle, sip::MessageView const& invite);
  void on_new_invite(RequestHandle handle, sip::MessageView const& invite);
  void attach(SipCall& call, RequestHandle handle, sip::MessageView const& invite);
  void accept(SipCall& call);
  void on_reinvite(SipCall& call, RequestHandle handle, sip::MessageView const& invite);
  void show(SipCall& call, std::string const& push_id, std::string_view by);
  void repeat_acceptance(SipCall& call);

  // outgoing
  [[nodiscard]] std::string build_invite(std::string const& uuid, Attempt const& attempt);
  void on_invite_outcome(std::string const& uuid, SipOutcome const& outcome);
  void on_invite_accepted(SipCall& call, sip::MessageView const& response);
  // Both are false, and told as an error, where the request's way is not along the flow.
  bool acknowledge(SipDialog const& dialog, std::uint32_t sequence);
  bool send_bye(SipDialog dialog);
  [[nodiscard]] bool has_way(SipDialog const& dialog);

  // both
  void on_bye(RequestHandle handle, sip::MessageView const& bye);
  void reply(RequestHandle handle, sip::MessageView const& request, int status, std::string_view to_tag = {});
  [[nodiscard]] bool open_media(SipCall& call, MediaWish wish);
  [[nodiscard]] sdp::Security security_of_offers() const;
  void end(std::string const& uuid, std::string_view why, int status = 0);
  void tell(std::string_view event, SipCall const& call, boost::json::object fields = {});
  [[nodiscard]] SipCall* find_dialog(sip::MessageView const& request);
  [[nodiscard]] SipCall* find_offered();  // what the user can answer or decline
  [[nodiscard]] SipCall* find_busy();
  [[nodiscard]] bool is_over(std::string const& uuid) const;

  SipLine& line_;
  Calls calls_ = {};
  std::deque<std::string> over_ = {};  // the last ones, so that none shows twice
};

[[nodiscard]] std::string_view name_of(CallState state);
// The Reason field of a CANCEL or BYE (RFC 3326), as call_ended says it.
[[nodiscard]] std::string_view why_cancelled(std::string_view reason);
// A refusal, as call_ended says it.
[[nodiscard]] std::string_view why_refused(int status);

}  // namespace reveille::sim::handset
