#include "wire/sip/server_transaction.hpp"

namespace reveille::sip {
namespace {

using State = ServerTransaction;
using Phase = State::Phase;
using enum ActionKind;
using Timer = TransactionTimer;

bool is_unanswered(State const& state) {
  return state.phase == Phase::trying || state.phase == Phase::proceeding;
}

State terminated(State state, Actions& then) {
  then.add(terminate);
  state.phase = Phase::terminated;
  return state;
}

State start(State state, Actions& then, Instant now) {
  // RFC 4320 section 4.1: a 100 must follow when nothing else has been sent by the time timer E reaches T2. Our user
  // has until timer F of the client, and with no answer by then (section 4.2) none at all is sent.
  then.arm(Timer::trying, now + late_trying_after());
  then.arm(Timer::j, now + timer_f);
  state.phase = Phase::trying;
  return state;
}

State on_response(State state, int status, Actions& then, Instant now) {
  if (!is_unanswered(state)) return state;
  // RFC 4320 section 4.1: no provisional response from above; the one 100 is timed here.
  if (!is_success(status) && !is_refusal(status)) return state;
  then.disarm(Timer::trying);
  // RFC 4320 section 4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request."
  if (status == 408) return terminated(state, then);
  then.add(send_response);
  // Timer J is zero for reliable transports.
  if (state.reliability == Reliability::reliable) return terminated(state, then);
  then.arm(Timer::j, now + timer_j);
  state.phase = Phase::completed;
  return state;
}

State on_timer(State state, Timer timer, Actions& then) {
  if (timer == Timer::trying && state.phase == Phase::trying) {
    then.add(send_trying);
    state.phase = Phase::proceeding;
    return state;
  }
  if (timer != Timer::j || state.phase == Phase::terminated) return state;
  if (is_unanswered(state)) then.add(report_timeout);
  return terminated(state, then);
}

}  // namespace

Step<ServerTransaction> on(ServerTransaction state, ServerInput const& input, Instant now) {
  Actions then;
  State const next =
      std::visit(Overloaded{
                     [&](Started) { return state.phase == Phase::idle ? start(state, then, now) : state; },
                     [&](ReceivedAgain) {
                       // "Trying": discarded. "Proceeding", "Completed": the last response again.
                       if (state.phase == Phase::proceeding || state.phase == Phase::completed)
                         then.add(repeat_response);
                       return state;
                     },
                     // An ACK belongs to no such transaction.
                     [&](ReceivedAck) { return state; },
                     [&](ResponseHandedDown response) { return on_response(state, response.status, then, now); },
                     [&](TimerFired fired) { return on_timer(state, fired.timer, then); },
                     [&](TransportFailed) {
                       // RFC 6026 section 7.1 for INVITE, and as good a rule here: what is repeated must not look new.
                       if (is_unanswered(state) || state.phase == Phase::completed) then.add(report_transport_error);
                       return state;
                     },
                 },
                 input);
  return {.next = next, .then = then};
}

}  // namespace reveille::sip
