#include "wire/sip/server_invite_transaction.hpp"

namespace reveille::sip {
namespace {

using State = ServerInviteTransaction;
using Phase = State::Phase;
using enum ActionKind;
using Timer = TransactionTimer;

State terminated(State state, Actions& then) {
  then.add(terminate);
  state.phase = Phase::terminated;
  return state;
}

State on_response(State state, int status, Actions& then, Instant now) {
  // RFC 6026 section 7.1: "Any retransmission of the 2xx response passed from the TU … MUST be passed to the
  // transport."
  if (state.phase == Phase::accepted && is_success(status)) then.add(send_response);
  if (state.phase != Phase::proceeding) return state;
  // The machine has sent its own 100; another adds nothing, but is what a repetition may carry.
  if (is_provisional(status) || is_success(status) || is_refusal(status)) then.add(send_response);
  if (is_provisional(status)) then.arm(Timer::unanswered, now + unanswered_wait);
  if (is_success(status)) {
    then.arm(Timer::l, now + timer_l);
    state.phase = Phase::accepted;
  }
  if (is_refusal(status)) {
    // "For unreliable transports, timer G is set to fire in T1 seconds"; "timer H … in 64*T1 seconds for all".
    if (state.reliability == Reliability::unreliable) then.arm(Timer::g, now + state.interval);
    then.arm(Timer::h, now + timer_h);
    state.phase = Phase::completed;
  }
  return state;
}

State on_ack(State state, Actions& then, Instant now) {
  switch (state.phase) {
    case Phase::completed:
      then.disarm(Timer::g);
      // Timer I is zero for reliable transports.
      if (state.reliability == Reliability::reliable) return terminated(state, then);
      then.arm(Timer::i, now + timer_i);
      state.phase = Phase::confirmed;
      return state;
    case Phase::accepted:
      // RFC 6026 section 7.1: "Any ACKs received … while in the Accepted state MUST be passed directly to the TU."
      then.add(pass_ack);
      return state;
    case Phase::idle:
    case Phase::proceeding:
    case Phase::confirmed:
    case Phase::terminated: return state;
  }
  std::unreachable();
}

State on_timer(State state, Timer timer, Actions& then, Instant now) {
  if (timer == Timer::g && state.phase == Phase::completed) {
    state.interval = doubled_up_to_t2(state.interval);
    then.add(repeat_response);
    then.arm(Timer::g, now + state.interval);
    return state;
  }
  if (timer == Timer::h && state.phase == Phase::completed) {
    // "MUST indicate to the TU that a transaction failure has occurred."
    then.disarm(Timer::g);
    then.add(report_no_ack);
    return terminated(state, then);
  }
  if (timer == Timer::unanswered && state.phase == Phase::proceeding) {
    then.add(report_timeout);
    return terminated(state, then);
  }
  bool const absorbed =
      (timer == Timer::i && state.phase == Phase::confirmed) || (timer == Timer::l && state.phase == Phase::accepted);
  return absorbed ? terminated(state, then) : state;
}

State on_repetition(State state, Actions& then) {
  // "Proceeding": the most recent provisional response; "Completed": the final one; "Accepted" absorbs it (RFC 6026).
  if (state.phase == Phase::proceeding || state.phase == Phase::completed) then.add(repeat_response);
  return state;
}

State on_transport_error(State state, Actions& then) {
  // RFC 6026 section 7.1: the machine "MUST remain in its current state" and so absorbs what is repeated.
  if (state.phase == Phase::proceeding || state.phase == Phase::completed || state.phase == Phase::accepted)
    then.add(report_transport_error);
  return state;
}

}  // namespace

Step<ServerInviteTransaction> on(ServerInviteTransaction state, ServerInput const& input, Instant now) {
  Actions then;
  State const next =
      std::visit(Overloaded{
                     [&](Started) {
                       if (state.phase != Phase::idle) return state;
                       then.add(send_trying);
                       then.arm(Timer::unanswered, now + unanswered_wait);
                       state.phase = Phase::proceeding;
                       return state;
                     },
                     [&](ReceivedAgain) { return on_repetition(state, then); },
                     [&](ReceivedAck) { return on_ack(state, then, now); },
                     [&](ResponseHandedDown response) { return on_response(state, response.status, then, now); },
                     [&](TimerFired fired) { return on_timer(state, fired.timer, then, now); },
                     [&](TransportFailed) { return on_transport_error(state, then); },
                 },
                 input);
  return {.next = next, .then = then};
}

}  // namespace reveille::sip
