#include "sim/apple/devices.hpp"

#include <utility>

namespace reveille::sim::apple {
namespace {

constexpr std::size_t token_bytes = 32;

bool has_expired(Notification const& notification, Instant now) {
  return notification.expiration && from_unix_seconds(*notification.expiration) <= now;
}

}  // namespace

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::delivered: return "delivered";
    case Fate::stored: return "stored";
    case Fate::dropped: return "dropped";
  }
  std::unreachable();
}

Device& Devices::add(Device description) {
  auto device = std::make_unique<Device>(std::move(description));
  device->id = random_.uuid();
  device->voip_token = random_.hex(token_bytes);
  device->message_token = random_.hex(token_bytes);
  tokens_[device->voip_token] = {.device = device.get(), .channel = Channel::voip};
  tokens_[device->message_token] = {.device = device.get(), .channel = Channel::message};
  return *devices_.emplace(device->id, std::move(device)).first->second;
}

Device* Devices::find(std::string const& id) {
  auto const found = devices_.find(id);
  return found == devices_.end() ? nullptr : found->second.get();
}

void Devices::remove(Device& device, Instant now) {
  if (!device.gone_since) device.gone_since = now;
  device.stored.clear();
  device.online = nullptr;
}

std::expected<Device*, Devices::Refusal> Devices::addressee(Notification const& notification) {
  auto const found = tokens_.find(notification.token);
  if (found == tokens_.end()) return std::unexpected(Refusal{Reason::bad_device_token});
  auto& [device, channel] = found->second;
  bool const is_voip = notification.type == PushType::voip;
  if (notification.app != device->app || is_voip != (channel == Channel::voip)) {
    return std::unexpected(Refusal{Reason::device_token_not_for_topic});
  }
  if (device->gone_since) return std::unexpected(Refusal{Reason::unregistered, device->gone_since});
  return device;
}

Fate Devices::deliver(Device& device, Notification notification, Instant now) {
  if (device.online) {
    device.online({.at = now, .notification = std::move(notification)});
    return Fate::delivered;
  }
  if (has_expired(notification, now)) return Fate::dropped;
  auto const topic = notification.topic;
  device.stored.insert_or_assign(topic, std::move(notification));
  return Fate::stored;
}

void Devices::come_online(Device& device, std::function<void(Delivery const&)> handler, Instant now) {
  device.online = std::move(handler);
  for (auto& [topic, notification] : std::exchange(device.stored, {})) {
    if (!has_expired(notification, now)) device.online({.at = now, .notification = std::move(notification)});
  }
}

}  // namespace reveille::sim::apple
