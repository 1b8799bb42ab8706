#include "decide/xmpp/roster.hpp"

#include "decide/xmpp/subscription.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>

namespace reveille::decide {
namespace {

using namespace xmpp;

constexpr std::size_t most_groups = 64;

void refuse(ImSession const& session, Element const& iq, StanzaError condition, ImEffects& effects) {
  if (auto error = error_of(iq, condition)) effects.deliver(session.resource, std::move(*error));
}

// Section 2.3.3: names and groups that a set may carry.
std::optional<StanzaError> fault_of(Element const& item) {
  if (item.attribute("name").size() > most_name_length) return StanzaError::not_acceptable;
  std::vector<std::string> groups;
  for (auto const& child : item.children) {
    if (!child.is("group", ns::roster)) continue;
    auto group = child.text_content();
    if (group.empty() || group.size() > most_name_length || groups.size() == most_groups)
      return StanzaError::not_acceptable;
    if (std::ranges::find(groups, group) != groups.end()) return StanzaError::bad_request;
    groups.push_back(std::move(group));
  }
  return std::nullopt;
}

void take_over(model::RosterItem& known, Element const& item) {
  known.name = item.attribute("name");
  known.groups.clear();
  for (auto const& child : item.children)
    if (child.is("group", ns::roster)) known.groups.push_back(child.text_content());
  known.listed = true;
}

// Section 2.5: the item goes, and with it both subscriptions.
void remove_item(ImAccount& account, ImSession const& session, Element const& iq, std::string const& address,
                 ImEffects& effects) {
  auto const* known = model::find_item(account.roster, address);
  if (!known || !known->listed) return refuse(session, iq, StanzaError::item_not_found, effects);
  end_subscriptions(account, *known, effects);
  std::erase_if(account.roster.items, [&](auto const& item) { return item.address == address; });
  effects.deliver(session.resource, result_of(iq));
  push_item(account, {.address = address}, effects);
}

}  // namespace

Element describe_item(model::RosterItem const& item) {
  auto element = make_element("item", ns::roster,
                              {{"jid", item.address},
                               {"name", item.name},
                               {"subscription", item.listed ? name_of(item.subscription) : "remove"},
                               {"ask", item.asked ? "subscribe" : ""},
                               {"approved", item.approved ? "true" : ""}});
  for (auto const& group : item.groups) element.add(make_text_element("group", ns::roster, group));
  return element;
}

void push_item(ImAccount& account, model::RosterItem const& item, ImEffects& effects) {
  ++account.roster.version;
  effects.roster_changed = true;
  auto const version = std::to_string(account.roster.version);
  for (auto const& session : account.sessions) {
    if (!session.interested) continue;
    auto push = make_iq(IqType::set, "roster-" + version);
    push.set("to", account.jid.with_resource(session.resource).text());
    auto query = make_element("query", ns::roster, {{"ver", version}});
    query.add(describe_item(item));
    push.add(std::move(query));
    effects.deliver(session.resource, std::move(push));
  }
}

// Sections 2.1.3 and 2.6.
void on_roster_get(ImAccount& account, ImSession& session, Element const& iq, ImEffects& effects) {
  session.interested = true;
  auto const version = std::to_string(account.roster.version);
  auto const* asked = iq.child("query", ns::roster);
  if (asked && asked->attribute("ver") == version) return effects.deliver(session.resource, result_of(iq));
  auto query = make_element("query", ns::roster, {{"ver", version}});
  for (auto const& item : account.roster.items)
    if (item.listed) query.add(describe_item(item));
  effects.deliver(session.resource, result_of(iq, std::move(query)));
}

// Section 2.3.
void on_roster_set(ImAccount& account, ImSession const& session, Element const& iq, ImEffects& effects) {
  auto const* query = iq.child("query", ns::roster);
  auto const* item = query ? query->child("item", ns::roster) : nullptr;
  // 2.1.5: exactly one item.
  auto const items =
      query ? std::ranges::count_if(query->children, [](auto const& one) { return one.name == "item"; }) : 0;
  if (!item || items != 1) return refuse(session, iq, StanzaError::bad_request, effects);
  auto const jid = parse_jid(item->attribute("jid"));
  if (!jid) return refuse(session, iq, StanzaError::jid_malformed, effects);
  auto const address = jid->bare().text();
  if (address == account.jid.text()) return refuse(session, iq, StanzaError::not_allowed, effects);
  if (item->attribute("subscription") == "remove") return remove_item(account, session, iq, address, effects);
  if (auto const fault = fault_of(*item)) return refuse(session, iq, *fault, effects);

  auto* known = model::find_item(account.roster, address);
  if (!known) {
    if (account.roster.items.size() >= most_roster_items)
      return refuse(session, iq, StanzaError::resource_constraint, effects);
    known = &account.roster.items.emplace_back(model::RosterItem{.address = address});
  }
  take_over(*known, *item);
  effects.deliver(session.resource, result_of(iq));
  push_item(account, *known, effects);
}

}  // namespace reveille::decide
