// OwnHosts: by what hosts and ports requests name this server (RFC 3261 section 16.4), beside its domains.
//
// What:     the names that it gives itself, the address of each listener, and for a listener at every address each
//           address that the machine has at the moment. Names are compared without case, addresses by value.
// Lifetime: the clock outlives it. Errors: none; a machine that does not tell its addresses has those of the loopback.
// Threads:  one.
#pragma once

#include "base/instant.hpp"
#include "edge/sip/address.hpp"
#include "wire/sip/uri.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::edge::sip {

// The addresses of the machine's interfaces.
[[nodiscard]] std::vector<boost::asio::ip::address> interface_addresses();

class OwnHosts {
 public:
  using Interfaces = std::function<std::vector<boost::asio::ip::address>()>;

  explicit OwnHosts(Clock const& clock, Interfaces interfaces = interface_addresses)
      : clock_(&clock), interfaces_(std::move(interfaces)) {}

  void add_name(std::string_view host);
  void add_listener(Address const& bound);

  // A name, or an address without brackets.
  [[nodiscard]] bool has(std::string_view host);
  // One of our hosts at one of our ports; a URI without a port leaves it to us.
  [[nodiscard]] bool has(reveille::sip::Uri const& uri);

 private:
  [[nodiscard]] bool is_of_machine(boost::asio::ip::address const& ip);

  Clock const* clock_;
  Interfaces interfaces_;
  std::vector<std::string> names_ = {};
  std::vector<boost::asio::ip::address> addresses_ = {};
  std::vector<std::uint16_t> ports_ = {};
  bool every_v4_ = false;
  bool every_v6_ = false;
  std::vector<boost::asio::ip::address> of_machine_ = {};
  Instant read_again_at_ = {};
};

}  // namespace reveille::edge::sip
