#include "decide/xmpp/subscription.hpp"

#include "decide/xmpp/presence.hpp"
#include "decide/xmpp/roster.hpp"
#include "wire/xmpp/namespaces.hpp"

#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;
using model::RosterItem;
using model::Subscription;

constexpr std::size_t longest_request = 4'096;

Subscription with_to(Subscription now) {
  return now == Subscription::from ? Subscription::both : now == Subscription::none ? Subscription::to : now;
}
Subscription with_from(Subscription now) {
  return now == Subscription::to ? Subscription::both : now == Subscription::none ? Subscription::from : now;
}
Subscription without_to(Subscription now) {
  return now == Subscription::both ? Subscription::from : now == Subscription::to ? Subscription::none : now;
}
Subscription without_from(Subscription now) {
  return now == Subscription::both ? Subscription::to : now == Subscription::from ? Subscription::none : now;
}

Element subscription(ImAccount const& account, std::string_view to, PresenceType type) {
  return make_element("presence", ns::client, {{"type", name_of(type)}, {"from", account.jid.text()}, {"to", to}});
}

RosterItem& item_of(ImAccount& account, std::string const& address) {
  if (auto* known = model::find_item(account.roster, address)) return *known;
  return account.roster.items.emplace_back(RosterItem{.address = address});
}

// As a roster set that would make it too long is refused.
void refuse(Jid const& from, Element const& presence, ImEffects& effects) {
  auto error = error_of(presence, StanzaError::resource_constraint);
  if (!error) return;
  error->set("to", from.text());
  effects.deliver(from.resource, std::move(*error));
}

void to_available(ImAccount const& account, Element const& presence, ImEffects& effects) {
  for (auto const& session : account.sessions)
    if (session.is_available()) effects.deliver(session.resource, presence);
}

// A.2.1: subscribe.
void ask(ImAccount& account, RosterItem& item, ImEffects& effects) {
  if (item.is_seen() || item.asked) return;
  item.asked = true;
  item.listed = true;
  push_item(account, item, effects);
}

// A.2.2: unsubscribe.
void stop_seeing(ImAccount& account, RosterItem& item, ImEffects& effects) {
  if (!item.is_seen() && !item.asked) return;
  item.subscription = without_to(item.subscription);
  item.asked = false;
  push_item(account, item, effects);
}

// A.2.3: subscribed; without a request it is an approval beforehand (section 3.4), which stays with us. True: it goes
// out.
bool allow(ImAccount& account, RosterItem& item, ImContext const& context, ImEffects& effects) {
  if (item.sees_us()) return false;
  item.listed = true;
  bool const was_asked = std::exchange(item.wants_us, false);
  item.request.clear();
  if (was_asked) {
    item.subscription = with_from(item.subscription);
  } else {
    item.approved = true;
  }
  push_item(account, item, effects);
  if (was_asked) effects.routes.push_back(subscription(account, item.address, PresenceType::subscribed));
  if (was_asked) show_to(account, item.address, context, effects);
  return false;
}

// A.2.4: unsubscribed. True: it goes out.
bool forbid(ImAccount& account, RosterItem& item, ImEffects& effects) {
  bool const asked = std::exchange(item.wants_us, false);
  bool const saw = item.sees_us();
  bool const approved = std::exchange(item.approved, false);
  item.request.clear();
  if (saw) hide_from(account, item.address, effects);
  item.subscription = without_from(item.subscription);
  effects.roster_changed = effects.roster_changed || asked;
  if (saw || (approved && item.listed)) push_item(account, item, effects);
  return asked || saw;
}

// A.3.1: subscribe.
void on_asked(ImAccount& account, RosterItem& item, Element const& presence, ImContext const& context,
              ImEffects& effects) {
  if (item.sees_us()) {
    effects.routes.push_back(subscription(account, item.address, PresenceType::subscribed));
    return show_to(account, item.address, context, effects);
  }
  if (item.approved) {
    item.subscription = with_from(item.subscription);
    effects.routes.push_back(subscription(account, item.address, PresenceType::subscribed));
    push_item(account, item, effects);
    return show_to(account, item.address, context, effects);
  }
  bool const is_repeated = std::exchange(item.wants_us, true);
  auto text = to_xml(presence, ns::client);
  item.request = text.size() <= longest_request
                     ? std::move(text)
                     : to_xml(subscription(account, {}, PresenceType::subscribe), ns::client);
  effects.roster_changed = true;
  if (!is_repeated) to_available(account, presence, effects);
}

