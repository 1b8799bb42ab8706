// A phone's stanzas.
#include "sim/handset/xmpp_stanzas.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

namespace reveille::sim::handset {

using xmpp::Element;
using xmpp::make_element;
using xmpp::make_text_element;
namespace ns = xmpp::ns;

namespace {

constexpr std::string_view page_size = "50";

void add_field(Element& form, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  auto field = make_element("field", ns::data_form, {{"var", name}});
  field.add(make_text_element("value", ns::data_form, value));
  form.add(std::move(field));
}

std::optional<IncomingMessage> read_body(Element const& message, std::string_view archive_id) {
  if (xmpp::message_type_of(message) == xmpp::MessageType::error) return std::nullopt;
  auto const text = message.child_text("body");
  if (text.empty()) return std::nullopt;
  return IncomingMessage{.from = bare_of(message.attribute("from")),
                         .id = std::string(message.attribute("id")),
                         .text = text,
                         .archive_id = std::string(archive_id),
                         .markable = message.child("markable", ns::chat_markers) != nullptr};
}

}  // namespace

Element enable_push(XmppPush const& push, std::string_view domain, std::string_view instance) {
  auto enable = make_element("enable", ns::push, {{"jid", "push." + std::string(domain)}, {"node", instance}});
  auto form = make_element("x", ns::data_form, {{"type", "submit"}});
  add_field(form, "FORM_TYPE", ns::publish_options);
  add_field(form, "app", push.app);
  add_field(form, "platform", push.platform);
  add_field(form, "os_version", push.os_version);
  add_field(form, "provider", push.provider);
  add_field(form, "environment", push.environment);
  add_field(form, "team", push.team);
  add_field(form, "channels", push.channels);
  add_field(form, "token_voip", push.token_voip);
  add_field(form, "token_message", push.token_message);
  add_field(form, "services", push.services);
  add_field(form, "away_in_background", "true");
  enable.add(std::move(form));
  return enable;
}

Element disable_push(std::string_view domain, std::string_view instance) {
  return make_element("disable", ns::push, {{"jid", "push." + std::string(domain)}, {"node", instance}});
}

Element archive_query(std::string_view query, std::optional<std::string> const& after) {
  auto out = make_element("query", ns::archive, {{"queryid", query}});
  auto form = make_element("x", ns::data_form, {{"type", "submit"}});
  add_field(form, "FORM_TYPE", ns::archive);
  out.add(std::move(form));
  auto set = make_element("set", ns::result_set);
  set.add(make_text_element("max", ns::result_set, after ? page_size : "1"));
  if (after)
    set.add(make_text_element("after", ns::result_set, *after));
  else
    set.add(make_element("before", ns::result_set));
  out.add(std::move(set));
  return out;
}

std::optional<IncomingMessage> read_message(Element const& message, std::string_view account) {
  return read_body(message, xmpp::stanza_id_of(message, account));
}

std::optional<IncomingMessage> read_archived(Element const& message, std::string_view query) {
  auto const* result = message.child("result", ns::archive);
  if (result == nullptr || result->attribute("queryid") != query) return std::nullopt;
  auto const* forwarded = result->child("forwarded", ns::forward);
  auto const* inner = forwarded == nullptr ? nullptr : forwarded->child("message", ns::client);
  if (inner == nullptr) return std::nullopt;
  auto read = read_body(*inner, result->attribute("id"));
  // A message without a body still moves the place in the archive on.
  return read ? read : IncomingMessage{.archive_id = std::string(result->attribute("id"))};
}

Element chat_message(std::string_view to, std::string_view id, std::string_view text) {
  auto message = make_element("message", ns::client, {{"to", to}, {"type", "chat"}, {"id", id}});
  message.add(make_text_element("body", ns::client, text)).add(make_element("markable", ns::chat_markers));
  return message;
}

Element displayed_marker(std::string_view to, std::string_view id, std::string_view marked) {
  auto message = make_element("message", ns::client, {{"to", to}, {"type", "chat"}, {"id", id}});
  message.add(make_element("displayed", ns::chat_markers, {{"id", marked}}));
  return message;
}

std::string bare_of(std::string_view address) {
  return std::string(address.substr(0, address.find('/')));
}

}  // namespace reveille::sim::handset
