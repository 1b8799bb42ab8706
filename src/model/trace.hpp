// Trace: the milestones of one call, message or push, each with its time and its reason. B-ADMIN-2; the closed lists of
// interfaces.md section 1.
#pragma once

#include "base/instant.hpp"
#include "model/push.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

enum class TraceKind : std::uint8_t { call, message, push };

enum class Milestone : std::uint8_t {
  // call
  offered,
  authenticated,
  push_requested,
  registered,
  invited,
  ringing,
  answered,
  cancelled,
  declined,
  busy,
  no_answer,
  unreachable,
  answered_elsewhere,
  interrupted,
  // message
  received,
  archived,
  acknowledged,
  delivered,
  resumed,
  displayed,
  expired,
  // push
  accepted,
  stored,
  sending,
  sent,
  accepted_by_provider,
  unconfirmed,
  refused,
  unknown,
  taken_back
};

// Why something was done or left undone; answers "why was no push sent?". One closed list for the whole server.
enum class Why : std::uint8_t {
  none,
  incoming_call,         // a call rings every device
  message_body,          // a message with a body, and the device is asleep
  device_in_foreground,  // messages go straight to it
  device_signed_out,
  no_token,    // the device has registered no token for that channel
  token_dead,  // the provider said so
  token_quarantined,
  no_credential,      // no usable provider credential
  push_switched_off,  // [wake] enabled = false
  service_not_used,   // the app does not use calls, or messages
  no_body,            // presence, receipts, chat states wait without a push (B-IM-3)
  burst,              // covered by the notification of the same burst and conversation
  user_busy,
  user_unknown,
  no_device,              // the user has no device that can be reached
  flow_live,              // a live flow: INVITE at once
  registered_after_push,  // late fork
  flow_lost,
  caller_gave_up,
  answered_by_other_device,
  declined_by_device,
  ring_time_over,
  call_ended,
  provider_refused,
  provider_unreachable,
  fate_unknown,
  deadline_passed,
  node_restarted,
  max_breadth_exceeded  // the caller allows fewer branches at once than there are devices (RFC 5393)
};
// The last enumerators: what is read from disk is checked against them. New ones are appended, and named here.
inline constexpr auto last_milestone = Milestone::taken_back;
inline constexpr auto last_why = Why::max_breadth_exceeded;

[[nodiscard]] std::string_view name_of(TraceKind kind);
[[nodiscard]] std::string_view name_of(Milestone milestone);
[[nodiscard]] std::string_view name_of(Why why);
[[nodiscard]] bool is_end(TraceKind kind, Milestone milestone);

struct TraceStep {
  TrackingId tracking = {};
  TraceKind kind = TraceKind::call;
  Milestone milestone = Milestone::offered;
  Instant at = {};
  InstanceId device = {};
  Why why = Why::none;
  std::string detail = {};   // our words: a status code, a provider's reason
  std::string push_id = {};  // of a push's trace: which push
};

// What identifies a trace beside its tracking id; given with its first step.
struct TraceHead {
  TrackingId tracking = {};
  TraceKind kind = TraceKind::call;
  std::string from = {};
  std::string to = {};
  std::string call_id = {};
  std::string archive_id = {};
  std::string push_id = {};
  Instant began = {};
};

// What tells a trace from the others of its kind: its tracking id, but for a push its own id, since the pushes of one
// call or message share a tracking id.
[[nodiscard]] std::string const& id_of(TraceHead const& head);
[[nodiscard]] std::string const& id_of(TraceStep const& step);

// Where milestones go. Never blocks; kept in memory and written behind. Threads: the shard's. After flush() what was
// told so far becomes durable before any later batch of the store does.
class TracePort {
 public:
  virtual ~TracePort() = default;
  virtual void begin(TraceHead head) = 0;
  virtual void step(TraceStep step) = 0;
  virtual void flush() {}
};

}  // namespace reveille::model
