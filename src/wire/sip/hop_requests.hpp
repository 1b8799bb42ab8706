// The two requests that a client makes from its own INVITE for the next hop alone: ACK to a refusal (RFC 3261 section
// 17.1.1.3) and CANCEL (section 9.1). Lifetime: of the call. Threads: any.
#pragma once

#include "wire/sip/message.hpp"
#include "wire/sip/writer.hpp"

#include <string>
#include <string_view>

namespace reveille::sip {

// `invite` as it was sent, with our Via on top; `response` is of status 300 to 699.
[[nodiscard]] Written write_hop_ack(std::string& out, MessageView const& invite, MessageView const& response);

// `reason` is the value of a Reason field (RFC 3326), or empty.
[[nodiscard]] Written write_cancel(std::string& out, MessageView const& invite, std::string_view reason = {});

}  // namespace reveille::sip
