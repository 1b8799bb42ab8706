#include "arrive/rest/push_json.hpp"

#include "arrive/rest/json_reader.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "model/push_token.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace reveille::arrive {

using namespace model;
namespace json = boost::json;

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_token = 4096;
constexpr std::size_t longest_alert = 4096;
constexpr std::size_t longest_payload = 5120;  // the most that a provider takes
constexpr Duration longest_life = 30 * 24h;    // APNs stores for at most 30 days
constexpr std::int64_t most_badge = 99'999;

// How long a notification is worth sending where its request does not say.
constexpr Duration life_of(PushClass push_class) {
  switch (push_class) {
    case PushClass::call: return 30s;
    case PushClass::missed_call:
    case PushClass::answered_elsewhere:
    case PushClass::message: return 24h;
    case PushClass::clear:
    case PushClass::background: return 1h;
  }
  std::unreachable();
}

std::optional<ChannelName> channel_named(std::string_view name) {
  if (name == "voip") return ChannelName::voip;
  if (name == "message") return ChannelName::message;
  return {};
}

std::optional<InstanceId> read_uuid(JsonReader& in, std::string_view name) {
  auto text = in.text(name, 36);
  if (!text) return {};
  if (!is_uuid(*text)) return in.blame(name, "it is not a UUID"), std::nullopt;
  return InstanceId{lower_uuid(std::move(*text))};
}

AccountId read_account(JsonReader& in) {
  auto const text = in.text("account", 2 * longest_name);
  if (!text || text->empty()) return {};
  auto account = parse_account(*text);
  if (!account) in.blame("account", "an address has the form user@domain");
  return account ? std::move(*account) : AccountId{};
}

void read_target(JsonReader& in, PushRequest& request, std::optional<Problem>& fault) {
  auto const* object = in.object("target");
  if (!object) return;
  JsonReader target{*object, "target.", fault};
  auto& out = request.target;
  out.provider = target.choice("provider", provider_named).value_or(Provider::none);
  if (out.provider == Provider::none) target.blame("provider", "it is missing");
  out.token = kept_token(out.provider, target.text("token", longest_token).value_or(""));
  if (out.token.empty()) target.blame("token", "it is missing");
  if (out.provider == Provider::apns && !decode_hex(out.token)) target.blame("token", "it is not hexadecimal");
  out.topic = target.field_value("topic", longest_name).value_or("");
  if (out.topic.empty()) target.blame("topic", "it is missing");
  out.team = target.text("team", longest_name).value_or("");
  out.environment = target.choice("environment", environment_named).value_or(Environment::production);
  target.finish();
}

void read_alert(JsonReader& in, PushRequest& request, std::optional<Problem>& fault) {
  auto const* object = in.object("alert");
  if (!object) return;
  JsonReader alert{*object, "alert.", fault};
  request.alert_title = alert.text("title", longest_alert).value_or("");
  request.alert_body = alert.text("body", longest_alert).value_or("");
  alert.finish();
}

void read_payload(JsonReader& in, PushRequest& request) {
  auto const* object = in.object("payload");
  request.payload = object ? json::serialize(*object) : "{}";
  if (request.payload.size() > longest_payload) in.blame("payload", "it is larger than any provider takes");
}

void read_expiry(JsonReader& in, PushRequest& request, Instant now) {
  request.expires_at = in.instant("expires_at").value_or(now + life_of(request.push_class));
  if (request.expires_at > now + longest_life) in.blame("expires_at", "it is more than 30 days ahead");
}

std::string outcome_text(Instant at) {
  return format_rfc3339(at);
}

}  // namespace

std::string lower_uuid(std::string text) {
  if (!is_uuid(text)) return text;
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return text;
}

