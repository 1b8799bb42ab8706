#include "decide/xmpp/presence.hpp"

#include "decide/presence/away.hpp"
#include "decide/xmpp/client_state.hpp"
#include "decide/xmpp/subscription.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/xml.hpp"

#include <charconv>
#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;

constexpr std::size_t most_directed = 200;

std::string full(ImAccount const& account, ImSession const& session) {
  return account.jid.with_resource(session.resource).text();
}

// Section 4.7.2.3: −128 to 127; what is no such number counts as 0.
int priority_of(Element const& presence) {
  auto const text = presence.child_text("priority");
  int value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool const valid = error == std::errc{} && end == text.data() + text.size() && value >= -128 && value <= 127;
  return valid ? value : 0;
}

Element unavailable(std::string_view from, std::string_view to) {
  return make_element("presence", ns::client, {{"type", "unavailable"}, {"from", from}, {"to", to}});
}

Element addressed(Element presence, std::string_view to) {
  presence.set("to", to);
  return presence;
}

// To every contact who sees us, and to the user's own other resources.
void broadcast(ImAccount const& account, ImSession const& session, Element const& presence, ImEffects& effects) {
  for (auto const& item : account.roster.items)
    if (item.sees_us()) effects.routes.push_back(addressed(presence, item.address));
  for (auto const& other : account.sessions)
    if (other.resource != session.resource && other.is_available())
      effects.deliver(other.resource, addressed(presence, full(account, other)));
}

// Section 4.2.2: initial presence: contacts are asked, our own other resources and open requests are shown.
void greet(ImAccount& account, ImSession& session, ImContext const& context, ImEffects& effects) {
  ask_who_is_there(account, session, context, effects);
  for (auto const& item : account.roster.items) {
    if (!item.wants_us) continue;
    if (auto request = parse_element(item.request)) effects.deliver(session.resource, std::move(*request));
  }
}

void on_available(ImAccount& account, ImSession& session, Element presence, ImContext const& context,
                  ImEffects& effects) {
  bool const is_initial = !session.is_available();
  session.priority = priority_of(presence);
  session.presence = std::move(presence);
  broadcast(account, session, shown_presence(account, session, context), effects);
  // Sections 4.2.2 and 4.4.2: the resource that said it, too.
  effects.deliver(session.resource, addressed(shown_presence(account, session, context), full(account, session)));
  if (is_initial) greet(account, session, context, effects);
}

// Section 4.6: directed presence.
void on_directed(ImAccount const& account, ImSession& session, Element presence, PresenceType type,
                 ImEffects& effects) {
  auto const to = parse_jid(presence.attribute("to"));
  if (!to) {
    if (auto error = error_of(presence, StanzaError::jid_malformed))
      effects.deliver(session.resource, std::move(*error));
    return;
  }
  presence.set("from", full(account, session));
  if (type == PresenceType::unavailable) session.directed.erase(to->text());
  if (type == PresenceType::available && session.directed.size() < most_directed) session.directed.insert(to->text());
  effects.routes.push_back(std::move(presence));
}

bool is_contact_who_sees_us(ImAccount const& account, std::string const& address) {
  auto const jid = parse_jid(address);
  auto const* item = jid ? model::find_item(account.roster, jid->bare().text()) : nullptr;
  return item && item->sees_us();
}

// Section 4.6.3: of those who were sent presence directly, the ones who have not been told as contacts.
void on_unavailable(ImAccount const& account, ImSession& session, Element presence, ImEffects& effects) {
  presence.set("from", full(account, session));
  bool const was_available = session.is_available();
  if (was_available) broadcast(account, session, presence, effects);
  for (auto const& address : session.directed)
    if (!was_available || !is_contact_who_sees_us(account, address))
      effects.routes.push_back(addressed(presence, address));
  session.directed.clear();
  session.presence.reset();
  session.priority = 0;
}

// Section 4.3.2.
void on_probe(ImAccount const& account, Element const& probe, ImContext const& context, ImEffects& effects) {
  auto const from = parse_jid(probe.attribute("from"));
  if (!from) return;
  auto const* item = model::find_item(account.roster, from->bare().text());
  if (from->bare() != account.jid && (!item || !item->sees_us())) {
    // 1. Not subscribed: "unsubscribed".
    effects.routes.push_back(make_element(
        "presence", ns::client, {{"type", "unsubscribed"}, {"from", account.jid.text()}, {"to", from->bare().text()}}));
    return;
  }
  show_to(account, from->text(), context, effects);
}

}  // namespace

