// Presence: who is there, and who is told. RFC 6121 section 4. Pure.
#pragma once

#include "decide/xmpp/im.hpp"

#include <string>
#include <vector>

namespace reveille::decide {

// What the account's own client sends.
void on_outbound_presence(ImAccount& account, ImSession& session, xmpp::Element presence, ImContext const& context,
                          ImEffects& effects);
// What others send to the account.
void on_inbound_presence(ImAccount& account, xmpp::Element const& presence, ImContext const& context,
                         ImEffects& effects);

// The session is gone for good (section 4.5): once, whatever ended it. It is still among the account's sessions.
void on_session_gone(ImAccount& account, ImSession& session, ImEffects& effects);
// How the session is shown has changed (B-MODE-5): everyone who sees it is told.
void on_shown_differently(ImAccount const& account, ImSession const& session, ImContext const& context,
                          ImEffects& effects);
// A client is back that has missed what became of others (client_state.hpp, miss_presence). First who went away, once:
// they do not answer when they are asked. Then contacts are asked anew, and our own other resources shown.
[[nodiscard]] std::vector<xmpp::Element> say_who_is_gone(ImAccount const& account, ImSession& session);
void ask_who_is_there(ImAccount const& account, ImSession const& session, ImContext const& context, ImEffects& effects);

// Every available resource, or unavailable, to that address.
void show_to(ImAccount const& account, std::string const& address, ImContext const& context, ImEffects& effects);
void hide_from(ImAccount const& account, std::string const& address, ImEffects& effects);

}  // namespace reveille::decide