Read<Notification> read_notification(std::string_view body, Instant now) {
  std::optional<Problem> fault;
  auto const object = read_object(body, fault);
  if (!object) return std::unexpected(*fault);
  JsonReader in{*object, "", fault};
  Notification notification;
  auto& request = notification.request;
  notification.device = read_uuid(in, "device").value_or(InstanceId{});
  read_target(in, request, fault);
  if (in.has("device") == in.has("target")) in.blame("target", "name either a device or a target");
  if (auto const push_class = in.choice("class", push_class_named))
    request.push_class = *push_class;
  else
    in.blame("class", "it is missing");
  auto const usual = request.push_class == PushClass::call ? ChannelName::voip : ChannelName::message;
  request.channel = in.choice("channel", channel_named).value_or(usual);
  request.account = read_account(in);
  request.instance = read_uuid(in, "instance").value_or(InstanceId{});
  read_expiry(in, request, now);
  request.conversation = in.field_value("conversation", 64).value_or("");
  request.tracking = TrackingId{in.field_value("tracking_id", 128).value_or("")};
  read_payload(in, request);
  read_alert(in, request, fault);
  if (auto const badge = in.number("badge", 0, most_badge)) request.badge = static_cast<std::uint32_t>(*badge);
  in.finish();
  if (fault) return std::unexpected(*fault);
  return notification;
}

namespace {

void read_channels(JsonReader& in, DeviceUpdate& update, std::optional<Problem>& fault) {
  auto const* object = in.object("channels");
  if (!object) return;
  JsonReader channels{*object, "channels.", fault};
  update.layout = channels.choice("layout", layout_named);
  for (auto const* name : {"voip", "message"}) {
    auto const* channel = channels.object(name);
    if (!channel) continue;
    JsonReader one{*channel, std::string("channels.") + name + ".", fault};
    auto token = one.text("token", longest_token);
    if (!token || token->empty()) one.blame("token", "it is missing");
    (std::string_view(name) == "voip" ? update.voip_token : update.message_token) = std::move(token);
    one.finish();
  }
  channels.finish();
}

void read_services(JsonReader& in, DeviceUpdate& update) {
  auto const names = in.texts("services");
  if (!names) return;
  Services services;
  for (auto const& name : *names) {
    if (name == "call")
      services.call = true;
    else if (name == "im")
      services.im = true;
    else
      in.blame("services", "a service is \"call\" or \"im\"");
  }
  update.uses_call = services.call;
  update.uses_im = services.im;
}

void read_content_key(JsonReader& in, DeviceUpdate& update, std::optional<Problem>& fault) {
  auto const* object = in.object("content_key");
  if (!object) return;
  JsonReader key{*object, "content_key.", fault};
  auto const kid = key.text("kid", 64);
  auto const text = key.text("k", 64);
  auto bytes = text ? decode_base64url(*text) : std::nullopt;
  // A256GCM: 32 bytes.
  if (!kid || kid->empty()) key.blame("kid", "it is missing");
  if (!bytes || bytes->size() != 32)
    key.blame("k", "it is not 32 bytes in base64url");
  else
    update.content_key = ContentKey{.kid = kid.value_or(""), .key = std::move(*bytes)};
  key.finish();
}

}  // namespace

Read<DeviceRequest> read_device(std::string_view body) {
  std::optional<Problem> fault;
  auto const object = read_object(body, fault);
  if (!object) return std::unexpected(*fault);
  JsonReader in{*object, "", fault};
  DeviceRequest request{.account = read_account(in)};
  auto& update = request.update;
  update.app = in.text("app", longest_name);
  update.platform = in.choice("platform", platform_named);
  update.os_version = in.text("os_version", 32);
  update.provider = in.choice("provider", provider_named);
  update.environment = in.choice("environment", environment_named);
  update.team = in.text("team", longest_name);
  update.project = in.text("project", longest_name);
  update.mode = in.choice("mode", mode_named);
  update.away_in_background = in.truth("away_in_background");
  read_channels(in, update, fault);
  read_services(in, update);
  read_content_key(in, update, fault);
  in.finish();
  if (fault) return std::unexpected(*fault);
  return request;
}

