#include "sim/apple/devices.hpp"

#include <algorithm>
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

bool Devices::claim_app(std::string const& app, std::string const& team) {
  return teams_.try_emplace(app, team).first->second == team;
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

// A leaking bucket.
bool Devices::is_too_many(Owner& owner, Instant now) const {
  auto const since = std::chrono::duration<double>(now - std::exchange(owner.spent_at, now)).count();
  owner.spent = std::max(0.0, owner.spent - since * throttle_.per_second);
  if (owner.spent + 1 > throttle_.burst) return true;
  ++owner.spent;
  return false;
}

std::string Devices::id_of_token(std::string const& token) const {
  auto const found = tokens_.find(token);
  return found == tokens_.end() ? std::string{} : found->second.device->id;
}

std::expected<Device*, Devices::Refusal> Devices::addressee(Notification const& notification, std::string const& team,
                                                            std::optional<Environment> served, Instant now) {
  // Another team's app, before anything is said of the token.
  auto const owner = teams_.find(notification.app);
  if (owner != teams_.end() && owner->second != team) return std::unexpected(Refusal{Reason::topic_disallowed});
  auto const found = tokens_.find(notification.token);
  if (found == tokens_.end()) return std::unexpected(Refusal{Reason::bad_device_token});
  auto* const device = found->second.device;
  auto const channel = found->second.channel;
  // The other cloud's token is none here.
  if (served && *served != device->environment) return std::unexpected(Refusal{Reason::bad_device_token});
  bool const is_voip = notification.type == PushType::voip;
  if (notification.app != device->app || is_voip != (channel == Channel::voip)) {
    return std::unexpected(Refusal{Reason::device_token_not_for_topic});
  }
  if (device->gone_since) return std::unexpected(Refusal{Reason::unregistered, device->gone_since});
  if (is_too_many(found->second, now)) return std::unexpected(Refusal{Reason::too_many_requests});
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
