#include "wire/sip/client_transaction.hpp"

namespace reveille::sip {
namespace {

using State = ClientTransaction;
using Phase = State::Phase;
using enum ActionKind;
using Timer = TransactionTimer;

bool is_waiting(State const& state) {
  return state.phase == Phase::trying || state.phase == Phase::proceeding;
}

State terminated(State state, Actions& then) {
  then.add(terminate);
  state.phase = Phase::terminated;
  return state;
}

State start(State state, Actions& then, Instant now) {
  // "SHOULD set timer F to fire in 64*T1 seconds"; timer E "if an unreliable transport is in use".
  then.add(send_request);
  if (state.reliability == Reliability::unreliable) then.arm(Timer::e, now + state.interval);
  then.arm(Timer::f, now + timer_f);
  state.phase = Phase::trying;
  return state;
}

State on_response(State state, int status, Actions& then, Instant now) {
  if (!is_waiting(state)) return state;
  if (is_provisional(status)) {
    // Retransmissions go on, "but at an interval of T2", from the next one on.
    then.add(pass_response);
    state.phase = Phase::proceeding;
    return state;
  }
  if (!is_success(status) && !is_refusal(status)) return state;
  then.disarm(Timer::e);
  then.add(pass_response);
  // Timer K is zero for reliable transports.
  if (state.reliability == Reliability::reliable) return terminated(state, then);
  then.arm(Timer::k, now + timer_k);
  state.phase = Phase::completed;
  return state;
}

State on_timer(State state, Timer timer, Actions& then, Instant now) {
  if (timer == Timer::e && is_waiting(state)) {
    // "Trying": MIN(2*T1, T2), MIN(4*T1, T2) …; "Proceeding": "timer E MUST be reset with a value of T2 seconds".
    state.interval = state.phase == Phase::trying ? doubled_up_to_t2(state.interval) : t2;
    then.add(send_request);
    then.arm(Timer::e, now + state.interval);
    return state;
  }
  if (timer == Timer::f && is_waiting(state)) {
    then.add(report_timeout);
    return terminated(state, then);
  }
  return timer == Timer::k && state.phase == Phase::completed ? terminated(state, then) : state;
}

State on_transport_error(State state, Actions& then) {
  if (!is_waiting(state)) return state;
  then.add(report_transport_error);
  return terminated(state, then);
}

}  // namespace

Step<ClientTransaction> on(ClientTransaction state, ClientInput const& input, Instant now) {
  Actions then;
  State const next =
      std::visit(Overloaded{
                     [&](Started) { return state.phase == Phase::idle ? start(state, then, now) : state; },
                     [&](ReceivedResponse response) { return on_response(state, response.status, then, now); },
                     [&](CancelWanted) { return state; },
                     [&](TimerFired fired) { return on_timer(state, fired.timer, then, now); },
                     [&](TransportFailed) { return on_transport_error(state, then); },
                 },
                 input);
  return {.next = next, .then = then};
}

}  // namespace reveille::sip