void on_outbound_presence(ImAccount& account, ImSession& session, Element presence, ImContext const& context,
                          ImEffects& effects) {
  auto const type = presence_type_of(presence);
  if (!type) {
    if (auto error = error_of(presence, StanzaError::bad_request)) effects.deliver(session.resource, std::move(*error));
    return;
  }
  if (is_subscription(*type)) return on_outbound_subscription(account, std::move(presence), *type, context, effects);
  bool const directed = !presence.attribute("to").empty();
  if (directed) return on_directed(account, session, std::move(presence), *type, effects);
  if (*type == PresenceType::available) return on_available(account, session, std::move(presence), context, effects);
  if (*type != PresenceType::unavailable) return;
  // Section 4.5.2: the resource that said it, too.
  auto const own = full(account, session);
  if (session.is_available()) effects.deliver(session.resource, addressed(presence, own).set("from", own));
  on_unavailable(account, session, std::move(presence), effects);
}

void on_inbound_presence(ImAccount& account, Element const& presence, ImContext const& context, ImEffects& effects) {
  auto const type = presence_type_of(presence);
  auto const to = parse_jid(presence.attribute("to"));
  auto const from = parse_jid(presence.attribute("from"));
  if (!type || !to || !from) return;
  if (is_subscription(*type)) return on_inbound_subscription(account, presence, *type, context, effects);
  if (*type == PresenceType::probe) return on_probe(account, presence, context, effects);
  // Section 8.5.3.2.2: to a resource that is not there it is dropped.
  if (!to->is_bare()) {
    if (find_session(account, to->resource)) effects.deliver(to->resource, presence);
    return;
  }
  for (auto& session : account.sessions)
    if (session.is_available()) effects.deliver(session.resource, presence);
}

void on_session_gone(ImAccount& account, ImSession& session, ImEffects& effects) {
  if (!session.is_available() && session.directed.empty()) return;
  on_unavailable(account, session, unavailable(full(account, session), {}), effects);
}

void on_shown_differently(ImAccount const& account, ImSession const& session, ImContext const& context,
                          ImEffects& effects) {
  if (session.is_available()) broadcast(account, session, shown_presence(account, session, context), effects);
}

std::vector<Element> say_who_is_gone(ImAccount const& account, ImSession& session) {
  auto const to = full(account, session);
  std::vector<Element> stanzas;
  for (auto const& from : std::exchange(session.gone, {})) {
    if (from != gone_without_number) {
      stanzas.push_back(unavailable(from, to));
      continue;
    }
    // Nobody knows who else: every contact is away, until it answers, and one's own resources but this.
    stanzas.push_back(unavailable(account.jid.text(), to));
    if (session.presence) stanzas.push_back(addressed(*session.presence, to).set("from", to));
    for (auto const& item : account.roster.items)
      if (item.is_seen()) stanzas.push_back(unavailable(item.address, to));
  }
  return stanzas;
}

void ask_who_is_there(ImAccount const& account, ImSession const& session, ImContext const& context,
                      ImEffects& effects) {
  for (auto const& item : account.roster.items)
    if (item.is_seen())
      effects.routes.push_back(make_element(
          "presence", ns::client, {{"type", "probe"}, {"from", full(account, session)}, {"to", item.address}}));
  for (auto const& other : account.sessions)
    if (other.resource != session.resource && other.is_available())
      effects.deliver(session.resource, addressed(shown_presence(account, other, context), full(account, session)));
}

void show_to(ImAccount const& account, std::string const& address, ImContext const& context, ImEffects& effects) {
  bool shown = false;
  for (auto const& session : account.sessions) {
    if (!session.is_available()) continue;
    effects.routes.push_back(addressed(shown_presence(account, session, context), address));
    shown = true;
  }
  if (!shown) effects.routes.push_back(unavailable(account.jid.text(), address));
}

void hide_from(ImAccount const& account, std::string const& address, ImEffects& effects) {
  for (auto const& session : account.sessions)
    if (session.is_available()) effects.routes.push_back(unavailable(full(account, session), address));
}

}  // namespace reveille::decide
