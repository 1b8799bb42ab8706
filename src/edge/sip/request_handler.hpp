// RequestHandler: what the layer above the transactions must be (the doors in arrive/).
// Threads: the io_context's one thread. Every call may call back down.
#pragma once

#include "edge/sip/source.hpp"
#include "wire/sip/message.hpp"

#include <functional>

namespace reveille::edge::sip {

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // A new request; never ACK, CANCEL or a repetition. The message and source are good during the call only. An answer
  // may be given now or later; one that needs no state (a challenge, an answer that can be given again alike) by
  // Stack::reply_statelessly, during the call.
  virtual void on_request(RequestHandle request, wire::MessageView const& message, Source const& source) = 0;
  // The caller has sent CANCEL for an INVITE that has no final response yet; the CANCEL itself is answered already, and
  // good during the call only.
  virtual void on_cancel(RequestHandle request, wire::MessageView const& cancel) = 0;
  // An ACK that belongs to no refusal of ours: it acknowledges a 2xx end to end, or nothing.
  virtual void on_ack(wire::MessageView const& message, Source const& source) = 0;
  virtual void on_flow_lost(FlowHandle flow) = 0;
  // The connection that the request came on is gone: another way to its sender (RFC 3261 section 18.2.2).
  [[nodiscard]] virtual std::optional<Target> way_back(RequestHandle) { return {}; }
  // The handle names nothing any more: answered and absorbed, or given up (no answer from above, no ACK).
  virtual void on_request_ended(RequestHandle) {}
};

// What a client transaction hears.
struct Heard {
  enum class What : std::uint8_t {
    response,
    timed_out,   // behave as on a 408
    unreachable  // behave as on a 503
  };
  What what = What::response;
  // Of a response; with our own Via still on top. Good during the call only.
  wire::MessageView const* message = nullptr;
  Source const* source = nullptr;
};

// Called for each provisional response, one final one (of an INVITE each 2xx), or once in its place timed_out or
// unreachable; never from inside send_request. After the unreachable of an INVITE whose connection was lost, responses
// may still come over another one (RFC 3261 section 18.2.2). Destroyed when the transaction ends.
using ResponseHandler = std::move_only_function<void(Heard const&)>;

}  // namespace reveille::edge::sip
