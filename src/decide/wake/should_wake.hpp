// Whether a call is pushed to a device, and why (not). B-PUSH-0, B-CALL-1, B-SIGN-3. Pure; any thread; speaks no
// protocol.
#pragma once

#include "base/instant.hpp"
#include "model/device.hpp"
#include "model/push.hpp"
#include "model/settings.hpp"
#include "model/trace.hpp"

#include <cstdint>
#include <optional>

namespace reveille::decide {

// What push can do: the cluster's switch (B-PUSH-0) and the providers that have a credential.
struct PushOffer {
  bool switched_on = false;
  bool apns = false;  // production
  bool apns_sandbox = false;
  bool fcm = false;

  bool operator==(PushOffer const&) const = default;
};
// By which it is decided whether to ask for a push. A key that the provider has refused counts: who asks finds out anew
// or waits, while what is not asked for is never pushed.
[[nodiscard]] PushOffer push_offer_of(model::PushPort const& port, model::WakePolicy const& policy);
// What clients are offered (RFC 8599): only what is usable now.
[[nodiscard]] PushOffer usable_offer_of(model::PushPort const& port, model::WakePolicy const& policy);
[[nodiscard]] bool is_served(model::Provider provider, model::Environment environment, PushOffer offer);

enum class WakeVerdict : std::uint8_t { let_sleep, wake };

struct Wake {
  WakeVerdict verdict = WakeVerdict::let_sleep;
  model::Why because = model::Why::none;

  bool operator==(Wake const&) const = default;
};

// A call wakes every device that uses calls, foreground or not (section 4 of the contract).
[[nodiscard]] Wake should_wake_for_call(model::Device const& device, PushOffer offer, Instant now);

// Whether that channel can be pushed at all: switched on, a token, alive, a credential. `because` is `none` when it
// can.
[[nodiscard]] Wake can_push(model::Device const& device, model::ChannelName channel, PushOffer offer, Instant now);

// The channel of the notices that follow a call (B-CALL-3).
[[nodiscard]] model::ChannelName notice_channel_of(model::Device const& device);

// What the provider needs to know of that channel of the device.
[[nodiscard]] model::PushTarget push_target_of(model::Device const& device, model::ChannelName channel);

}  // namespace reveille::decide
