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
#include <string>
#include <vector>

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

// What is not archived and will never reach its client goes back: RFC 6120 section 8.2.3, RFC 6121 section 8.5.2.2.1,
// XEP-0198 section 5. Of a live session, only what was never sent.
[[nodiscard]] std::vector<xmpp::Element> given_back(ImAccount const& account, ImSession const& session);

// What its client has seen for certain, when its stream is gone.
struct Seen {
  std::string resource = {};
  std::uint64_t cursor = 0;
  std::uint64_t named_cursor = 0;
  std::vector<std::uint64_t> unacknowledged = {};  // rows, sorted
};
[[nodiscard]] Seen seen_by(ImSession const& session);
// Everything up to there has been seen.
[[nodiscard]] std::uint64_t all_seen_up_to(Seen const& seen);
[[nodiscard]] bool is_seen(Seen const& seen, std::uint64_t row, xmpp::Element const& message);

}  // namespace reveille::decide
