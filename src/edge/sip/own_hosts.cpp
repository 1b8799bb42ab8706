#include "edge/sip/own_hosts.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>

namespace reveille::edge::sip {
namespace {

namespace ip = boost::asio::ip;

// A machine gets a new address seldom, and foreign addresses in requests must not make us ask the kernel each time.
constexpr Duration addresses_hold = 5s;

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), reveille::sip::to_lower);
  return out;
}

ip::address address_of(sockaddr const& name) {
  if (name.sa_family == AF_INET6) {
    ip::address_v6::bytes_type bytes{};
    std::copy_n(reinterpret_cast<sockaddr_in6 const&>(name).sin6_addr.s6_addr, bytes.size(), bytes.begin());
    return ip::address_v6{bytes};
  }
  return ip::address_v4{ntohl(reinterpret_cast<sockaddr_in const&>(name).sin_addr.s_addr)};
}

}  // namespace

std::vector<ip::address> interface_addresses() {
  std::vector<ip::address> all;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return all;
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> const list{first, &::freeifaddrs};
  for (auto const* at = first; at != nullptr; at = at->ifa_next)
    if (at->ifa_addr != nullptr && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6))
      all.push_back(address_of(*at->ifa_addr));
  return all;
}

void OwnHosts::add_name(std::string_view host) {
  boost::system::error_code error;
  auto const address = ip::make_address(std::string(host), error);
  if (error)
    names_.push_back(lower(host));
  else
    addresses_.push_back(address);
}

void OwnHosts::add_listener(Address const& bound) {
  ports_.push_back(bound.port);
  if (!bound.ip.is_unspecified()) return addresses_.push_back(bound.ip);
  // "::" takes IPv4 in as well.
  every_v4_ = true;
  every_v6_ = every_v6_ || bound.ip.is_v6();
}

bool OwnHosts::has(std::string_view host) {
  boost::system::error_code error;
  auto const address = ip::make_address(std::string(host), error);
  if (error) return std::ranges::find(names_, lower(host)) != names_.end();
  return std::ranges::find(addresses_, address) != addresses_.end() || is_of_machine(address);
}

bool OwnHosts::has(reveille::sip::Uri const& uri) {
  bool const at_our_port = !uri.port || std::ranges::find(ports_, *uri.port) != ports_.end();
  return uri.is_sip() && at_our_port && has(uri.host);
}

bool OwnHosts::is_of_machine(ip::address const& address) {
  if (!(address.is_v6() ? every_v6_ : every_v4_)) return false;
  if (address.is_loopback() || std::ranges::find(of_machine_, address) != of_machine_.end()) return true;
  if (clock_->now() < read_again_at_) return false;
  read_again_at_ = clock_->now() + addresses_hold;
  of_machine_ = interfaces_();
  return std::ranges::find(of_machine_, address) != of_machine_.end();
}

}  // namespace reveille::edge::sip
