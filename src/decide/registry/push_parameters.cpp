#include "decide/registry/push_parameters.hpp"

#include "base/random.hpp"
#include "model/push.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace reveille::decide {
namespace {

using model::ContactUpdate;
using model::DeviceUpdate;
using model::PushWish;

constexpr std::string_view urn = "urn:uuid:";

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), sip::to_lower);
  return out;
}

// The parts of "a&b"; the last part of too many is what remains.
struct Pair {
  std::string_view first = {};
  std::string_view second = {};
  bool has_second = false;
};

Pair split(std::string_view text, char at) {
  auto const place = text.find(at);
  if (place == std::string_view::npos) return {.first = text};
  return {.first = text.substr(0, place), .second = text.substr(place + 1), .has_second = true};
}

enum class Label : std::uint8_t { none, voip, remote };

Label label_named(std::string_view name) {
  if (name == "voip") return Label::voip;
  if (name == "remote") return Label::remote;
  return Label::none;
}

// RFC 8599 section 8.1 has "TEAM.bundle.service"; two services are joined by "&".
struct AppleParam {
  std::string team = {};
  std::string bundle = {};
  std::array<Label, 2> services = {Label::none, Label::none};
};

std::optional<AppleParam> parse_apple_param(std::string_view text) {
  AppleParam param;
  auto const dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  param.team = text.substr(0, dot);
  auto bundle = text.substr(dot + 1);
  if (auto const last = bundle.rfind('.'); last != std::string_view::npos) {
    auto const services = split(bundle.substr(last + 1), '&');
    param.services = {label_named(services.first), label_named(services.second)};
    if (param.services[0] != Label::none) bundle = bundle.substr(0, last);
    if (services.has_second && (param.services[1] == Label::none || param.services[0] == param.services[1])) return {};
  }
  if (bundle.empty()) return {};
  param.bundle = bundle;
  return param;
}

bool put_token(DeviceUpdate& device, Label label, std::string_view token) {
  if (token.empty()) return false;
  auto& channel = label == Label::voip ? device.voip_token : device.message_token;
  if (channel) return false;
  channel = token;
  return true;
}

// "A:voip&B:remote", or one token for the one service that pn-param names.
bool read_apple_tokens(DeviceUpdate& device, AppleParam const& param, std::string_view prid) {
  auto const tokens = split(prid, '&');
  for (auto const text : {tokens.first, tokens.second}) {
    if (text.empty() && !tokens.has_second) continue;
    auto const token = split(text, ':');
    auto const label = token.has_second ? label_named(token.second) : param.services[0];
    if (token.has_second && label == Label::none) return false;
    if (!token.has_second && (tokens.has_second || param.services[1] != Label::none)) return false;
    if (!put_token(device, label, token.first)) return false;
  }
  return device.voip_token || device.message_token;
}

bool read_apple(DeviceUpdate& device, std::string_view provider, std::string_view param, std::string_view prid) {
  auto const parsed = parse_apple_param(param);
  if (!parsed || !read_apple_tokens(device, *parsed, prid)) return false;
  device.provider = model::Provider::apns;
  device.environment = provider == "apns.dev" ? model::Environment::sandbox : model::Environment::production;
  device.platform = model::Platform::ios;
  device.team = parsed->team;
  device.app = parsed->bundle;
  return true;
}

// One token serves both channels; they differ in class (B-TABLE-3).
bool read_google(DeviceUpdate& device, std::string_view param, std::string_view prid) {
  if (param.empty() || prid.empty()) return false;
  device.provider = model::Provider::fcm;
  device.environment = model::Environment::production;
  device.platform = model::Platform::android;
  device.project = std::string(param);
  device.voip_token = std::string(prid);
  device.message_token = std::string(prid);
  return true;
}

