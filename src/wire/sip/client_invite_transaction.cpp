#include "wire/sip/client_invite_transaction.hpp"

namespace reveille::sip {
namespace {

using State = ClientInviteTransaction;
using Phase = State::Phase;
using enum ActionKind;
using Timer = TransactionTimer;

State terminated(State state, Actions& then) {
  then.add(terminate);
  state.phase = Phase::terminated;
  return state;
}

State start(State state, Actions& then, Instant now) {
  // "MUST pass the request to the transport layer"; timer A for unreliable transports only, timer B for any.
  then.add(send_request);
  if (state.reliability == Reliability::unreliable) then.arm(Timer::a, now + state.interval);
  then.arm(Timer::b, now + timer_b);
  state.phase = Phase::calling;
  return state;
}

State send_the_cancel(State state, Actions& then, Instant now) {
  // Section 9.1: with no final response in 64*T1 seconds, "consider the original transaction cancelled".
  if (state.flow == State::Flow::stands) then.add(send_cancel);
  then.arm(Timer::cancelled, now + cancelled_wait);
  state.cancel = State::Cancel::sent;
  return state;
}

State on_provisional(State state, int status, Actions& then, Instant now) {
  if (state.phase != Phase::calling && state.phase != Phase::proceeding) return state;
  // "The client transaction SHOULD NOT retransmit the request any longer", and B has done its work.
  bool const first = state.phase == Phase::calling;
  if (first) then.disarm(Timer::a);
  // Section 16.7 step 2: timer C is "reset" by each provisional response but 100; here it takes the place of B.
  if (first || (status != 100 && state.cancel != State::Cancel::sent)) then.arm(Timer::c, now + timer_c);
  state.phase = Phase::proceeding;
  then.add(pass_response);
  // Section 9.1: a CANCEL that was wanted before any response goes out now.
  return state.cancel == State::Cancel::wanted ? send_the_cancel(state, then, now) : state;
}

State on_success(State state, Actions& then, Instant now) {
  switch (state.phase) {
    case Phase::calling:
    case Phase::proceeding:
      // RFC 6026 section 8.4: to "Accepted"; "MUST NOT generate an ACK to the 2xx response".
      then.disarm(Timer::a);
      then.add(pass_response);
      then.arm(Timer::m, now + timer_m);
      state.phase = Phase::accepted;
      return state;
    case Phase::accepted:
      // "Any 2xx responses … received while in the Accepted state MUST be passed up."
      then.add(pass_response);
      return state;
    case Phase::idle:
    case Phase::completed:
    case Phase::terminated: return state;
  }
  std::unreachable();
}

State on_refusal(State state, Actions& then, Instant now) {
  switch (state.phase) {
    case Phase::calling:
    case Phase::proceeding:
      // "MUST pass the received response up to the TU, and … MUST generate an ACK request, even if … reliable."
      then.disarm(Timer::a);
      then.add(send_ack);
      then.add(pass_response);
      // Timer D is zero for reliable transports.
      if (state.reliability == Reliability::reliable) return terminated(state, then);
      then.arm(Timer::d, now + timer_d);
      state.phase = Phase::completed;
      return state;
    case Phase::completed:
      // "MUST cause the ACK to be re-passed … but the newly received response MUST NOT be passed up."
      then.add(send_ack);
      return state;
    case Phase::idle:
    case Phase::accepted:
    case Phase::terminated: return state;
  }
  std::unreachable();
}

State on_timer(State state, Timer timer, Actions& then, Instant now) {
  if (timer == Timer::a && state.phase == Phase::calling) {
    // "MUST retransmit the request … and MUST reset the timer with a value of 2*T1", doubling each time.
    state.interval *= 2;
    then.add(send_request);
    then.arm(Timer::a, now + state.interval);
    return state;
  }
  // Section 16.8: "the proxy MUST generate a CANCEL request matching that transaction".
  bool const rings_in_vain = timer == Timer::c && state.phase == Phase::proceeding;
  if (rings_in_vain && state.flow == State::Flow::stands) return send_the_cancel(state, then, now);
  bool const unanswered = (timer == Timer::b && state.phase == Phase::calling) ||
                          (timer == Timer::cancelled && state.phase == Phase::proceeding) || rings_in_vain;
  // "The client transaction SHOULD inform the TU that a timeout has occurred. [It] MUST NOT generate an ACK."
  if (unanswered && state.flow == State::Flow::stands) then.add(report_timeout);
  bool const absorbed =
      (timer == Timer::d && state.phase == Phase::completed) || (timer == Timer::m && state.phase == Phase::accepted);
  return unanswered || absorbed ? terminated(state, then) : state;
}

State on_cancel(State state, Actions& then, Instant now) {
  if (state.cancel != State::Cancel::not_wanted) return state;
  switch (state.phase) {
    case Phase::calling:
      // Section 9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent."
      state.cancel = State::Cancel::wanted;
      return state;
    case Phase::proceeding: return send_the_cancel(state, then, now);
    // "If the original request has generated a final response, the CANCEL SHOULD NOT be sent."
    case Phase::completed:
    case Phase::accepted:
    case Phase::idle:
    case Phase::terminated: return state;
  }
  std::unreachable();
}

State on_transport_error(State state, Actions& then) {
  switch (state.phase) {
    case Phase::calling:
    case Phase::completed: then.add(report_transport_error); return terminated(state, then);
    // Section 17.1.1.2 and figure 5 have no such arrow here: what was sent has arrived, and the answer may still come.
    case Phase::proceeding:
      if (state.flow == State::Flow::stands) then.add(report_transport_error);
      state.flow = State::Flow::lost;
      return state;
    case Phase::accepted:
    case Phase::idle:
    case Phase::terminated: return state;
  }
  std::unreachable();
}

}  // namespace

Step<ClientInviteTransaction> on(ClientInviteTransaction state, ClientInput const& input, Instant now) {
  Actions then;
  State const next =
      std::visit(Overloaded{
                     [&](Started) { return state.phase == Phase::idle ? start(state, then, now) : state; },
                     [&](ReceivedResponse response) {
                       if (is_provisional(response.status)) return on_provisional(state, response.status, then, now);
                       if (is_success(response.status)) return on_success(state, then, now);
                       return is_refusal(response.status) ? on_refusal(state, then, now) : state;
                     },
                     [&](CancelWanted) { return on_cancel(state, then, now); },
                     [&](TimerFired fired) { return on_timer(state, fired.timer, then, now); },
                     [&](TransportFailed) { return on_transport_error(state, then); },
                 },
                 input);
  return {.next = next, .then = then};
}

}  // namespace reveille::sip
