// What follows from a provider's answer: one table (B-PUSH-4), apart from when to try again (push_schedule.hpp).
//
// Pure, constexpr; any thread. Sources: Apple, "Handling notification responses from APNs"; B-SIGN-3, B-CALL-4,
// B-CALL-5.
#pragma once

#include "model/provider.hpp"
#include "model/push.hpp"
#include "model/trace.hpp"

#include <cstdint>
#include <utility>

namespace reveille::decide {

enum class Act : std::uint8_t {
  done,       // the provider has it
  try_again,  // provably not taken: freely, by the schedule, inside the deadline
  once_more,  // fate unknown: one more time with the same ids, inside the deadline; then it ends `unknown`
  give_up     // it ends `refused`
};

enum class Alarm : std::uint8_t {
  none,
  credential_refused,  // the provider does not accept our key
  credential_fault,    // too many tokens of one credential fail (B-SIGN-3)
  app_not_set_up,      // the topic is not ours
  clock_wrong,         // the provider calls our fresh token too old
  own_mistake,         // the provider calls our request malformed
  forbidden            // the provider does not allow one notification
};

struct Consequence {
  Act act = Act::give_up;
  model::TokenVerdict token = model::TokenVerdict::alive;
  Alarm alarm = Alarm::none;
  model::Why why = model::Why::none;

  bool operator==(Consequence const&) const = default;
};

[[nodiscard]] constexpr Consequence consequence_of(model::ProviderVerdict verdict, model::PushClass push_class) {
  using enum model::ProviderVerdict;
  using model::TokenVerdict;
  using model::Why;
  switch (verdict) {
    case accepted: return {.act = Act::done};
    case token_gone: return {.act = Act::give_up, .token = TokenVerdict::dead, .why = Why::token_dead};
    case token_wrong: return {.act = Act::give_up, .token = TokenVerdict::quarantined, .why = Why::token_quarantined};
    case topic_refused: return {.act = Act::give_up, .alarm = Alarm::app_not_set_up, .why = Why::provider_refused};
    case payload_too_large:
    case request_refused: return {.act = Act::give_up, .alarm = Alarm::own_mistake, .why = Why::provider_refused};
    // Apple: never to be tried again. It may be the app or the token, so no other notification is held for it.
    case forbidden: return {.act = Act::give_up, .alarm = Alarm::forbidden, .why = Why::provider_refused};
    // A call cannot wait until an administrator has mended the key: its push leg ends at once (B-CALL-5).
    case credential_refused:
      return {.act = push_class == model::PushClass::call ? Act::give_up : Act::try_again,
              .alarm = Alarm::credential_refused,
              .why = Why::no_credential};
    case credential_expired: return {.act = Act::try_again, .alarm = Alarm::clock_wrong, .why = Why::provider_refused};
    case credential_throttled:
    case device_throttled:
    case provider_failing: return {.act = Act::try_again, .why = Why::provider_refused};
    case not_processed: return {.act = Act::try_again, .why = Why::provider_unreachable};
    case fate_unknown: return {.act = Act::once_more, .why = Why::fate_unknown};
  }
  std::unreachable();
}

static_assert(consequence_of(model::ProviderVerdict::token_gone, model::PushClass::call).token ==
              model::TokenVerdict::dead);
static_assert(consequence_of(model::ProviderVerdict::payload_too_large, model::PushClass::message).act == Act::give_up);
static_assert(consequence_of(model::ProviderVerdict::forbidden, model::PushClass::message).act == Act::give_up);
static_assert(consequence_of(model::ProviderVerdict::credential_refused, model::PushClass::call).act == Act::give_up);
static_assert(consequence_of(model::ProviderVerdict::credential_refused, model::PushClass::message).act ==
              Act::try_again);

}  // namespace reveille::decide
