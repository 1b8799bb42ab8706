// Where a SIP message came from (Source), where one is to go (Target), and how much of all that we bear (Limits).
// Plain values; threads: any.
#pragma once

#include "base/handle.hpp"
#include "base/instant.hpp"
#include "edge/sip/address.hpp"
#include "wire/sip/timers.hpp"
#include "wire/sip/via.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace reveille::edge::sip {

// Inside this namespace the SIP language goes by another name than outside.
namespace wire = reveille::sip;

enum class Secured : std::uint8_t { no, yes };

struct Source {
  wire::Transport transport = wire::Transport::udp;
  Address remote = {};
  // The connection; for UDP empty: Stack::flow_of makes one.
  FlowHandle flow = {};
  // Which of our UDP sockets, and which address of ours where it is at every address; else unspecified.
  std::uint16_t socket = 0;
  boost::asio::ip::address local = {};

  [[nodiscard]] Secured secured() const {
    return transport == wire::Transport::tls || transport == wire::Transport::wss ? Secured::yes : Secured::no;
  }
};

struct Target {
  wire::Transport transport = wire::Transport::udp;
  Address remote = {};
  // With a flow, that connection and no other. Without, UDP goes to `remote`; TCP and TLS use the connection that
  // stands between us; TCP dials when there is none, TLS does not.
  FlowHandle flow = {};
  std::uint16_t socket = 0;
  boost::asio::ip::address local = {};
};

// Back the way that a message came (a connection, or the address that a datagram came from).
[[nodiscard]] inline Target target_of(Source const& source) {
  return {.transport = source.transport,
          .remote = source.remote,
          .flow = source.flow,
          .socket = source.socket,
          .local = source.local};
}

[[nodiscard]] constexpr wire::Reliability reliability_of(wire::Transport transport) {
  return transport == wire::Transport::udp ? wire::Reliability::unreliable : wire::Reliability::reliable;
}

// RFC 3261 section 18.1.1: "5060 for UDP, TCP and SCTP, 5061 for TLS".
[[nodiscard]] constexpr std::uint16_t default_port(wire::Transport transport) {
  return transport == wire::Transport::tls ? 5061 : 5060;
}

struct Limits {
  std::size_t server_transactions = 100'000;
  std::size_t client_transactions = 100'000;
  std::size_t connections = 20'000;
  std::size_t connections_per_address = 2'000;  // IPv6: of one /64
  std::size_t strangers = 1'000;                // connections on which nobody has signed in
  std::size_t strangers_per_address = 250;
  std::size_t dialled_per_address = 64;  // whoever registers names the port
  std::size_t udp_flows = 200'000;
  std::size_t write_queue = std::size_t{512} * 1024;  // bytes that wait for a connection
  Duration handshake = 10s;                           // of TLS, and for dialling
  Duration first_message = 30s;                       // after the connection stands; a stranger's next one too
  Duration whole_message = 30s;                       // from a message's first byte to its last
  Duration stalled_write = 20s;                       // a peer that does not read
  Duration idle = 65min;                              // nothing heard, not even a keep-alive
};

}  // namespace reveille::edge::sip
