// What a session is owed of the archive: each message once (B-IM-1), whether it came for the account or for that
// resource by name, and whatever presence the client had sent by then.
//
// A client that is available gets what is for the account as it comes. One that is not, or has a negative priority,
// gets what names it, and the rest when that is over: what names it runs ahead of the rest.
//
// Lifetime: plain functions. Threads: any; pure. Source: RFC 6121 sections 8.5.2 and 8.5.3.
#pragma once

#include "decide/xmpp/im.hpp"

#include <cstdint>

namespace reveille::decide {

enum class Share : std::uint8_t { all, named };

// As messages arrive.
[[nodiscard]] Share live_share_of(ImSession const& session);
// When it catches up: a device that was woken for a message gets it all the same.
[[nodiscard]] Share late_share_of(ImSession const& session);
// The newest row that need not be looked at any more for that share.
[[nodiscard]] std::uint64_t settled_up_to(ImSession const& session, Share share);
[[nodiscard]] bool is_owed(ImSession const& session, Share share, std::uint64_t row, xmpp::Element const& message);
// It has been sent, or is not for the session. Rows come in their order.
void settle(ImSession& session, Share share, std::uint64_t row);

}  // namespace reveille::decide
