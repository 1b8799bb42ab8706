// The life of one notification in the push service (B-CALL-4, B-PUSH-3, B-PUSH-8), as a pure machine.
//
//      ┌───────────────── try again ─────────────────┐
//      ▼                                             │       (once more: `sending` again)
//   accepted ──Ready──▶ (send) ──▶ sending ──Answered──▶ accepted_by_provider ──Acknowledged──▶ acknowledged
//      │                              │  │                       └──Deadline──▶ unconfirmed
//      ├──TakenBack──▶ taken_back ◀───┘  └──Answered──▶ refused, unknown
//      ├──Deadline───▶ expired ◀── while nothing of it has left
//      └──Acknowledged──▶ acknowledged (from every state that is no end)
//
// A call of which nothing has left yet is sent all the same when its phone shows itself: that sign was on its way
// before the push, perhaps from an app that is gone by now. It ends `acknowledged` once the provider has it.
//
// What is taken back while it is under way is too late to be stopped, but it is not sent another time: it ends
// `taken_back` where it provably did not leave, and `unknown` where nobody knows.
//
// What provably did not leave is `accepted` again until its next try. `sending` is on disk before the first byte
// leaves; so a notification that is found `sending` at the start of the process has an unknown fate. It is sent once
// more while there is time, with the same ids; then it ends `unknown`. Threads: any. Values only.
#pragma once

#include "base/instant.hpp"
#include "decide/wake/push_consequence.hpp"
#include "model/provider.hpp"
#include "model/push.hpp"
#include "model/trace.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace reveille::decide {

// A notification with one unknown fate may be sent once more.
inline constexpr unsigned most_unknown_fates = 1;
// The last try leaves the provider some time to answer.
inline constexpr Duration last_try_before_deadline = 500ms;

enum class UnderWay : std::uint8_t { no, yes };  // with the provider's sender, so that bytes may have left

struct PushLife {
  model::PushClass push_class = model::PushClass::message;
  Instant expires_at = {};
  std::uint8_t spread = 0;  // push_schedule.hpp
  model::PushState state = model::PushState::accepted;
  UnderWay under_way = UnderWay::no;
  unsigned tries = 0;          // answered by the provider or lost
  unsigned unknown_fates = 0;  // sendings of which nobody knows what became
  bool shown_early = false;    // acknowledged before anything had left
  bool withdrawn = false;      // taken back while it was under way: not another time
  Instant not_before = {};     // the next try
  model::PushReceipt receipt = {};

  bool operator==(PushLife const&) const = default;
};

namespace push_event {
struct Ready {};  // on disk: may be sent
struct Sent {};   // handed to the provider's sender
struct Answered {
  model::ProviderAnswer answer = {};
  Alarm known_fault = Alarm::none;  // credential_fault: the token is not to blame (credential_health.hpp)
};
struct DeadlinePassed {};
struct TakenBack {};
struct Acknowledged {};
struct FoundAtStart {};
}  // namespace push_event
using PushEvent = std::variant<push_event::Ready, push_event::Sent, push_event::Answered, push_event::DeadlinePassed,
                               push_event::TakenBack, push_event::Acknowledged, push_event::FoundAtStart>;

enum class Then : std::uint8_t {
  nothing,
  send,      // at life.not_before, when there is room
  wait,      // there is no further try in its time: for its deadline, or to be taken back
  remember,  // to be recorded before who said so is answered
  tell       // a final word: to be recorded, then told
};

struct PushStep {
  Then then = Then::nothing;
  model::Why why = model::Why::none;
  Alarm alarm = Alarm::none;

  bool operator==(PushStep const&) const = default;
};

// Changes `life`, and says what is to be done.
PushStep on(PushLife& life, PushEvent const& event, Instant now);

}  // namespace reveille::decide
