#include "decide/registry/expiry.hpp"

#include "decide/registry/merge.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

using model::Binding;
using model::Device;
using model::Registrations;

bool is_unseen(Device const& device, model::WakePolicy const& policy, Instant now) {
  return device.seen_at + policy.device_unseen_for <= now;
}

bool has_binding(Registrations const& registrations, model::InstanceId const& instance) {
  return std::ranges::any_of(registrations.bindings, [&](Binding const& b) { return b.instance == instance; });
}

}  // namespace

bool is_third_party(Device const& device) {
  return device.os_version.empty();
}

std::vector<model::InstanceId> drop_expired(Registrations& registrations, Instant now) {
  std::vector<model::InstanceId> lost;
  std::erase_if(registrations.bindings, [&](Binding const& binding) {
    if (binding.expires_at > now) return false;
    lost.push_back(binding.instance);
    return true;
  });
  return lost;
}

std::vector<model::InstanceId> end_expired(Registrations& registrations, std::vector<model::InstanceId> const& lost) {
  std::vector<model::InstanceId> ended;
  for (auto const& instance : lost) {
    auto const* const device = model::find_device(registrations, instance);
    if (device == nullptr || !is_third_party(*device) || has_binding(registrations, instance)) continue;
    if (end_service(registrations, instance, Service::call)) ended.push_back(instance);
  }
  return ended;
}

Swept sweep(Registrations& registrations, model::WakePolicy const& policy, Instant now) {
  Swept swept;
  swept.lost_binding = drop_expired(registrations, now);
  swept.changed = !swept.lost_binding.empty();
  std::erase_if(swept.lost_binding, [](model::InstanceId const& instance) { return instance.empty(); });
  swept.signed_out = end_expired(registrations, swept.lost_binding);
  std::erase_if(registrations.devices, [&](Device const& device) {
    if (!is_unseen(device, policy, now)) return false;
    if (device.services.call || device.services.im) swept.signed_out.push_back(device.instance);
    return swept.changed = true;
  });
  return swept;
}

}  // namespace reveille::decide
