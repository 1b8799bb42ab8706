// Refresh pushes (RFC 8599 sections 4.1.3 and 5.5; B-CALL-7): a client that sleeps registers again when it is pushed,
// before its binding expires. Pure; any thread.
//
// They are for third parties' clients, whose expiry is the end (B-SIGN-5). A client of ours needs none: it stays
// reachable by push without a binding. Nor does one get here that refreshes by itself, for its binding never comes near
// its end.
#pragma once

#include "base/instant.hpp"
#include "model/device.hpp"
#include "model/push.hpp"

#include <optional>

namespace reveille::decide {

struct RefreshDue {
  Instant at = {};          // when the push is to go out
  Instant expires_at = {};  // the end of the device's last binding, and of the push
};

// Nothing for a device that gets none: one of ours, without a binding, or without a token beside that of the VoIP
// channel, which shows a call each time (B-SIGN-5).
[[nodiscard]] std::optional<RefreshDue> refresh_due(model::Registrations const& registrations,
                                                    model::Device const& device, Instant now);

[[nodiscard]] model::PushRequest refresh_push_of(model::AccountId const& account, model::Device const& device,
                                                 Instant expires_at);

}  // namespace reveille::decide
