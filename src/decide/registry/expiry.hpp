// What time alone does to registrations: B-SIGN-5. Pure; any thread.
#pragma once

#include "base/instant.hpp"
#include "model/device.hpp"
#include "model/settings.hpp"

#include <cstdint>
#include <vector>

namespace reveille::decide {

struct Swept {
  bool changed = false;
  std::vector<model::InstanceId> signed_out = {};
  std::vector<model::InstanceId> lost_binding = {};
};

// The expiry of a binding is not signing out: a device of ours stays reachable by push until it has been unseen for
// 90 days. One that never said what it runs on is a third party's (RFC 8599 client): for it the RFC's rule holds, no
// push after expiry. Devices that signed out are forgotten after the same 90 days.
[[nodiscard]] Swept sweep(model::Registrations& registrations, model::WakePolicy const& policy, Instant now);

// Its halves that concern bindings: those that have run out are dropped, and whose they were is returned; of those,
// third parties' devices that have no other binding lose their calls, and are returned.
[[nodiscard]] std::vector<model::InstanceId> drop_expired(model::Registrations& registrations, Instant now);
[[nodiscard]] std::vector<model::InstanceId> end_expired(model::Registrations& registrations,
                                                         std::vector<model::InstanceId> const& lost);

// True for a device that spoke plain RFC 8599 and nothing of ours.
[[nodiscard]] bool is_third_party(model::Device const& device);

}  // namespace reveille::decide