// A.3.2: unsubscribe, and section 3.3.3: they are told that it is over, then that each resource is gone.
void on_no_longer_seen(ImAccount& account, RosterItem& item, Element const& presence, ImEffects& effects) {
  if (!item.sees_us() && !item.wants_us) return;
  bool const saw = item.sees_us();
  item.wants_us = false;
  item.request.clear();
  item.subscription = without_from(item.subscription);
  effects.roster_changed = true;
  to_available(account, presence, effects);
  effects.routes.push_back(subscription(account, item.address, PresenceType::unsubscribed));
  if (!saw) return;
  push_item(account, item, effects);
  hide_from(account, item.address, effects);
}

// A.3.3: subscribed. The roster push goes before the presence that follows.
void on_allowed(ImAccount& account, RosterItem& item, Element const& presence, ImEffects& effects) {
  if (!item.asked || item.is_seen()) return;
  item.asked = false;
  item.subscription = with_to(item.subscription);
  to_available(account, presence, effects);
  push_item(account, item, effects);
}

// A.3.4: unsubscribed.
void on_forbidden(ImAccount& account, RosterItem& item, Element const& presence, ImEffects& effects) {
  if (!item.asked && !item.is_seen()) return;
  item.asked = false;
  item.subscription = without_to(item.subscription);
  to_available(account, presence, effects);
  push_item(account, item, effects);
}

void forget_empty(ImAccount& account, std::string const& address) {
  std::erase_if(account.roster.items, [&](auto const& item) {
    return item.address == address && !item.listed && !item.wants_us && !item.approved && !item.asked &&
           item.subscription == Subscription::none;
  });
}

}  // namespace

bool is_subscription(PresenceType type) {
  using enum PresenceType;
  return type == subscribe || type == subscribed || type == unsubscribe || type == unsubscribed;
}

void on_outbound_subscription(ImAccount& account, Element presence, PresenceType type, ImContext const& context,
                              ImEffects& effects) {
  auto const to = parse_jid(presence.attribute("to"));
  if (!to || to->bare() == account.jid) return;
  auto const from = parse_jid(presence.attribute("from"));
  if (!from) return;
  // Section 3.1.2: stamped with bare addresses.
  auto const address = to->bare().text();
  presence.set("from", account.jid.text());
  presence.set("to", address);
  bool const adds = type == PresenceType::subscribe || type == PresenceType::subscribed;
  if (adds && !model::find_item(account.roster, address) && account.roster.items.size() >= most_roster_items)
    return refuse(*from, presence, effects);
  auto& item = item_of(account, address);
  bool goes_out = true;
  if (type == PresenceType::subscribe) ask(account, item, effects);
  if (type == PresenceType::unsubscribe) stop_seeing(account, item, effects);
  if (type == PresenceType::subscribed) goes_out = allow(account, item, context, effects);
  if (type == PresenceType::unsubscribed) goes_out = forbid(account, item, effects);
  forget_empty(account, address);
  if (goes_out) effects.routes.push_back(std::move(presence));
}

void on_inbound_subscription(ImAccount& account, Element const& presence, PresenceType type, ImContext const& context,
                             ImEffects& effects) {
  auto const from = parse_jid(presence.attribute("from"));
  if (!from) return;
  auto const address = from->bare().text();
  bool const known = model::find_item(account.roster, address) != nullptr;
  // A stranger can fill no roster without limit.
  if (!known && (type != PresenceType::subscribe || account.roster.items.size() >= most_roster_items)) return;
  auto& item = item_of(account, address);
  if (type == PresenceType::subscribe) on_asked(account, item, presence, context, effects);
  if (type == PresenceType::unsubscribe) on_no_longer_seen(account, item, presence, effects);
  if (type == PresenceType::subscribed) on_allowed(account, item, presence, effects);
  if (type == PresenceType::unsubscribed) on_forbidden(account, item, presence, effects);
  forget_empty(account, address);
}

void end_subscriptions(ImAccount const& account, RosterItem const& item, ImEffects& effects) {
  if (item.is_seen() || item.asked)
    effects.routes.push_back(subscription(account, item.address, PresenceType::unsubscribe));
  if (item.sees_us()) hide_from(account, item.address, effects);
  if (item.sees_us() || item.wants_us)
    effects.routes.push_back(subscription(account, item.address, PresenceType::unsubscribed));
}

}  // namespace reveille::decide
