// The registrar: RFC 3261 section 10.3 steps 6 to 8, RFC 8599 sections 4.1 and 5.6 for a registrar that is its own
// proxy. Pure; any thread. Steps 1 to 5 (domain, Require, authentication, authority, address of record) are the door's.
#pragma once

#include "base/instant.hpp"
#include "decide/wake/should_wake.hpp"
#include "model/registration.hpp"
#include "model/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

// While push is switched off (B-PUSH-0), tokens are kept and none is offered.
// All of the request is done or nothing of it: on a status other than 200 the registrations are as they were.
[[nodiscard]] model::RegisterOutcome on_register(model::Registrations& registrations,
                                                 model::RegisterRequest const& request,
                                                 model::RegistrarPolicy const& policy, PushOffer offer, Instant now);

}  // namespace reveille::decide
