// The key by which a request finds its server transaction: RFC 3261 section 17.2.3. Pure; threads: any.
#pragma once

#include "edge/sip/source.hpp"
#include "wire/sip/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::edge::sip {

// The topmost Via as it is written; empty without one.
[[nodiscard]] std::string_view top_via_text(wire::MessageView const& message);
// The same, read; nothing when it is none.
[[nodiscard]] std::optional<wire::Via> top_via_of(wire::MessageView const& message);

// Writes the key into `out`. For ACK, and for what a CANCEL cancels, `method` is INVITE.
void write_transaction_key(std::string& out, wire::MessageView const& request, wire::Via const& via,
                           std::string_view method);

}  // namespace reveille::edge::sip
