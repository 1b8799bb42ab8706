#include "decide/registry/merge.hpp"

#include "model/push_token.hpp"

#include <algorithm>
#include <utility>

namespace reveille::decide {
namespace {

using model::Channel;
using model::ChannelName;
using model::Device;
using model::DeviceUpdate;
using model::Freshness;

template <class T>
bool take(T& field, std::optional<T> const& named) {
  if (!named || field == *named) return false;
  field = *named;
  return true;
}

// The app stands by its token: what the provider said of it before is of an earlier registration. Where it called it
// dead, the app is believed once, until the next verdict.
bool take_again(Channel& channel, DeviceUpdate const& update, Instant now) {
  if (channel.token.empty() || update.freshness == Freshness::refresh) return false;
  bool const was_blamed = channel.dead_since || channel.quarantined_until;
  channel = {.token = std::move(channel.token), .since = now};
  return was_blamed;
}

// B-SIGN-2: a channel's token is replaced by the newest registration that names that channel.
bool take_channel(Device& device, ChannelName name, DeviceUpdate const& update, Instant now,
                  std::vector<std::string>& claimed) {
  auto const& named = name == ChannelName::voip ? update.voip_token : update.message_token;
  if (!named) return false;
  auto& channel = model::channel_of(device, name);
  if (channel.token == *named) return take_again(channel, update, now);
  auto const token = model::kept_token(device.provider, *named);
  if (channel.token == token) return take_again(channel, update, now);
  channel = token.empty() ? Channel{} : Channel{.token = token, .since = now};
  if (!token.empty() && std::ranges::find(claimed, token) == claimed.end()) claimed.push_back(token);
  return true;
}

bool has_signed_out(Device const& device) {
  return !device.services.call && !device.services.im;
}

// Makes room for one more device where the account has its fill.
bool make_room(model::Registrations& registrations) {
  auto& devices = registrations.devices;
  if (devices.size() < most_devices) return true;
  auto oldest = devices.end();
  for (auto at = devices.begin(); at != devices.end(); ++at)
    if (has_signed_out(*at) && (oldest == devices.end() || at->seen_at < oldest->seen_at)) oldest = at;
  if (oldest == devices.end()) return false;
  devices.erase(oldest);
  return true;
}

bool take_fields(Device& device, DeviceUpdate const& update, Instant now, std::vector<std::string>& claimed) {
  bool changed = take(device.app, update.app);
  changed |= take(device.platform, update.platform);
  changed |= take(device.os_version, update.os_version);
  changed |= take(device.provider, update.provider);
  changed |= take(device.environment, update.environment);
  changed |= take(device.team, update.team);
  changed |= take(device.project, update.project);
  changed |= take(device.layout, update.layout);
  changed |= take(device.services.call, update.uses_call);
  changed |= take(device.services.im, update.uses_im);
  changed |= take(device.away_in_background, update.away_in_background);
  changed |= take(device.content_key, update.content_key);
  changed |= take_channel(device, ChannelName::voip, update, now, claimed);
  changed |= take_channel(device, ChannelName::message, update, now, claimed);
  return changed;
}

// A device without a service is not pushed: its tokens are forgotten, so that they can serve someone else.
void forget_what_is_unused(Device& device) {
  if (!has_signed_out(device)) return;
  device.voip = {};
  device.message = {};
  device.content_key = {};
}

}  // namespace

bool has_room_for(std::vector<Device> const& devices, model::InstanceId const& instance) {
  return devices.size() < most_devices ||
         std::ranges::any_of(
             devices, [&](Device const& device) { return device.instance == instance || has_signed_out(device); });
}

Merged merge(model::Registrations& registrations, DeviceUpdate const& update, Instant now) {
  auto* device = model::find_device(registrations, update.instance);
  Merged merged;
  if (device == nullptr) {
    if (!make_room(registrations)) return merged;
    device = &registrations.devices.emplace_back(Device{.instance = update.instance});
    merged.change = Change::fields;
  }
  merged.device = device;
  if (take_fields(*device, update, now, merged.claimed_tokens)) merged.change = Change::fields;
  if (update.mode && (device->reported_mode != *update.mode || !device->mode_since)) {
    device->reported_mode = *update.mode;
    device->mode_since = now;
    merged.change = std::max(merged.change, Change::mode);
  }
  device->seen_at = now;
  merged.change = std::max(merged.change, Change::sign_of_life);
  return merged;
}

bool end_service(model::Registrations& registrations, model::InstanceId const& instance, Service service) {
  auto* const device = model::find_device(registrations, instance);
  if (device == nullptr) return false;
  bool& used = service == Service::call ? device->services.call : device->services.im;
  if (!used) return false;
  used = false;
  // On split channels VoIP is for calls, and the other one for messages and for the notices that go with a call.
  if (service == Service::call && device->layout == model::ChannelLayout::split) device->voip = {};
  forget_what_is_unused(*device);
  return true;
}

Ended end_unnamed_services(model::Registrations& registrations, model::DeviceUpdate const& update) {
  // First those that begin: a device that changes from one service to the other has not signed out meanwhile.
  if (auto* const device = model::find_device(registrations, update.instance)) {
    device->services.call |= update.uses_call.value_or(false);
    device->services.im |= update.uses_im.value_or(false);
  }
  bool ended = false;
  if (update.uses_call == false) ended |= end_service(registrations, update.instance, Service::call);
  if (update.uses_im == false) ended |= end_service(registrations, update.instance, Service::im);
  return ended ? Ended::some : Ended::none;
}

bool sign_out(model::Registrations& registrations, model::InstanceId const& instance) {
  bool changed =
      std::erase_if(registrations.bindings, [&](auto const& binding) { return binding.instance == instance; }) != 0;
  changed |= end_service(registrations, instance, Service::call);
  changed |= end_service(registrations, instance, Service::im);
  return changed;
}

bool take_token(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token) {
  auto* const device = model::find_device(registrations, instance);
  if (device == nullptr || token.empty()) return false;
  bool taken = false;
  for (auto* channel : {&device->voip, &device->message}) {
    if (channel->token != token) continue;
    *channel = {};
    taken = true;
  }
  return taken;
}

bool on_token_verdict(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token,
                      model::PushReceipt const& receipt, model::WakePolicy const& policy) {
  auto* const device = model::find_device(registrations, instance);
  if (device == nullptr || token.empty() || receipt.token == model::TokenVerdict::alive) return false;
  bool changed = false;
  for (auto* channel : {&device->voip, &device->message}) {
    if (channel->token != token || channel->dead_since) continue;
    if (receipt.token == model::TokenVerdict::dead) {
      // "APNs 410 (later than the registration)": an older word is about an earlier life of the same token.
      if (receipt.dead_since && *receipt.dead_since <= channel->since) continue;
      channel->dead_since = receipt.dead_since.value_or(receipt.at);
    } else {
      channel->quarantined_until = receipt.at + policy.quarantine;
    }
    changed = true;
  }
  return changed;
}

bool lift_quarantine(model::Registrations& registrations, model::InstanceId const& instance, std::string_view token,
                     Instant given, model::WakePolicy const& policy) {
  auto* const device = model::find_device(registrations, instance);
  if (device == nullptr) return false;
  bool changed = false;
  for (auto* channel : {&device->voip, &device->message}) {
    if (channel->token != token || channel->quarantined_until != given + policy.quarantine) continue;
    channel->quarantined_until.reset();
    changed = true;
  }
  return changed;
}

}  // namespace reveille::decide
