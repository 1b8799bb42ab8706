#include "decide/wake/should_wake.hpp"

#include "decide/wake/delivery_table.hpp"

#include <utility>

namespace reveille::decide {

using model::ChannelName;
using model::Device;
using model::Provider;
using model::Why;

namespace {

Wake let_sleep(Why because) {
  return {.verdict = WakeVerdict::let_sleep, .because = because};
}

}  // namespace

PushOffer push_offer_of(model::PushPort const& port, model::WakePolicy const& policy) {
  using enum model::Environment;
  return {.switched_on = policy.enabled,
          .apns = port.has_credential(Provider::apns, production),
          .apns_sandbox = port.has_credential(Provider::apns, sandbox),
          .fcm = port.has_credential(Provider::fcm, production)};
}

PushOffer usable_offer_of(model::PushPort const& port, model::WakePolicy const& policy) {
  using enum model::Environment;
  return {.switched_on = policy.enabled,
          .apns = port.serves(Provider::apns, production),
          .apns_sandbox = port.serves(Provider::apns, sandbox),
          .fcm = port.serves(Provider::fcm, production)};
}

bool is_served(Provider provider, model::Environment environment, PushOffer offer) {
  switch (provider) {
    case Provider::apns: return environment == model::Environment::sandbox ? offer.apns_sandbox : offer.apns;
    case Provider::fcm: return offer.fcm;
    case Provider::webpush:
    case Provider::none: return false;
  }
  std::unreachable();
}

Wake can_push(Device const& device, ChannelName name, PushOffer offer, Instant now) {
  auto const& channel = model::channel_of(device, name);
  if (!offer.switched_on) return let_sleep(Why::push_switched_off);
  if (channel.token.empty()) return let_sleep(Why::no_token);
  if (channel.dead_since) return let_sleep(Why::token_dead);
  if (!model::is_usable(channel, now)) return let_sleep(Why::token_quarantined);
  if (!is_served(device.provider, device.environment, offer)) return let_sleep(Why::no_credential);
  return {.verdict = WakeVerdict::wake, .because = Why::none};
}

Wake should_wake_for_call(Device const& device, PushOffer offer, Instant now) {
  if (!device.services.call && !device.services.im) return let_sleep(Why::device_signed_out);
  if (!device.services.call) return let_sleep(Why::service_not_used);
  auto wake = can_push(device, *cell_of(Occasion::call, Client::asleep_two_channels).channel, offer, now);
  if (wake.verdict == WakeVerdict::wake) wake.because = Why::incoming_call;
  return wake;
}

ChannelName notice_channel_of(Device const& device) {
  auto const client = has_one_channel(device) ? Client::asleep_one_channel : Client::asleep_two_channels;
  return *cell_of(Occasion::call_notice, client).channel;
}

model::PushTarget push_target_of(Device const& device, ChannelName channel) {
  bool const apple = device.provider == Provider::apns;
  auto topic = apple ? device.app : device.project;
  // RFC 8599 section 8.1 and Apple's rule: the VoIP channel is a topic of its own.
  if (apple && channel == ChannelName::voip) topic += ".voip";
  return {.provider = device.provider,
          .token = model::channel_of(device, channel).token,
          .topic = std::move(topic),
          .team = device.team,
          .environment = device.environment};
}

}  // namespace reveille::decide
