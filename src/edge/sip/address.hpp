// Address: an IP address and a port, of either protocol. Plain value; threads: any.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace reveille::edge::sip {

struct Address {
  boost::asio::ip::address ip = {};
  std::uint16_t port = 0;

  bool operator==(Address const&) const = default;

  [[nodiscard]] boost::asio::ip::udp::endpoint udp() const { return {ip, port}; }
  [[nodiscard]] boost::asio::ip::tcp::endpoint tcp() const { return {ip, port}; }
  template <class Protocol>
  [[nodiscard]] static Address of(boost::asio::ip::basic_endpoint<Protocol> const& endpoint) {
    return {.ip = plain(endpoint.address()), .port = endpoint.port()};
  }
  // An IPv6 socket shows an IPv4 peer as ::ffff:192.0.2.1, which no peer would know itself by.
  [[nodiscard]] static boost::asio::ip::address plain(boost::asio::ip::address const& ip) {
    if (!ip.is_v6() || !ip.to_v6().is_v4_mapped()) return ip;
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
  }
};

// "192.0.2.1", "2001:db8::1". Each message is marked with one, and the library's way to write IPv4 takes long.
[[nodiscard]] inline std::string format_ip(boost::asio::ip::address const& ip) {
  if (ip.is_v6()) return ip.to_string();
  std::string text;
  for (auto const byte : ip.to_v4().to_bytes()) {
    if (!text.empty()) text += '.';
    if (byte >= 100) text += static_cast<char>('0' + byte / 100);
    if (byte >= 10) text += static_cast<char>('0' + byte / 10 % 10);
    text += static_cast<char>('0' + byte % 10);
  }
  return text;
}

// "sip.example.org:5060", "192.0.2.1:5060", "[2001:db8::1]:5060".
[[nodiscard]] inline std::string format_host_port(std::string const& host, std::uint16_t port) {
  bool const is_bare_ipv6 = host.contains(':') && !host.starts_with('[');
  return (is_bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}
[[nodiscard]] inline std::string format_address(Address const& address) {
  return format_host_port(format_ip(address.ip), address.port);
}

}  // namespace reveille::edge::sip

template <>
struct std::hash<reveille::edge::sip::Address> {
  std::size_t operator()(reveille::edge::sip::Address const& address) const noexcept {
    return (std::hash<boost::asio::ip::address>{}(address.ip) ^ address.port) * 0x9e3779b97f4a7c15ULL;
  }
};
