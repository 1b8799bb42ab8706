#include "sim/apple/device_endpoint.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;

constexpr std::string_view devices_path = "/sim/devices/";
constexpr std::size_t most_at_once = 200'000;

edge::HttpResponse as_json(int status, json::value const& body) {
  return {.status = status, .headers = {{"content-type", "application/json"}}, .body = json::serialize(body)};
}

edge::HttpResponse fault_of(int status, std::string const& why) {
  return as_json(status, json::object{{"error", why}});
}

std::optional<json::object> object_in(std::string const& body) {
  if (body.empty()) return json::object{};
  boost::system::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

json::object shown(Device const& device) {
  return {{"device", device.id},
          {"tokens", json::object{{"voip", device.voip_token}, {"message", device.message_token}}}};
}

std::string line_of(Delivery const& delivery) {
  auto const& notification = delivery.notification;
  json::object headers{{"apns-push-type", notification.type_name},
                       {"apns-topic", notification.topic},
                       {"apns-priority", std::to_string(notification.priority)}};
  if (notification.expiration) headers["apns-expiration"] = std::to_string(*notification.expiration);
  if (!notification.collapse_id.empty()) headers["apns-collapse-id"] = notification.collapse_id;
  return json::serialize(json::object{{"at", format_rfc3339(delivery.at)},
                                      {"id", notification.id},
                                      {"headers", std::move(headers)},
                                      {"payload", json::parse(notification.payload)}}) +
         "\n";
}

// A device's open stream, as its handler.
struct PushStream {
  std::shared_ptr<edge::Responder> responder;
  void operator()(Delivery const& delivery) const { responder->write(line_of(delivery)); }
};

}  // namespace

std::string make_portal_id(Random& random) {
  constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::string out;
  for (int i = 0; i < 10; ++i) out.push_back(letters[random.number() % letters.size()]);
  return out;
}

MadeKey make_key(CloudState& state, std::string team, std::optional<Environment> environment) {
  auto const key = crypto::Es256Key::generate();
  MadeKey made{.key_id = make_portal_id(state.random), .team = std::move(team), .pem = key.private_pem()};
  state.keys.emplace(
      made.key_id,
      ProviderKey{.team = made.team, .key_id = made.key_id, .key = key.public_half(), .environment = environment});
  return made;
}

void DeviceEndpoint::on_request(edge::HttpRequest request, edge::Responder responder) {
  if (request.path == "/sim/devices") return responder.send(on_devices(request));
  if (request.path == "/sim/requests") return responder.send(on_requests(request));
  if (request.path == "/sim/faults") return responder.send(on_faults(request));
  if (request.path == "/sim/keys") return responder.send(on_keys(request));
  if (request.path == "/sim/limits") return responder.send(on_limits(request));
  if (!request.path.starts_with(devices_path)) return responder.send(fault_of(404, "no such place"));
  auto const rest = request.path.substr(devices_path.size());
  auto const slash = std::min(rest.find('/'), rest.size());
  auto* device = state_.devices.find(rest.substr(0, slash));
  if (device == nullptr) return responder.send(fault_of(404, "no such device"));
  if (slash == rest.size()) return responder.send(on_device(request, *device));
  if (rest.substr(slash) != "/pushes") return responder.send(fault_of(404, "no such place"));
  if (request.method != "GET") return responder.send(fault_of(405, "GET it"));
  if (device->gone_since) return responder.send(fault_of(410, "the device is gone"));
  stream_pushes(*device, std::move(responder));
}

edge::HttpResponse DeviceEndpoint::on_devices(edge::HttpRequest const& request) {
  if (request.method != "POST") return fault_of(405, "POST {app,platform,os_version,environment}");
  auto const body = object_in(request.body);
  if (!body) return fault_of(400, "the body is no JSON object");
  auto const environment = text_of(*body, "environment");
  if (!environment.empty() && !environment_named(environment)) {
    return fault_of(400, "environment is sandbox or production");
  }
  Device const description{.app = text_of(*body, "app"),
                           .platform = text_of(*body, "platform"),
                           .os_version = text_of(*body, "os_version"),
                           .environment = environment_named(environment).value_or(Environment::sandbox)};
  if (description.app.empty()) return fault_of(400, "app is missing: the bundle id");
  auto const team = text_of(*body, "team");
  if (!state_.devices.claim_app(description.app, team.empty() ? state_.team : team)) {
    return fault_of(409, "the app is another team's");
  }
  auto const* count = body->if_contains("count");
  if (count == nullptr) return as_json(201, shown(state_.devices.add(description)));
  boost::system::error_code error;
  auto const wanted = count->to_number<std::size_t>(error);
  if (error || wanted > most_at_once) return fault_of(400, "count is at most 200000");
  json::array devices;
  for (std::size_t i = 0; i < wanted; ++i) devices.emplace_back(shown(state_.devices.add(description)));
  return as_json(201, json::object{{"devices", std::move(devices)}});
}

