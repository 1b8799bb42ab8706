#include "wire/sip/push_parameters.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace reveille::sip {
namespace {

constexpr std::size_t longest_token = 4096;
constexpr std::string_view voip_service = "voip";
constexpr std::string_view remote_service = "remote";

std::optional<PushProvider> provider_named(std::string_view text) {
  using enum PushProvider;
  for (auto const provider : {apns, apns_sandbox, fcm})
    if (equal_ignoring_case(text, name_of(provider))) return provider;
  return {};
}

bool is_service(std::string_view text) {
  return text == voip_service || text == remote_service;
}

// Tokens, topics and projects become parts of a path or field of the push service's protocol. So only characters that
// mean nothing there are let in; all that the providers hand out are of these.
bool is_plain(std::string_view text, std::string_view also) {
  if (text.empty() || text.size() > longest_token) return false;
  for (char const c : text)
    if (!character::is(c, character::alphanumeric) && also.find(c) == also.npos) return false;
  return true;
}

// What pn-param of APNs says: TEAM "." bundle [ "." service [ "&" service ] ].
struct Topic {
  std::string_view team = {};
  std::string_view app = {};
  std::array<std::string_view, 2> services = {};
  std::size_t count = 0;
};

std::optional<Topic> read_topic(std::string_view text) {
  Topic topic;
  auto const dot = text.find('.');
  if (dot == 0 || dot == text.npos) return {};
  topic.team = text.substr(0, dot);
  topic.app = text.substr(dot + 1);
  auto const last = topic.app.rfind('.');
  auto rest = last == text.npos ? topic.app : topic.app.substr(last + 1);
  auto const first_service = rest.substr(0, rest.find('&'));
  if (is_service(first_service)) {
    topic.app = topic.app.substr(0, last == text.npos ? 0 : last);
    for (;;) {
      auto const end = std::min(rest.find('&'), rest.size());
      if (topic.count == topic.services.size() || !is_service(rest.substr(0, end))) return {};
      topic.services[topic.count++] = rest.substr(0, end);
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  } else {
    topic.services[topic.count++] = remote_service;
  }
  if (topic.count == 2 && topic.services[0] == topic.services[1]) return {};
  if (!is_plain(topic.team, "") || !is_plain(topic.app, "-_.")) return {};
  return topic;
}

// Puts one of pn-prid's tokens ("A:voip", or "A" when there is one service) where it belongs.
bool place_token(std::string_view text, Topic const& topic, PushParameters& out) {
  auto const colon = text.rfind(':');
  auto const label = colon == text.npos ? std::string_view{} : text.substr(colon + 1);
  auto const token = text.substr(0, colon);
  auto const service = label.empty() && topic.count == 1 ? topic.services[0] : label;
  if (!is_plain(token, "-_") || !is_service(service)) return false;
  if (service != topic.services[0] && (topic.count < 2 || service != topic.services[1])) return false;
  auto& place = service == voip_service ? out.voip : out.message;
  if (!place.empty()) return false;
  place = token;
  return true;
}

std::optional<PushFault> read_apns(std::string_view parameter, std::optional<std::string_view> prid,
                                   PushParameters& out) {
  auto const topic = read_topic(parameter);
  if (!topic) return PushFault::bad_parameter;
  out.team = topic->team;
  out.app = topic->app;
  if (!prid) return {};
  auto rest = *prid;
  // A device that has only one of two tokens yet names it by its label.
  for (;;) {
    auto const end = std::min(rest.find('&'), rest.size());
    if (!place_token(rest.substr(0, end), *topic, out)) return PushFault::bad_tokens;
    if (end == rest.size()) return {};
    rest.remove_prefix(end + 1);
  }
}

std::optional<PushFault> read_fcm(std::string_view parameter, std::optional<std::string_view> prid,
                                  PushParameters& out) {
  if (!is_plain(parameter, "-_.:")) return PushFault::bad_parameter;
  out.project = parameter;
  if (!prid) return {};
  if (!is_plain(*prid, "-_.:")) return PushFault::bad_tokens;
  out.voip = out.message = *prid;
  return {};
}

std::optional<std::string> unescaped(Parameters const& parameters, std::string_view name) {
  auto const found = parameters.find(name);
  return found && found->value ? std::optional(unescape(*found->value)) : std::nullopt;
}

bool has_push_parameter(Parameters const& parameters) {
  for (auto const& one : parameters)
    if (is_push_parameter(one.name)) return true;
  return false;
}

}  // namespace

std::string_view name_of(PushProvider provider) {
  using enum PushProvider;
  switch (provider) {
    case apns: return "apns";
    case apns_sandbox: return "apns.dev";
    case fcm: return "fcm";
  }
  std::unreachable();
}

std::string_view name_of(PushFault fault) {
  using enum PushFault;
  switch (fault) {
    case unknown_provider: return "unknown pn-provider";
    case no_parameter: return "no pn-param";
    case bad_parameter: return "pn-param is not of its provider's form";
    case bad_tokens: return "pn-prid does not fit pn-param";
  }
  std::unreachable();
}

// RFC 8599 section 4.1: pn-provider without a value asks for all services; without pn-prid nobody is to be woken.
std::optional<Result<PushParameters, PushFault>> read_push_parameters(Uri const& uri) {
  auto const provider = uri.parameters.find("pn-provider");
  if (!provider) return {};
  PushParameters out;
  auto const prid = unescaped(uri.parameters, "pn-prid");
  if (!provider->value || provider->value->empty()) {
    out.request = PushRequest::query_all;
    return out;
  }
  out.request = prid ? PushRequest::wake : PushRequest::query;
  out.provider = provider_named(unescape(*provider->value));
  if (!out.provider) return std::unexpected(PushFault::unknown_provider);
  auto const parameter = unescaped(uri.parameters, "pn-param");
  if (!parameter) {
    if (prid) return std::unexpected(PushFault::no_parameter);
    return out;
  }
  auto const fault =
      out.provider == PushProvider::fcm ? read_fcm(*parameter, prid, out) : read_apns(*parameter, prid, out);
  if (fault) return std::unexpected(*fault);
  return out;
}

DeviceHints read_device_hints(Parameters const& contact_parameters) {
  auto const text = [&](std::string_view name) { return contact_parameters.value(name).value_or(std::string_view{}); };
  DeviceHints hints{.os = std::string(text("reveille-os")), .app = std::string(text("reveille-app"))};
  if (auto const services = contact_parameters.value("reveille-services")) {
    hints.has_call = list_holds(*services, "call");
    hints.has_im = list_holds(*services, "im");
  }
  if (equal_ignoring_case(text("reveille-channels"), "shared")) hints.layout = ChannelLayout::shared;
  if (equal_ignoring_case(text("reveille-channels"), "split")) hints.layout = ChannelLayout::split;
  return hints;
}

bool is_push_parameter(std::string_view name) {
  // RFC 3261 section 19.1.4: an escaped character is the character.
  std::string decoded;
  if (name.contains('%')) name = decoded = unescape(name);
  for (std::string_view const prefix : {"pn-", "reveille-"})
    if (name.size() > prefix.size() && equal_ignoring_case(name.substr(0, prefix.size()), prefix)) return true;
  return false;
}

std::string strip_push_parameters(Uri const& uri) {
  auto const kept = filter_parameters(uri.parameters, [](std::string_view name) { return !is_push_parameter(name); });
  auto plain = uri;
  plain.parameters = Parameters(kept);
  return format_uri(plain);
}

std::string strip_push_parameters(NameAddress const& contact) {
  std::string out(contact.display_name);
  if (!out.empty()) out += ' ';
  ((out += '<') += strip_push_parameters(contact.uri)) += '>';
  return out += filter_parameters(contact.parameters, [](std::string_view name) { return !is_push_parameter(name); });
}

bool same_push_identity(Uri const& a, Uri const& b) {
  for (std::string_view const name : {"pn-provider", "pn-param", "pn-prid"})
    if (unescaped(a.parameters, name) != unescaped(b.parameters, name)) return false;
  return true;
}

std::optional<std::string> public_contact(MessageView const& message) {
  std::string kept;
  auto changed = false;
  for (auto const element : message.elements(HeaderName::contact)) {
    auto const contact = parse_name_address(element);
    auto const readable = contact || is_star(element);
    auto const is_private =
        contact && (has_push_parameter(contact->uri.parameters) || has_push_parameter(contact->parameters));
    changed = changed || !readable || is_private;
    if (!readable) continue;
    if (!kept.empty()) kept += ", ";
    kept += is_private ? strip_push_parameters(*contact) : std::string(element);
  }
  return changed ? std::optional(std::move(kept)) : std::nullopt;
}

}  // namespace reveille::sip
