// Call: what is known of one INVITE (or other request that finds its way by registrations), what can happen to it, and
// what is to be done. B-CALL-1 to B-CALL-9. Plain values; the mind is decide/calls, the hands are deliver/live.
//
// A request is named by the handle of its caller's server transaction; a branch by its number, counted from 0 in the
// order in which branches were rung. Messages themselves stay with the hands.
#pragma once

#include "base/handle.hpp"
#include "base/instant.hpp"
#include "model/push.hpp"
#include "model/registration.hpp"
#include "model/trace.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace reveille::model {

using OfferId = Handle<struct OfferTag>;
using BranchNumber = std::size_t;

enum class Media : std::uint8_t { audio, video };
[[nodiscard]] std::string_view name_of(Media media);

// A request other than INVITE waits shorter, rings nothing and leaves no notice (B-CALL-7).
enum class OfferKind : std::uint8_t { invite, other };

// RFC 3262: an INVITE with Require: 100rel gets no provisional response of our own.
enum class OwnProvisional : std::uint8_t { allowed, forbidden };

// RFC 3261 section 26.2.2: a call to a sips: URI goes over TLS on each hop, or not at all.
enum class Hops : std::uint8_t { any, secured };

struct Caller {
  std::string name = {};     // display name, as the caller wrote it; may be empty
  std::string address = {};  // "romeo@localhost", or a number
  AccountId account = {};    // empty: not one of ours
  InstanceId instance = {};  // his device, when he is one of ours
};

struct Offer {
  OfferId id = {};
  OfferKind kind = OfferKind::invite;
  AccountId callee = {};
  TrackingId tracking = {};
  std::string call_id = {};
  std::string from_tag = {};
  std::uint32_t cseq = 0;
  Caller caller = {};
  Media media = Media::audio;
  OwnProvisional own_provisional = OwnProvisional::allowed;
  Hops hops = Hops::any;
  std::uint32_t max_breadth = 60;  // RFC 5393: the branches that it may have at once, those of other proxies included
  Instant arrived = {};
};

// Where a branch goes: a registered contact and the way to it.
struct Target {
  InstanceId instance = {};            // the device; for a binding without one, a name made of its contact
  std::string contact = {};            // Request-URI, still with what is private to the device
  std::vector<std::string> path = {};  // RFC 3327, top first
  FlowId flow = {};                    // the connection; empty for UDP
  std::string remote = {};             // "udp 192.0.2.1:5060"
  std::uint16_t q_thousandths = 1000;
};
// Two targets of one flow are one way to reach a device, whatever their contacts.
[[nodiscard]] bool is_same_flow(Target const& a, Target const& b);
[[nodiscard]] bool may_take(Target const& target, Hops hops);
[[nodiscard]] Hops hops_to(std::string_view request_uri);

// ---- What can happen ----

struct CallOffered {
  Offer offer = {};
  std::vector<Device> devices = {};
  std::vector<Target> targets = {};  // every live way to them
};
// An authenticated REGISTER: the device has shown itself on this way.
struct FlowRegistered {
  Target target = {};
};
struct BranchAnswered {
  BranchNumber branch = 0;
  int status = 0;
};
// The client transaction gave up (timer B or F), or could not send.
struct BranchTimedOut {
  BranchNumber branch = 0;
};
struct BranchFailed {
  BranchNumber branch = 0;
};
struct CallerCancelled {
  std::string reason = {};  // the Reason field of the CANCEL, to be passed on; may be empty
};
struct PushAnswered {
  PushReceipt receipt = {};
};
// The client took back its last binding: it may be about to register anew.
struct DeviceUnregistered {
  InstanceId instance = {};
};
// The device signed out of calls by any other word, which it means.
struct DeviceSignedOut {
  InstanceId instance = {};
};
struct DeadlinePassed {};

using CallEvent = std::variant<CallOffered, FlowRegistered, BranchAnswered, BranchTimedOut, BranchFailed,
                               CallerCancelled, PushAnswered, DeviceUnregistered, DeviceSignedOut, DeadlinePassed>;

// ---- What is to be done ----

// Send the request there, as a new branch.
struct RingFlow {
  BranchNumber branch = 0;
  Target target = {};
  std::string call_uuid = {};
  std::uint32_t max_breadth = 0;  // its part of the offer's
};
// The response that this branch has just got, or its final one, goes to the caller.
struct ForwardResponse {
  BranchNumber branch = 0;
  enum class Challenges : std::uint8_t { keep, aggregate } challenges = Challenges::keep;
};
// A response of our own goes to the caller.
struct AnswerCaller {
  int status = 0;
};
// The hands hold the CANCEL until the branch has had a provisional response (RFC 3261 section 9.1).
struct CancelBranch {
  BranchNumber branch = 0;
  std::string reason = {};  // value of the Reason field (RFC 3326)
};
// The phone has left the flow that it got its INVITE on: the CANCEL of that branch, with its Via, by another way. It is
// not held: the phone is known to have the INVITE, or there is nothing to be lost.
struct CancelElsewhere {
  BranchNumber branch = 0;
  Target target = {};  // the branch's, with the other way's flow
  std::string reason = {};
};
// An INVITE that the last run of this server sent, and what its CANCEL needs (RFC 3261 section 9.1).
struct OldBranch {
  Target target = {};    // its flow is gone
  std::string via = {};  // our Via, as it was sent
};
struct CancelOldBranch {
  OldBranch branch = {};
  std::string reason = {};
};
// A 2xx came that the caller can no longer be given: acknowledge it and end its dialog.
struct EndAnswered {
  BranchNumber branch = 0;
  std::string reason = {};
};
struct RequestPush {
  PushRequest request = {};
};
struct TakeBackPush {
  PushId id = {};
};
struct AcknowledgePush {
  PushId id = {};
};
struct BeginTrace {
  TraceHead head = {};
};
struct NoteMilestone {
  TraceStep step = {};
};
// B-CALL-13: what a restart has to know of the call has changed (decide/calls/record.hpp); and that it has to know
// nothing of it any more.
struct RememberCall {};
struct ForgetCall {};

using CallDecision =
    std::variant<RingFlow, ForwardResponse, AnswerCaller, CancelBranch, CancelElsewhere, CancelOldBranch, EndAnswered,
                 RequestPush, TakeBackPush, AcknowledgePush, BeginTrace, NoteMilestone, RememberCall, ForgetCall>;

}  // namespace reveille::model
