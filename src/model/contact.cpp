#include "model/contact.hpp"

#include "base/random.hpp"
#include "model/push.hpp"
#include "wire/sip/push_parameters.hpp"

#include <algorithm>
#include <utility>

namespace reveille::model {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), sip::to_lower);
  return out;
}

InstanceId instance_of(sip::Contact const& contact) {
  if (auto const uuid = contact.instance_uuid(); is_uuid(uuid)) return InstanceId{lower(uuid)};
  if (contact.instance.empty()) return {};
  return InstanceId{derive_uuid("sip.instance", {contact.instance})};
}

// RFC 3261 section 10.3 step 8: the 200 shows the client's own value. An endless one is not worth its memory.
std::optional<std::string> written_instance_of(sip::Contact const& contact) {
  constexpr std::size_t longest = 256;
  bool const kept =
      !is_uuid(contact.instance_uuid()) && !contact.instance.empty() && contact.instance.size() <= longest;
  return kept ? std::optional(std::string(contact.instance)) : std::nullopt;
}

// RFC 5626 section 6: without an instance, the registrar "simply ignores" reg-id.
std::uint32_t reg_id_of(sip::Contact const& contact) {
  return contact.instance.empty() ? 0 : contact.reg_id.value_or(0);
}

void take_target(DeviceUpdate& device, sip::PushParameters const& push) {
  using enum sip::PushProvider;
  bool const google = push.provider == fcm;
  device.provider = google ? Provider::fcm : Provider::apns;
  device.environment = push.provider == apns_sandbox ? Environment::sandbox : Environment::production;
  device.platform = google ? Platform::android : Platform::ios;
  if (google) device.project = push.project;
  if (!google) device.team = push.team;
  if (!push.app.empty()) device.app = push.app;
  if (!push.voip.empty()) device.voip_token = push.voip;
  if (!push.message.empty()) device.message_token = push.message;
}

void read_push(ContactUpdate& contact, sip::Uri const& uri) {
  auto const push = sip::read_push_parameters(uri);
  if (!push) return;
  contact.wish = PushWish::unsupported;
  if (!*push) return;
  if ((*push)->provider) contact.asked_provider = sip::name_of(*(*push)->provider);
  contact.wish = (*push)->request == sip::PushRequest::wake ? PushWish::request : PushWish::query;
  if (contact.wish == PushWish::request) take_target(contact.device, **push);
}

// "ios/12.5"
void take_os(DeviceUpdate& device, std::string_view os) {
  auto const slash = std::min(os.find('/'), os.size());
  if (auto const platform = platform_named(lower(os.substr(0, slash)))) device.platform = platform;
  if (slash + 1 < os.size()) device.os_version = std::string(os.substr(slash + 1));
}

void take_hints(DeviceUpdate& device, sip::DeviceHints const& hints) {
  take_os(device, hints.os);
  if (!hints.app.empty()) device.app = hints.app;
  // RFC 8599 knows calls only; what else the app uses it says itself.
  device.uses_call = hints.has_call;
  if (hints.has_im) device.uses_im = true;
  if (!hints.layout) return;
  bool const shared = hints.layout == sip::ChannelLayout::shared;
  device.layout = shared ? ChannelLayout::shared : ChannelLayout::split;
  // B-TABLE-3: a shared channel is the VoIP one.
  if (shared && !device.voip_token && device.message_token) std::swap(device.voip_token, device.message_token);
}

}  // namespace

ContactUpdate read_contact(sip::Contact const& contact, AccountId const& account) {
  ContactUpdate update{.uri = std::string(contact.address.uri_text),
                       .expires = contact.expires,
                       .q_thousandths = contact.q,
                       .instance = instance_of(contact),
                       .written_instance = written_instance_of(contact),
                       .reg_id = reg_id_of(contact),
                       .refreshes_itself = contact.address.parameters.has("+sip.pnsreg")};
  read_push(update, contact.address.uri);
  take_hints(update.device, sip::read_device_hints(contact.address.parameters));
  if (update.instance.empty() && update.wish == PushWish::request) {
    auto const& token = update.device.voip_token ? update.device.voip_token : update.device.message_token;
    update.instance = InstanceId{derive_uuid("pn", {account.value, update.asked_provider, *token})};
    update.written_instance.emplace();
  }
  update.device.instance = update.instance;
  return update;
}

std::optional<std::string> way_by_contact(std::string_view contact, std::string_view remote) {
  auto const uri = sip::parse_uri(contact);
  auto const space = remote.find(' ');
  if (!uri || uri->scheme != sip::Scheme::sip || uri->parameters.has("maddr") || space == remote.npos) return {};
  auto const transport = remote.substr(0, space);
  bool const is_same = sip::equal_ignoring_case(uri->parameters.value("transport").value_or("udp"), transport);
  if (!is_same || (transport != "udp" && transport != "tcp")) return {};
  // Behind the address may stand the one of ours that it was sent to.
  auto const end = std::min(remote.find(' ', space + 1), remote.size());
  auto const source = sip::parse_host_port(remote.substr(space + 1, end - space - 1));
  constexpr std::uint16_t default_port = 5060;
  auto const port = uri->port.value_or(default_port);
  if (!source || source->kind == sip::HostKind::name || !sip::equal_ignoring_case(source->host, uri->host)) return {};
  // A connection to a port of the system's is none to a phone.
  constexpr std::uint16_t first_port_of_users = 1024;
  if (port == 0 || (transport == "tcp" && port < first_port_of_users)) return {};
  std::string way(remote.substr(0, space + 1));
  sip::append_host(way, source->kind, source->host);
  return way.append(":").append(std::to_string(port)).append(remote.substr(end));
}

std::string without_private_parameters(std::string_view text) {
  auto const uri = sip::parse_uri(text);
  return uri ? sip::strip_push_parameters(*uri) : std::string(text);
}

std::string request_uri_to(std::string_view contact) {
  auto uri = sip::parse_uri(contact);
  if (!uri) return std::string(contact);
  auto const kept = sip::filter_parameters(uri->parameters, [](std::string_view name) {
    return !sip::is_push_parameter(name) && !sip::equal_ignoring_case(name, "method");
  });
  uri->parameters = sip::Parameters(kept);
  uri->headers = {};
  return sip::format_uri(*uri);
}

}  // namespace reveille::model
