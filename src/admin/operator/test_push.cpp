// `push test DEVICE`: an alert, and the provider's word on it. On the message channel, since VoIP would ring; iOS 12
// and older have but the VoIP channel, and show what comes there.
#include "admin/operator.hpp"

#include <boost/json.hpp>

#include <optional>
#include <utility>

namespace reveille::admin {
namespace {

namespace json = boost::json;

struct Found {
  model::AccountId account = {};
  model::Device device = {};
};

// iOS 12 and older have but one channel, the VoIP one (B-TABLE-3).
model::ChannelName channel_of_test(model::Device const& device) {
  return model::has_one_channel(device) ? model::ChannelName::voip : model::ChannelName::message;
}

// A phone that changed hands is a device of each of its users: the one who has its token now (B-SIGN-2), or else the
// one who was seen last.
std::optional<Found> find_device(dispatch::Directory& directory, model::InstanceId const& instance) {
  std::optional<Found> found;
  auto const rank = [](model::Device const& device) {
    return std::pair(!model::channel_of(device, channel_of_test(device)).token.empty(), device.seen_at);
  };
  directory.for_each([&](dispatch::Entry& entry) {
    auto const registrations = entry.registrations();
    auto const* device = model::find_device(registrations, instance);
    if (device && (!found || rank(*device) > rank(found->device)))
      found = Found{.account = entry.account(), .device = *device};
  });
  return found;
}

model::PushRequest request_for(Found const& found, Random& random, Instant now) {
  auto const& device = found.device;
  auto const channel = channel_of_test(device);
  auto const topic = device.provider == model::Provider::fcm ? device.project
                     : channel == model::ChannelName::voip   ? device.app + ".voip"
                                                             : device.app;
  return {.id = model::PushId{random.uuid()},
          .account = found.account,
          .instance = device.instance,
          .target = {.provider = device.provider,
                     .token = model::channel_of(device, channel).token,
                     .topic = topic,
                     .team = device.team,
                     .environment = device.environment},
          .push_class = model::PushClass::message,
          .channel = channel,
          .expires_at = now + 30s,
          .tracking = model::TrackingId{random.uuid()},
          .payload = R"({"v":1,"type":"test"})",
          .alert_title = "Reveille",
          .alert_body = "This is a test push from your administrator."};
}

json::object json_of(model::PushReceipt const& receipt) {
  return {{"id", receipt.id.value},
          {"state", model::name_of(receipt.state)},
          {"provider_status", receipt.provider_status},
          {"reason", receipt.reason},
          {"token", model::name_of(receipt.token)}};
}

}  // namespace

void Operator::test_push(json::object const& request, ControlReply reply) {
  auto const found = find_device(shard_.directory, model::InstanceId{text_of(request, "device")});
  if (!found) return reply(refusal("There is no device with that instance id; 'reveille devices' lists them."));
  if (!shard_.policy.wake.enabled) return reply(refusal("Push is switched off: [wake] enabled = false."));
  auto push = request_for(*found, shard_.random, shard_.now());
  if (push.target.token.empty())
    return reply(refusal("The device has registered no push token; its app must sign in again."));
  if (!shard_.push.serves(push.target.provider, push.target.environment))
    return reply(refusal("There is no usable credential for the device's provider; see [push] and /healthz."));
  auto const tracking = push.tracking;
  traces_.begin({.tracking = tracking,
                 .kind = model::TraceKind::push,
                 .from = "administrator",
                 .to = found->account.value,
                 .push_id = push.id.value,
                 .began = shard_.now()});
  shard_.push.request(std::move(push), [tracking, reply = std::move(reply)](model::PushReceipt receipt) mutable {
    auto item = json_of(receipt);
    item["tracking_id"] = tracking.value;
    reply(items({std::move(item)}));
  });
}

}  // namespace reveille::admin
