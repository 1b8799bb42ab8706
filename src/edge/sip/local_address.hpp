// Which of our addresses a datagram was sent to, and from which one goes out (IP_PKTINFO; RFC 3542 section 6.1). A
// socket at every address would else answer from the one that the kernel's routes prefer: a phone behind a NAT never
// hears that (RFC 3581 section 4: from where the request was sent to), nor one that was told a floating address.
//
// Plain functions over the kernel's structures; an unspecified address means that the kernel chooses. Threads: any.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace reveille::edge::sip {

// Room for what the kernel says beside a datagram.
struct PacketInfo {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
};

// From now on the kernel says it. `family`: AF_INET or AF_INET6, which serves IPv4 too.
void ask_for_local_address(int socket, int family);
// The address of a received message.
[[nodiscard]] boost::asio::ip::address local_address_of(msghdr& message);
// Makes the message leave from that address; `info` lives until it has left.
void leave_from(msghdr& message, PacketInfo& info, boost::asio::ip::address const& local, int family);

}  // namespace reveille::edge::sip
