// What the four transaction machines of RFC 3261 section 17 have in common: their inputs and their actions.
//
// A machine is a value; `on(state, input, now)` gives the next value and what its runner has to do, in that order.
// Nothing here knows a message: the runner keeps the request, and the last response, and is told when to send which.
// The runner keeps two timers for a transaction, one for each TimerSlot: at any time a machine uses at most one of
// each. After `terminate` a machine asks for nothing more, whatever it hears. No allocation, any thread.
#pragma once

#include "base/instant.hpp"
#include "wire/sip/status.hpp"
#include "wire/sip/timers.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace reveille::sip {

enum class TransactionTimer : std::uint8_t {
  a,           // INVITE client: repeat the request
  b,           // INVITE client: give up
  c,           // INVITE client: rings for too long (RFC 3261 section 16.6 step 11)
  cancelled,   // INVITE client: nothing came after our CANCEL (RFC 3261 section 9.1)
  d,           // INVITE client: acknowledged, absorb repetitions
  m,           // INVITE client: accepted, let further 2xx through (RFC 6026)
  e,           // non-INVITE client: repeat the request
  f,           // non-INVITE client: give up
  k,           // non-INVITE client: answered, absorb repetitions
  g,           // INVITE server: repeat the response
  h,           // INVITE server: no ACK came
  i,           // INVITE server: acknowledged, absorb repetitions
  l,           // INVITE server: accepted, absorb repetitions (RFC 6026)
  unanswered,  // INVITE server: nobody has answered it, nor will
  trying,      // non-INVITE server: a 100 is due (RFC 4320)
  j            // non-INVITE server: answered, absorb repetitions
};

enum class TimerSlot : std::uint8_t { repeat, lifetime };

[[nodiscard]] constexpr TimerSlot slot_of(TransactionTimer timer) {
  using enum TransactionTimer;
  switch (timer) {
    case a:
    case e:
    case g:
    case trying: return TimerSlot::repeat;
    case b:
    case c:
    case cancelled:
    case d:
    case m:
    case f:
    case k:
    case h:
    case i:
    case l:
    case unanswered:
    case j: return TimerSlot::lifetime;
  }
  std::unreachable();
}

enum class ActionKind : std::uint8_t {
  send_request,            // the request, for the first time or again
  send_cancel,             // a CANCEL for the request, as a transaction of its own (RFC 3261 section 9.1)
  send_ack,                // the ACK to the final response that was just received (section 17.1.1.3)
  pass_response,           // the response that was just received goes up
  send_trying,             // our own 100
  send_response,           // the response that was just handed down
  repeat_response,         // the last response sent, again
  pass_ack,                // the ACK that was just received goes up: it answers a 2xx
  report_timeout,          // nobody answered: the user of the transaction behaves as on a 408
  report_transport_error,  // it could not be sent: as on a 503
  report_no_ack,           // the final response was never acknowledged
  arm,                     // `timer` fires at `at`; replaces what its slot held
  disarm,                  // the slot of `timer` is empty
  terminate                // the transaction has ended: forget it
};

struct Action {
  ActionKind kind = ActionKind::terminate;
  TransactionTimer timer = TransactionTimer::a;
  Instant at = {};

  bool operator==(Action const&) const = default;
};

// The few actions of one step, in order.
class Actions {
 public:
  static constexpr std::size_t capacity = 6;

  constexpr void add(ActionKind kind) { add(Action{.kind = kind}); }
  constexpr void arm(TransactionTimer timer, Instant at) {
    add(Action{.kind = ActionKind::arm, .timer = timer, .at = at});
  }
  constexpr void disarm(TransactionTimer timer) { add(Action{.kind = ActionKind::disarm, .timer = timer}); }

  [[nodiscard]] constexpr Action const* begin() const { return actions_.data(); }
  [[nodiscard]] constexpr Action const* end() const { return actions_.data() + size_; }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }

 private:
  constexpr void add(Action action) { actions_[size_++] = action; }

  std::array<Action, capacity> actions_{};
  std::size_t size_ = 0;
};

template <class State>
struct Step {
  State next = {};
  Actions then = {};
};

// The request is to be sent, or has just come. The first input of every machine, and never again.
struct Started {};
// A response that matches the client transaction (section 17.1.3).
struct ReceivedResponse {
  int status = 0;
};
// The user of an INVITE client transaction has lost interest.
struct CancelWanted {};
// The request of a server transaction came again (section 17.2.3).
struct ReceivedAgain {};
struct ReceivedAck {};
// The user of a server transaction answers.
struct ResponseHandedDown {
  int status = 0;
};
struct TimerFired {
  TransactionTimer timer = TransactionTimer::a;
};
// Nothing can be sent to the other side any more.
struct TransportFailed {};

using ClientInput = std::variant<Started, ReceivedResponse, CancelWanted, TimerFired, TransportFailed>;
using ServerInput = std::variant<Started, ReceivedAgain, ReceivedAck, ResponseHandedDown, TimerFired, TransportFailed>;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

[[nodiscard]] constexpr bool is_refusal(int status) {
  return status >= 300 && status < 700;
}

[[nodiscard]] std::string_view name_of(TransactionTimer timer);
[[nodiscard]] std::string_view name_of(ActionKind kind);

}  // namespace reveille::sip