edge::HttpResponse DeviceEndpoint::on_device(edge::HttpRequest const& request, Device& device) {
  if (request.method == "DELETE") {
    state_.devices.remove(device, state_.clock.now());
    return {.status = 204};
  }
  if (request.method != "GET") return fault_of(405, "GET or DELETE it");
  auto out = shown(device);
  out["app"] = device.app;
  out["platform"] = device.platform;
  out["os_version"] = device.os_version;
  out["environment"] = name_of(device.environment);
  out["online"] = static_cast<bool>(device.online);
  out["stored"] = device.stored.size();
  if (device.gone_since) out["gone_since"] = format_rfc3339(*device.gone_since);
  return as_json(200, out);
}

edge::HttpResponse DeviceEndpoint::on_requests(edge::HttpRequest const& request) {
  if (request.method == "DELETE") {
    state_.log.clear();
    return {.status = 204};
  }
  std::uint64_t since = 0;
  for (auto const& [name, value] : edge::split_query(request.query)) {
    if (name == "since") std::from_chars(value.data(), value.data() + value.size(), since);
  }
  return {.status = 200, .headers = {{"content-type", "application/json"}}, .body = state_.log.as_json(since)};
}

edge::HttpResponse DeviceEndpoint::on_faults(edge::HttpRequest const& request) {
  if (request.method == "DELETE") {
    state_.faults.clear();
    return {.status = 204};
  }
  auto const body = object_in(request.body);
  if (request.method != "POST" || !body) return fault_of(400, "POST a JSON object");
  auto fault = read_fault(*body);
  if (!fault) return fault_of(400, fault.error().ours + " " + fault.error().theirs);
  state_.faults.add(std::move(*fault));
  return {.status = 204};
}

edge::HttpResponse DeviceEndpoint::on_keys(edge::HttpRequest const& request) {
  auto const body = object_in(request.body);
  if (request.method != "POST" || !body) return fault_of(400, "POST {team,environment}");
  auto team = text_of(*body, "team");
  auto const named = text_of(*body, "environment");
  auto const environment = environment_named(named);
  if (!named.empty() && !environment) return fault_of(400, "environment is sandbox or production");
  auto const made = make_key(state_, team.empty() ? make_portal_id(state_.random) : std::move(team), environment);
  return as_json(201, json::object{{"key_id", made.key_id}, {"team", made.team}, {"key", made.pem}});
}

edge::HttpResponse DeviceEndpoint::on_limits(edge::HttpRequest const& request) {
  auto const body = object_in(request.body);
  if (request.method != "POST" || !body) return fault_of(400, "POST {burst,per_second}");
  Throttle throttle;
  for (auto const& [name, value] : *body) {
    auto* const limit = name == "burst" ? &throttle.burst : name == "per_second" ? &throttle.per_second : nullptr;
    boost::system::error_code error;
    auto const wanted = value.to_number<double>(error);
    if (limit == nullptr || error || !(wanted >= 0)) return fault_of(400, "burst and per_second are numbers");
    *limit = wanted;
  }
  state_.devices.set_throttle(throttle);
  return {.status = 204};
}

void DeviceEndpoint::stream_pushes(Device& device, edge::Responder responder) {
  auto const stream = std::make_shared<edge::Responder>(std::move(responder));
  stream->begin({.headers = {{"content-type", "application/x-ndjson"}}});
  // The newest stream is the phone: an older one ends here, when its handler is replaced.
  stream->on_gone([this, id = device.id, weak = std::weak_ptr{stream}] {
    auto* known = state_.devices.find(id);
    auto const* holder = known != nullptr ? known->online.target<PushStream>() : nullptr;
    if (holder != nullptr && holder->responder == weak.lock()) known->online = nullptr;
  });
  state_.devices.come_online(device, PushStream{stream}, state_.clock.now());
}

}  // namespace reveille::sim::apple
