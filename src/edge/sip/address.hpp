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
    return {.ip = endpoint.address(), .port = endpoint.port()};
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

// "192.0.2.1:5060", "[2001:db8::1]:5060".
[[nodiscard]] inline std::string format_address(Address const& address) {
  std::string const ip = format_ip(address.ip);
  return (address.ip.is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(address.port);
}

}  // namespace reveille::edge::sip

template <>
struct std::hash<reveille::edge::sip::Address> {
  std::size_t operator()(reveille::edge::sip::Address const& address) const noexcept {
    return (std::hash<boost::asio::ip::address>{}(address.ip) ^ address.port) * 0x9e3779b97f4a7c15ULL;
  }
};