Read<DeviceRequest> read_device_mode(std::string_view body) {
  std::optional<Problem> fault;
  auto const object = read_object(body, fault);
  if (!object) return std::unexpected(*fault);
  JsonReader in{*object, "", fault};
  DeviceRequest request{.account = read_account(in)};
  request.update.mode = in.choice("mode", mode_named);
  if (!request.update.mode) in.blame("mode", "it is missing");
  in.finish();
  if (fault) return std::unexpected(*fault);
  return request;
}

Read<ClientReceipt> read_receipt(std::string_view body) {
  std::optional<Problem> fault;
  auto const object = read_object(body, fault);
  if (!object) return std::unexpected(*fault);
  JsonReader in{*object, "", fault};
  ClientReceipt receipt{.id = PushId{lower_uuid(in.text("id", 36).value_or(""))},
                        .tracking = TrackingId{in.text("tracking_id", 128).value_or("")}};
  receipt.instance = read_uuid(in, "device").value_or(InstanceId{});
  if (receipt.id.empty() == receipt.tracking.empty()) in.blame("id", "name either an id or a tracking_id");
  in.finish();
  if (fault) return std::unexpected(*fault);
  return receipt;
}

namespace {

json::object brief(NotificationView const& view) {
  auto const& receipt = view.receipt;
  json::object out{{"id", view.id.value}, {"state", name_of(receipt.state)}};
  if (receipt.state == PushState::accepted || receipt.state == PushState::sending) return out;
  json::object verdict{
      {"provider_status", receipt.provider_status}, {"reason", receipt.reason}, {"token", name_of(receipt.token)}};
  if (receipt.dead_since) verdict["dead_since"] = outcome_text(*receipt.dead_since);
  out["verdict"] = std::move(verdict);
  return out;
}

}  // namespace

std::string brief_json(NotificationView const& view) {
  return json::serialize(brief(view));
}

std::string full_json(NotificationView const& view) {
  auto out = brief(view);
  out["class"] = name_of(view.push_class);
  out["expires_at"] = format_rfc3339(view.expires_at);
  if (!view.account.empty()) out["account"] = view.account.value;
  if (!view.instance.empty()) out["device"] = view.instance.value;
  if (!view.tracking.empty()) out["tracking_id"] = view.tracking.value;
  json::array milestones;
  for (auto const& one : view.milestones) {
    auto const since = one.at - view.milestones.front().at;
    json::object milestone{{"at", format_rfc3339(one.at)},
                           {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(since).count()},
                           {"name", name_of(one.name)},
                           {"device", view.instance.empty() ? json::value() : json::value(view.instance.value)},
                           {"why", one.why == Why::none ? json::value() : json::value(name_of(one.why))}};
    if (!one.detail.empty()) milestone["detail"] = one.detail;
    milestones.push_back(std::move(milestone));
  }
  out["milestones"] = std::move(milestones);
  return json::serialize(out);
}

std::string json_of(AccountId const& account, Device const& device) {
  json::object channels{{"layout", name_of(device.layout)}};
  for (auto const name : {ChannelName::voip, ChannelName::message}) {
    auto const& channel = channel_of(device, name);
    if (channel.token.empty()) continue;
    json::object one{{"token_tail", tail_of(channel.token)}, {"since", format_rfc3339(channel.since)}};
    if (channel.dead_since) one["dead_since"] = format_rfc3339(*channel.dead_since);
    channels[name_of(name)] = std::move(one);
  }
  json::array services;
  if (device.services.call) services.emplace_back("call");
  if (device.services.im) services.emplace_back("im");
  return json::serialize(json::object{{"account", account.value},
                                      {"instance", device.instance.value},
                                      {"app", device.app},
                                      {"platform", name_of(device.platform)},
                                      {"os_version", device.os_version},
                                      {"provider", name_of(device.provider)},
                                      {"environment", name_of(device.environment)},
                                      {"mode", name_of(device.reported_mode)},
                                      {"channels", std::move(channels)},
                                      {"services", std::move(services)}});
}

}  // namespace reveille::arrive
