// interfaces.md, section 1: `devices --json`.
#include "admin/operator.hpp"
#include "admin/printable.hpp"
#include "base/secret.hpp"
#include "model/contact.hpp"

#include <boost/json.hpp>

namespace reveille::admin {
namespace {

namespace json = boost::json;

json::value time_or_null(std::optional<Instant> at) {
  return at && *at != Instant{} ? json::value(format_rfc3339(*at)) : json::value(nullptr);
}

json::value json_of(model::Channel const& channel) {
  if (channel.token.empty()) return nullptr;
  json::object object{{"token_tail", tail_of(channel.token)},
                      {"since", time_or_null(channel.since)},
                      {"dead_since", time_or_null(channel.dead_since)}};
  if (channel.quarantined_until) object["quarantined_until"] = format_rfc3339(*channel.quarantined_until);
  return object;
}

json::value binding_of(model::Registrations const& registrations, model::InstanceId const& instance) {
  model::Binding const* newest = nullptr;
  for (auto const& binding : registrations.bindings)
    if (binding.instance == instance && (!newest || binding.expires_at > newest->expires_at)) newest = &binding;
  if (!newest) return nullptr;
  return json::object{{"contact", printable(model::without_private_parameters(newest->contact))},
                      {"expires_at", format_rfc3339(newest->expires_at)}};
}

json::value json_of(model::LastPush const& push) {
  if (push.id.empty()) return nullptr;
  return json::object{{"id", push.id}, {"at", format_rfc3339(push.at)}, {"outcome", push.outcome}};
}

json::value json_of(std::optional<dispatch::SessionView> const& session) {
  if (!session) return nullptr;
  return json::object{
      {"jid", printable(session->jid)}, {"resumable", session->resumable}, {"unacked", session->unacknowledged}};
}

}  // namespace

json::object json_of(DeviceView const& view) {
  auto const& device = view.device;
  json::array services;
  if (device.services.call) services.push_back("call");
  if (device.services.im) services.push_back("im");
  json::object object;
  object["account"] = view.account.value;
  object["instance"] = printable(device.instance.value);
  object["app"] = printable(device.app);
  object["platform"] = model::name_of(device.platform);
  object["os_version"] = printable(device.os_version);
  object["provider"] = model::name_of(device.provider);
  object["environment"] = model::name_of(device.environment);
  object["state"] = model::name_of(view.state);
  object["services"] = std::move(services);
  object["channels"] = json::object{{"voip", json_of(device.voip)}, {"message", json_of(device.message)}};
  object["sip"] = binding_of(view.registrations, device.instance);
  object["xmpp"] = json_of(view.session);
  object["last_push"] = json_of(device.last_push);
  return object;
}

}  // namespace reveille::admin
