// "udp 192.0.2.1:5060", "tls [2001:db8::1]:40000": where a message came from, as text that can be kept, and back. Of a
// UDP socket at every address, with the one of ours that it came to: "udp 192.0.2.1:5060 at 203.0.113.9".
#pragma once

#include "edge/sip/source.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::edge::sip {

[[nodiscard]] std::string format_remote(Source const& source);
// The reverse of format_address.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
// A target without a flow.
[[nodiscard]] std::optional<Target> parse_remote(std::string_view text);

}  // namespace reveille::edge::sip
