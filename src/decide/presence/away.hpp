// How a user is shown while his device is asleep. B-MODE-5. Pure; any thread.
#pragma once

#include "decide/xmpp/im.hpp"

#include <optional>

namespace reveille::decide {

enum class Awakeness : std::uint8_t { awake, asleep };

// Asleep: the device asked for Away at registration, and it said itself that it is in the background, or its
// push-enabled session has lost its connection more than the grace ago. Client state indication alone changes nothing.
[[nodiscard]] Awakeness awakeness_of(ImAccount const& account, ImSession const& session, ImContext const& context);

// When the grace of a dropped foreground connection ends; nothing while there is none.
[[nodiscard]] std::optional<Instant> away_at(ImAccount const& account, ImSession const& session,
                                             ImContext const& context);

// Whether a session that cannot be resumed is shown as away when its stream has ended. After a clean end that is so if
// its device had said before that it is in the background: then its app was put to sleep, and nobody signed out.
[[nodiscard]] bool is_shown_after(ImAccount const& account, ImSession const& session, xmpp::StreamEnd why);

// The presence that others see of an available session.
[[nodiscard]] xmpp::Element shown_presence(ImAccount const& account, ImSession const& session,
                                           ImContext const& context);

}  // namespace reveille::decide
