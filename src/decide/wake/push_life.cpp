#include "decide/wake/push_life.hpp"

#include "decide/wake/push_schedule.hpp"

#include <utility>

namespace reveille::decide {
namespace {

using model::PushState;
using model::Why;
using namespace push_event;

PushStep tell(PushLife& life, PushState state, Why why, Instant now) {
  life.state = state;
  life.receipt.state = state;
  life.receipt.at = now;
  return {.then = Then::tell, .why = why};
}

// No further try: it never left, or nobody knows.
PushStep end_late(PushLife& life, Why why, Instant now) {
  bool const may_have_left = life.unknown_fates > 0;
  if (life.receipt.reason.empty() || may_have_left)
    life.receipt.reason = may_have_left ? "fate unknown" : "deadline passed";
  return tell(life, may_have_left ? PushState::unknown : PushState::expired, may_have_left ? Why::fate_unknown : why,
              now);
}

PushStep send_now(PushLife& life, Why why, Instant now) {
  if (now >= life.expires_at) return end_late(life, Why::deadline_passed, now);
  life.not_before = now;
  return {.then = Then::send, .why = why};
}

PushStep fate_unknown(PushLife& life, Instant now) {
  ++life.unknown_fates;
  life.under_way = UnderWay::no;
  if (life.withdrawn || life.unknown_fates > most_unknown_fates) return end_late(life, Why::fate_unknown, now);
  return send_now(life, Why::fate_unknown, now);
}

PushStep take_back(PushLife& life, Instant now) {
  if (life.unknown_fates > 0) return end_late(life, Why::fate_unknown, now);
  return tell(life, PushState::taken_back, Why::none, now);
}

// Nothing of this try has left.
PushStep try_again(PushLife& life, Answered const& event, Why why, Instant now) {
  life.state = PushState::accepted;
  if (life.withdrawn) return take_back(life, now);
  if (now >= life.expires_at) return end_late(life, Why::deadline_passed, now);
  auto const soonest = now + wait_after(life.push_class, 1, life.spread, event.answer.retry_after);
  life.not_before = now + wait_after(life.push_class, life.tries, life.spread, event.answer.retry_after);
  if (life.not_before < life.expires_at) return {.then = Then::send, .why = why};
  // What its schedule puts off beyond its deadline has a last try just before.
  life.not_before = life.expires_at - last_try_before_deadline;
  return {.then = soonest <= life.not_before ? Then::send : Then::wait, .why = why};
}

PushStep on_event(PushLife& life, Ready const&, Instant now) {
  return send_now(life, Why::none, now);
}

PushStep on_event(PushLife& life, Sent const&, Instant) {
  life.state = PushState::sending;
  life.under_way = UnderWay::yes;
  return {};
}

PushStep on_event(PushLife& life, Answered const& event, Instant now) {
  life.under_way = UnderWay::no;
  if (life.state != PushState::sending) return {};
  auto const& answer = event.answer;
  auto consequence = consequence_of(answer.verdict, life.push_class);
  if (event.known_fault == Alarm::credential_fault && consequence.token == model::TokenVerdict::quarantined)
    consequence.token = model::TokenVerdict::alive;
  ++life.tries;
  life.receipt.provider_status = answer.status;
  life.receipt.reason = answer.reason;
  PushStep step;
  switch (consequence.act) {
    case Act::done:
      step = tell(life, life.shown_early ? PushState::acknowledged : PushState::accepted_by_provider, Why::none, now);
      break;
    case Act::give_up:
      life.receipt.token = consequence.token;
      life.receipt.dead_since = answer.dead_since;
      step = tell(life, PushState::refused, consequence.why, now);
      break;
    case Act::try_again: step = try_again(life, event, consequence.why, now); break;
    case Act::once_more: step = fate_unknown(life, now); break;
  }
  // With no answer of the provider, a refusal is our own check's: it concerns this notification only.
  bool const is_our_word = consequence.act == Act::give_up && answer.status == 0;
  if (!is_our_word) step.alarm = consequence.alarm;
  return step;
}

PushStep on_event(PushLife& life, DeadlinePassed const&, Instant now) {
  if (life.state == PushState::accepted_by_provider) return tell(life, PushState::unconfirmed, Why::none, now);
  // Its answer comes soon, and is the truer word.
  if (life.under_way == UnderWay::yes) return {};
  return end_late(life, Why::deadline_passed, now);
}

PushStep on_event(PushLife& life, TakenBack const&, Instant now) {
  if (life.state == PushState::accepted_by_provider) return {};
  if (life.under_way == UnderWay::no) return take_back(life, now);
  if (std::exchange(life.withdrawn, true)) return {};
  return {.then = Then::remember};
}

PushStep on_event(PushLife& life, Acknowledged const&, Instant now) {
  bool const may_have_left =
      life.under_way == UnderWay::yes || life.unknown_fates > 0 || life.state == PushState::accepted_by_provider;
  if (life.push_class == model::PushClass::call && !may_have_left) {
    if (std::exchange(life.shown_early, true)) return {};
    return {.then = Then::remember};
  }
  return tell(life, PushState::acknowledged, Why::none, now);
}

PushStep on_event(PushLife& life, FoundAtStart const&, Instant now) {
  if (life.state == PushState::accepted && life.withdrawn) return take_back(life, now);
  if (life.state == PushState::accepted) return send_now(life, Why::node_restarted, now);
  if (life.state == PushState::sending) return fate_unknown(life, now);
  return now >= life.expires_at ? on_event(life, DeadlinePassed{}, now) : PushStep{};
}

}  // namespace

PushStep on(PushLife& life, PushEvent const& event, Instant now) {
  if (model::is_end(life.state)) {
    if (std::holds_alternative<push_event::Answered>(event)) life.under_way = UnderWay::no;
    return {};
  }
  return std::visit([&](auto const& one) { return on_event(life, one, now); }, event);
}

}  // namespace reveille::decide
