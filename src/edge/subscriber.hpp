// Who is behind an address, for limits of one peer: of IPv6 a whole /64 is one subscriber's (RFC 6177). Pure; any
// thread.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace reveille::edge {

// The address itself; of IPv6 its /64, and the IPv4 address that is mapped into it.
[[nodiscard]] boost::asio::ip::address subscriber_of(boost::asio::ip::address const& remote);

}  // namespace reveille::edge
