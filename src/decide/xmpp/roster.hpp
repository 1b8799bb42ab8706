// The roster, as its owner's clients read and change it. RFC 6121 section 2. Pure.
#pragma once

#include "decide/xmpp/im.hpp"

namespace reveille::decide {

inline constexpr std::size_t most_roster_items = 2'000;
inline constexpr std::size_t most_name_length = 1'023;  // RFC 6121 section 2.3.3

// `iq` holds <query xmlns='jabber:iq:roster'/>; its answer is among the deliveries.
void on_roster_get(ImAccount& account, ImSession& session, xmpp::Element const& iq, ImEffects& effects);
void on_roster_set(ImAccount& account, ImSession const& session, xmpp::Element const& iq, ImEffects& effects);

// Section 2.1.6: the item, to every resource that has asked for the roster. Counts the roster's version up.
void push_item(ImAccount& account, model::RosterItem const& item, ImEffects& effects);
[[nodiscard]] xmpp::Element describe_item(model::RosterItem const& item);

}  // namespace reveille::decide