void read_push(ContactUpdate& contact, sip::Parameters const& parameters) {
  auto const provider = parameters.find("pn-provider");
  if (!provider) return;
  auto const name = lower(provider->plain());
  contact.asked_provider = name;
  auto const prid = parameters.value("pn-prid");
  if (!prid) {
    // RFC 8599 section 4.1.1: no value asks for every provider.
    bool const known = name.empty() || name == "apns" || name == "apns.dev" || name == "fcm";
    contact.wish = known ? PushWish::query : PushWish::unsupported;
    return;
  }
  auto const param = sip::unescape(parameters.value("pn-param").value_or(std::string_view{}));
  auto const token = sip::unescape(*prid);
  bool read = false;
  if (name == "apns" || name == "apns.dev") read = read_apple(contact.device, name, param, token);
  if (name == "fcm") read = read_google(contact.device, param, token);
  contact.wish = read ? PushWish::request : PushWish::unsupported;
}

// "ios/12.5"
void read_os(DeviceUpdate& device, std::string_view text) {
  auto const os = split(text, '/');
  if (auto const platform = model::platform_named(lower(os.first))) device.platform = *platform;
  if (!os.second.empty()) device.os_version = std::string(os.second);
}

void read_ours(DeviceUpdate& device, sip::Parameters const& parameters) {
  if (auto const os = parameters.value("reveille-os")) read_os(device, *os);
  if (auto const app = parameters.value("reveille-app"); app && !app->empty()) device.app = std::string(*app);
  if (auto const layout = parameters.value("reveille-channels")) device.layout = model::layout_named(lower(*layout));
  // RFC 8599 knows calls only; what else the app uses it says itself.
  auto const services = parameters.value("reveille-services");
  device.uses_call = !services || sip::list_holds(*services, "call");
  if (services && sip::list_holds(*services, "im")) device.uses_im = true;
}

// A shared channel is the VoIP one (B-TABLE-3).
void settle_layout(DeviceUpdate& device) {
  if (device.layout != model::ChannelLayout::shared || device.voip_token || !device.message_token) return;
  std::swap(device.voip_token, device.message_token);
}

}  // namespace

model::InstanceId parse_instance(std::string_view value) {
  if (value.size() >= 2 && value.front() == '<' && value.back() == '>') value = value.substr(1, value.size() - 2);
  if (value.empty()) return {};
  if (value.size() == urn.size() + 36 && sip::equal_ignoring_case(value.substr(0, urn.size()), urn) &&
      is_uuid(value.substr(urn.size())))
    return model::InstanceId{lower(value.substr(urn.size()))};
  return model::InstanceId{model::derive_uuid("sip.instance", {value})};
}

void read_device(ContactUpdate& contact, sip::NameAddress const& address, model::AccountId const& account) {
  read_push(contact, address.uri.parameters);
  read_ours(contact.device, address.parameters);
  settle_layout(contact.device);
  contact.instance = parse_instance(address.parameters.value("+sip.instance").value_or(std::string_view{}));
  if (auto const reg_id = address.parameters.value("reg-id")) contact.reg_id = sip::parse_number(*reg_id).value_or(0);
  if (contact.instance.empty() && contact.wish == PushWish::request) {
    auto const& device = contact.device;
    auto const& token = device.voip_token ? *device.voip_token : *device.message_token;
    contact.instance = model::InstanceId{model::derive_uuid("pn", {account.value, contact.asked_provider, token})};
  }
  contact.device.instance = contact.instance;
}

bool is_private_parameter(std::string_view name) {
  constexpr std::string_view ours = "reveille-";
  return (name.size() > 3 && sip::equal_ignoring_case(name.substr(0, 3), "pn-")) ||
         (name.size() > ours.size() && sip::equal_ignoring_case(name.substr(0, ours.size()), ours));
}

std::string without_private_parameters(std::string_view text) {
  auto uri = sip::parse_uri(text);
  if (!uri) return std::string(text);
  auto const kept =
      sip::filter_parameters(uri->parameters, [](std::string_view name) { return !is_private_parameter(name); });
  uri->parameters = sip::Parameters(kept);
  return sip::format_uri(*uri);
}

}  // namespace reveille::decide
