// XEP-0352: what an inactive client is spared until it is active again. Pure.
#pragma once

#include "decide/xmpp/im.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

// Presence is held, the newest a sender; a stand-alone chat state is dropped. True: do not send now.
[[nodiscard]] bool hold_back(ImSession& session, xmpp::Element const& stanza);
// Presence that is there or gone: held, as above, whatever the client's state. False: it is something else.
[[nodiscard]] bool hold_presence(ImSession& session, xmpp::Element const& stanza);
// Presence that the client is not sent at all: it is asked for anew when the client is back. Those who are away by then
// have nothing to answer, so they are remembered. True: what is remembered has changed.
[[nodiscard]] bool miss_presence(ImSession& session, xmpp::Element const& presence);
// Nobody knows who went away while the client was.
void miss_everyone(ImSession& session);
// Who is gone by all that the client has not been told: should the process end now, nobody else could say.
[[nodiscard]] std::set<std::string> gone_without_line(ImSession const& session);
// Whether what was held changes that.
[[nodiscard]] bool must_survive(ImSession const& session, xmpp::Element const& held);
// In the place of those that are too many to be remembered.
inline constexpr std::string_view gone_without_number = {};
// Means nothing any more when its client is back: presence, which is asked for anew, and a stand-alone chat state.
[[nodiscard]] bool is_fleeting(xmpp::Element const& stanza);
// What was held, to be sent now: everything, or what goes before a stanza of `sender`.
[[nodiscard]] std::vector<xmpp::Element> let_go(ImSession& session);
[[nodiscard]] std::vector<xmpp::Element> let_go(ImSession& session, std::string_view sender);

}  // namespace reveille::decide
