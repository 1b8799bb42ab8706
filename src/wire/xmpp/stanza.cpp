#include "wire/xmpp/stanza.hpp"

#include "wire/xmpp/jid.hpp"
#include "wire/xmpp/namespaces.hpp"

#include <array>
#include <utility>

namespace reveille::xmpp {
namespace {

// The stanza's frame for an answer: same name and id, from and to exchanged.
Element answer_to(Element const& stanza, std::string_view type) {
  return make_element(stanza.name, ns::client,
                      {{"type", type},
                       {"id", stanza.attribute("id")},
                       {"from", stanza.attribute("to")},
                       {"to", stanza.attribute("from")}});
}

template <class Enum, std::size_t N>
std::optional<Enum> type_named(std::string_view name, std::array<Enum, N> const& all) {
  for (auto const one : all)
    if (name_of(one) == name) return one;
  return std::nullopt;
}

// XEP-0359 section 3: addresses are compared as they are prepared, however they are spelled.
bool is_stanza_id_by(Element const& element, std::string_view by) {
  if (!element.is("stanza-id", ns::stanza_id)) return false;
  auto const its_by = element.attribute("by");
  if (its_by == by) return true;
  auto const jid = parse_jid(its_by);
  return jid && jid->text() == by;
}

}  // namespace

std::string_view name_of(IqType type) {
  switch (type) {
    case IqType::get: return "get";
    case IqType::set: return "set";
    case IqType::result: return "result";
    case IqType::error: return "error";
  }
  std::unreachable();
}

std::string_view name_of(MessageType type) {
  switch (type) {
    case MessageType::normal: return "normal";
    case MessageType::chat: return "chat";
    case MessageType::groupchat: return "groupchat";
    case MessageType::headline: return "headline";
    case MessageType::error: return "error";
  }
  std::unreachable();
}

std::string_view name_of(PresenceType type) {
  switch (type) {
    case PresenceType::available: return "";
    case PresenceType::unavailable: return "unavailable";
    case PresenceType::subscribe: return "subscribe";
    case PresenceType::subscribed: return "subscribed";
    case PresenceType::unsubscribe: return "unsubscribe";
    case PresenceType::unsubscribed: return "unsubscribed";
    case PresenceType::probe: return "probe";
    case PresenceType::error: return "error";
  }
  std::unreachable();
}

std::optional<StanzaKind> kind_of(Element const& element) {
  if (element.space != ns::client) return std::nullopt;
  if (element.name == "message") return StanzaKind::message;
  if (element.name == "presence") return StanzaKind::presence;
  if (element.name == "iq") return StanzaKind::iq;
  return std::nullopt;
}

std::optional<IqType> iq_type_of(Element const& iq) {
  constexpr std::array all{IqType::get, IqType::set, IqType::result, IqType::error};
  return type_named(iq.attribute("type"), all);
}

MessageType message_type_of(Element const& message) {
  using enum MessageType;
  constexpr std::array all{normal, chat, groupchat, headline, error};
  return type_named(message.attribute("type"), all).value_or(normal);
}

std::optional<PresenceType> presence_type_of(Element const& presence) {
  using enum PresenceType;
  constexpr std::array all{unavailable, subscribe, subscribed, unsubscribe, unsubscribed, probe, error};
  if (!presence.has_attribute("type")) return available;
  return type_named(presence.attribute("type"), all);
}

Element make_iq(IqType type, std::string_view id) {
  return make_element("iq", ns::client, {{"type", name_of(type)}, {"id", id}});
}

Element result_of(Element const& request) {
  return answer_to(request, "result");
}

Element result_of(Element const& request, Element payload) {
  auto result = answer_to(request, "result");
  result.add(std::move(payload));
  return result;
}

std::optional<Element> error_of(Element const& stanza, StanzaError condition, std::string_view text) {
  auto const type = stanza.attribute("type");
  if (type == "error" || (stanza.name == "iq" && type == "result")) return std::nullopt;
  auto error = make_element("error", ns::client, {{"type", type_of(condition)}});
  error.add(make_element(name_of(condition), ns::stanza_errors));
  if (!text.empty()) error.add(make_text_element("text", ns::stanza_errors, text));
  auto answer = answer_to(stanza, "error");
  answer.add(std::move(error));
  return answer;
}

std::optional<std::string> condition_of(Element const& stanza) {
  auto const* error = stanza.child("error", ns::client);
  if (!error) return std::nullopt;
  for (auto const& one : error->children)
    if (one.space == ns::stanza_errors && one.name != "text") return one.name;
  return std::string(name_of(StanzaError::undefined_condition));
}

Element make_stream_error(StreamError condition, std::string_view text) {
  auto error = make_element("error", ns::stream);
  error.add(make_element(name_of(condition), ns::stream_errors));
  if (!text.empty()) error.add(make_text_element("text", ns::stream_errors, text));
  return error;
}

Element make_delay(std::string_view from, Instant at) {
  return make_element("delay", ns::delay, {{"from", from}, {"stamp", format_rfc3339(at)}});
}

void strip_stanza_ids(Element& message, std::string_view by) {
  std::erase_if(message.children, [&](auto const& one) { return is_stanza_id_by(one, by); });
}

void set_stanza_id(Element& message, std::string_view by, std::string_view id) {
  strip_stanza_ids(message, by);
  message.add(make_element("stanza-id", ns::stanza_id, {{"by", by}, {"id", id}}));
}

std::string_view stanza_id_of(Element const& message, std::string_view by) {
  for (auto const& one : message.children)
    if (is_stanza_id_by(one, by)) return one.attribute("id");
  return {};
}

}  // namespace reveille::xmpp
