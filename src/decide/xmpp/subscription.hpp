// Presence subscriptions: who may see whom. RFC 6121 section 3, as the state tables of appendix A. Pure.
#pragma once

#include "decide/xmpp/im.hpp"
#include "wire/xmpp/stanza.hpp"

namespace reveille::decide {

// Whether the type is subscribe, subscribed, unsubscribe or unsubscribed.
[[nodiscard]] bool is_subscription(xmpp::PresenceType type);

// A stanza that the account's own client sends (appendix A.2).
void on_outbound_subscription(ImAccount& account, xmpp::Element presence, xmpp::PresenceType type,
                              ImContext const& context, ImEffects& effects);
// A stanza that a contact has sent (appendix A.3).
void on_inbound_subscription(ImAccount& account, xmpp::Element const& presence, xmpp::PresenceType type,
                             ImContext const& context, ImEffects& effects);

// The item is about to go: whatever holds in either direction is taken back (section 2.5.2).
void end_subscriptions(ImAccount const& account, model::RosterItem const& item, ImEffects& effects);

}  // namespace reveille::decide
