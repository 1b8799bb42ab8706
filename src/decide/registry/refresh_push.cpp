#include "decide/registry/refresh_push.hpp"

#include "decide/registry/expiry.hpp"
#include "decide/wake/should_wake.hpp"
#include "model/registration.hpp"

#include <algorithm>
#include <string>

namespace reveille::decide {

std::optional<RefreshDue> refresh_due(model::Registrations const& registrations, model::Device const& device,
                                      Instant now) {
  if (!is_third_party(device) || !device.services.call) return {};
  if (model::channel_of(device, model::ChannelName::message).token.empty()) return {};
  Instant expires_at = now;
  for (auto const& binding : registrations.bindings)
    if (binding.instance == device.instance) expires_at = std::max(expires_at, binding.expires_at);
  if (expires_at == now) return {};
  // A binding that was granted less than that has its push half-way.
  auto const at = expires_at - model::push_refresh_before_end;
  return RefreshDue{.at = at > now ? at : now + (expires_at - now) / 2, .expires_at = expires_at};
}

model::PushRequest refresh_push_of(model::AccountId const& account, model::Device const& device, Instant expires_at) {
  // One for each registration, whoever asks: the same words, the same push (B-CALL-4).
  auto const id = model::derive_uuid("binding-refresh",
                                     {account.value, device.instance.value, std::to_string(unix_seconds(expires_at))});
  return {.id = model::PushId{id},
          .account = account,
          .instance = device.instance,
          .target = push_target_of(device, model::ChannelName::message),
          .push_class = model::PushClass::background,
          .channel = model::ChannelName::message,
          .expires_at = expires_at,
          .tracking = model::TrackingId{id}};
}

}  // namespace reveille::decide
