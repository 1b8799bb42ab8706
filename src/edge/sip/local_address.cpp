#include "edge/sip/local_address.hpp"

#include "edge/sip/address.hpp"

#include <algorithm>
#include <cstring>

namespace reveille::edge::sip {
namespace {

namespace ip = boost::asio::ip;

ip::address read(in_pktinfo const& info) {
  return ip::address_v4{ntohl(info.ipi_spec_dst.s_addr)};
}

ip::address read(in6_pktinfo const& info) {
  ip::address_v6::bytes_type bytes{};
  std::copy_n(info.ipi6_addr.s6_addr, bytes.size(), bytes.begin());
  auto const local = Address::plain(ip::address_v6{bytes});
  return local.is_multicast() ? ip::address{} : local;
}

template <class Info>
void write(msghdr& message, PacketInfo& room, int level, int type, Info const& info) {
  room.bytes.fill(0);
  message.msg_control = room.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof info);
  auto* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

template <class Info>
ip::address read_from(cmsghdr& header) {
  Info info{};
  std::memcpy(&info, CMSG_DATA(&header), sizeof info);
  return read(info);
}

}  // namespace

void ask_for_local_address(int socket, int family) {
  int const yes = 1;
  // Where it cannot be had, the kernel goes on to choose.
  if (family == AF_INET6) {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes);
  } else {
    ::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
  }
}

ip::address local_address_of(msghdr& message) {
  for (auto* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) return read_from<in_pktinfo>(*at);
    if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) return read_from<in6_pktinfo>(*at);
  }
  return {};
}

void leave_from(msghdr& message, PacketInfo& info, ip::address const& local, int family) {
  if (local.is_unspecified()) return;
  if (family == AF_INET6) {
    auto const six = local.is_v6() ? local.to_v6() : ip::make_address_v6(ip::v4_mapped, local.to_v4());
    in6_pktinfo from{};
    std::ranges::copy(six.to_bytes(), from.ipi6_addr.s6_addr);
    write(message, info, IPPROTO_IPV6, IPV6_PKTINFO, from);
  } else if (local.is_v4()) {
    write(message, info, IPPROTO_IP, IP_PKTINFO, in_pktinfo{.ipi_spec_dst = {htonl(local.to_v4().to_uint())}});
  }
}

}  // namespace reveille::edge::sip
