#include "model/trace.hpp"

#include <utility>

namespace reveille::model {

std::string_view name_of(TraceKind kind) {
  using enum TraceKind;
  switch (kind) {
    case call: return "call";
    case message: return "message";
    case push: return "push";
  }
  std::unreachable();
}

std::string_view name_of(Milestone milestone) {
  using enum Milestone;
  switch (milestone) {
    case offered: return "offered";
    case authenticated: return "authenticated";
    case push_requested: return "push_requested";
    case registered: return "registered";
    case invited: return "invited";
    case ringing: return "ringing";
    case answered: return "answered";
    case cancelled: return "cancelled";
    case declined: return "declined";
    case busy: return "busy";
    case no_answer: return "no_answer";
    case unreachable: return "unreachable";
    case answered_elsewhere: return "answered_elsewhere";
    case interrupted: return "interrupted";
    case received: return "received";
    case archived: return "archived";
    case acknowledged: return "acknowledged";
    case delivered: return "delivered";
    case resumed: return "resumed";
    case displayed: return "displayed";
    case expired: return "expired";
    case accepted: return "accepted";
    case stored: return "stored";
    case sending: return "sending";
    case sent: return "sent";
    case accepted_by_provider: return "accepted_by_provider";
    case unconfirmed: return "unconfirmed";
    case refused: return "refused";
    case unknown: return "unknown";
    case taken_back: return "taken_back";
  }
  std::unreachable();
}

std::string_view name_of(Why why) {
  using enum Why;
  switch (why) {
    case none: return "none";
    case incoming_call: return "incoming_call";
    case message_body: return "message_body";
    case device_in_foreground: return "device_in_foreground";
    case device_signed_out: return "device_signed_out";
    case no_token: return "no_token";
    case token_dead: return "token_dead";
    case token_quarantined: return "token_quarantined";
    case no_credential: return "no_credential";
    case push_switched_off: return "push_switched_off";
    case service_not_used: return "service_not_used";
    case no_body: return "no_body";
    case burst: return "burst";
    case user_busy: return "user_busy";
    case user_unknown: return "user_unknown";
    case no_device: return "no_device";
    case flow_live: return "flow_live";
    case registered_after_push: return "registered_after_push";
    case flow_lost: return "flow_lost";
    case caller_gave_up: return "caller_gave_up";
    case answered_by_other_device: return "answered_by_other_device";
    case declined_by_device: return "declined_by_device";
    case ring_time_over: return "ring_time_over";
    case call_ended: return "call_ended";
    case provider_refused: return "provider_refused";
    case provider_unreachable: return "provider_unreachable";
    case fate_unknown: return "fate_unknown";
    case deadline_passed: return "deadline_passed";
    case node_restarted: return "node_restarted";
    case max_breadth_exceeded: return "max_breadth_exceeded";
  }
  std::unreachable();
}

std::string const& id_of(TraceHead const& head) {
  return head.kind == TraceKind::push && !head.push_id.empty() ? head.push_id : head.tracking.value;
}

std::string const& id_of(TraceStep const& step) {
  return step.kind == TraceKind::push && !step.push_id.empty() ? step.push_id : step.tracking.value;
}

bool is_end(TraceKind kind, Milestone milestone) {
  using enum Milestone;
  switch (kind) {
    case TraceKind::call:
      return milestone == answered || milestone == cancelled || milestone == declined || milestone == busy ||
             milestone == no_answer || milestone == unreachable || milestone == answered_elsewhere ||
             milestone == interrupted;
    case TraceKind::message: return milestone == delivered || milestone == displayed || milestone == expired;
    case TraceKind::push:
      return milestone == acknowledged || milestone == unconfirmed || milestone == expired || milestone == refused ||
             milestone == unknown || milestone == taken_back;
  }
  std::unreachable();
}

}  // namespace reveille::model
