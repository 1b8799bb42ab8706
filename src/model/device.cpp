#include "model/device.hpp"

#include <algorithm>
#include <charconv>

namespace reveille::model {
namespace {

constexpr unsigned first_ios_with_two_channels = 13;

}  // namespace

unsigned os_major(Device const& device) {
  constexpr unsigned newest = 1000;
  unsigned major = 0;
  auto const& text = device.os_version;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), major);
  return error == std::errc{} && end != text.data() ? major : newest;
}

bool has_one_channel(Device const& device) {
  return device.layout == ChannelLayout::shared && device.platform == Platform::ios &&
         os_major(device) < first_ios_with_two_channels;
}

bool has_voip_for_calls_only(Device const& device) {
  return device.platform == Platform::ios && os_major(device) >= first_ios_with_two_channels;
}

Channel const& channel_of(Device const& device, ChannelName name) {
  return name == ChannelName::voip ? device.voip : device.message;
}

Channel& channel_of(Device& device, ChannelName name) {
  return name == ChannelName::voip ? device.voip : device.message;
}

bool is_usable(Channel const& channel, Instant now) {
  return !channel.token.empty() && !channel.dead_since &&
         !(channel.quarantined_until && now < *channel.quarantined_until);
}

DeviceState state_of(Device const& device, Liveness liveness) {
  if (!device.services.call && !device.services.im) return DeviceState::signed_out;
  if (!liveness.sip_flow && !liveness.xmpp_stream) return DeviceState::suspended;
  bool const asleep = device.reported_mode == Mode::background || liveness.inactive;
  return asleep ? DeviceState::background : DeviceState::foreground;
}

Device* find_device(Registrations& registrations, InstanceId const& instance) {
  auto const found = std::ranges::find(registrations.devices, instance, &Device::instance);
  return found == registrations.devices.end() ? nullptr : &*found;
}

Device const* find_device(Registrations const& registrations, InstanceId const& instance) {
  auto const found = std::ranges::find(registrations.devices, instance, &Device::instance);
  return found == registrations.devices.end() ? nullptr : &*found;
}

}  // namespace reveille::model
