#include "decide/xmpp/push.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "decide/registry/merge.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <cctype>
#include <ranges>

namespace reveille::decide {
namespace {

using namespace xmpp;

constexpr std::size_t longest_value = 1'024;
constexpr std::size_t content_key_bytes = 32;

void refuse(ImSession const& session, Element const& iq, StanzaError condition, std::string_view text,
            ImEffects& effects) {
  if (auto error = error_of(iq, condition, text)) effects.deliver(session.resource, std::move(*error));
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_true(std::string_view value) {
  return value == "true" || value == "1";
}

bool names(std::string_view list, std::string_view word) {
  for (auto const part : std::views::split(list, ',')) {
    std::string_view one{part};
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == word) return true;
  }
  return false;
}

// Messages come by XMPP, so this is what says whether the app shows them. Of calls SIP has the last word.
bool take_services(std::string_view list, model::DeviceUpdate& update) {
  update.uses_im = names(list, "im");
  if (names(list, "call")) update.uses_call = true;
  return *update.uses_im || update.uses_call;
}

// Gives false for a value that is none of its field.
bool take_field(std::string_view name, std::string const& value, model::DeviceUpdate& update) {
  if (value.size() > longest_value) return false;
  if (name == "app") update.app = value;
  if (name == "os_version") update.os_version = value;
  if (name == "team") update.team = value;
  if (name == "project") update.project = value;
  if (name == "token_voip") update.voip_token = value;
  if (name == "token_message") update.message_token = value;
  if (name == "away_in_background") update.away_in_background = is_true(value);
  if (name == "services") return take_services(value, update);
  if (name == "platform") return (update.platform = model::platform_named(value)).has_value();
  if (name == "provider") return (update.provider = model::provider_named(value)).has_value();
  if (name == "environment") return (update.environment = model::environment_named(value)).has_value();
  if (name == "channels") return (update.layout = model::layout_named(value)).has_value();
  return true;
}

// B-IM-8: the key and its name go together.
bool take_key(std::string const& id, std::string const& text, model::DeviceUpdate& update) {
  if (text.empty()) return true;
  auto const key = decode_base64url(text);
  if (!key || key->size() != content_key_bytes) return false;
  update.content_key = model::ContentKey{.kid = id, .key = *key};
  return true;
}

bool read_form(Element const& form, model::DeviceUpdate& update) {
  std::string key_id;
  std::string key;
  for (auto const& field : form.children) {
    if (!field.is("field", ns::data_form)) continue;
    auto const name = field.attribute("var");
    auto const value = field.child_text("value");
    if (name == "key_id") key_id = value;
    if (name == "key") key = value;
    if (!value.empty() && !take_field(name, value, update)) return false;
  }
  return take_key(key_id, key, update);
}

std::string push_service(ImContext const& context) {
  return "push." + context.domain;
}

}  // namespace

// Section 5.
void on_push_enable(ImAccount const& account, ImSession const& session, Element const& iq, ImContext const& context,
                    ImEffects& effects) {
  auto const* enable = iq.child("enable", ns::push);
  auto const jid = parse_jid(enable->attribute("jid"));
  if (!jid) return refuse(session, iq, StanzaError::bad_request, "an enable needs a 'jid'", effects);
  // FIXME: 5: a third party's push service is reached by server-to-server streams, which are not there yet.
  if (jid->text() != push_service(context))
    return refuse(session, iq, StanzaError::remote_server_not_found, {}, effects);
  auto const node = lower(enable->attribute("node"));
  if (!is_uuid(node))
    return refuse(session, iq, StanzaError::bad_request, "'node' must be the app's instance UUID", effects);
  // An app that does not say what it uses is here for messages.
  model::DeviceUpdate update{.instance = model::InstanceId{node}, .uses_im = true};
  auto const* form = enable->child("x", ns::data_form);
  if (form && !read_form(*form, update))
    return refuse(session, iq, StanzaError::bad_request, "a field has no such value", effects);
  if (!has_room_for(account.devices, update.instance))
    return refuse(session, iq, StanzaError::resource_constraint, "too many devices are signed in", effects);
  effects.device_requests.push_back(
      {.kind = DeviceRequest::Kind::enable, .resource = session.resource, .update = std::move(update)});
  effects.deliver(session.resource, result_of(iq));
}

// Section 6: without a node, everything of that service.
void on_push_disable(ImSession const& session, Element const& iq, ImContext const& context, ImEffects& effects) {
  auto const* disable = iq.child("disable", ns::push);
  auto const jid = parse_jid(disable->attribute("jid"));
  if (!jid) return refuse(session, iq, StanzaError::bad_request, "a disable needs a 'jid'", effects);
  if (jid->text() == push_service(context))
    effects.device_requests.push_back({.kind = DeviceRequest::Kind::disable,
                                       .resource = session.resource,
                                       .update = {.instance = model::InstanceId{lower(disable->attribute("node"))}}});
  effects.deliver(session.resource, result_of(iq));
}

}  // namespace reveille::decide
