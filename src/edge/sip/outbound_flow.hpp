// OutboundFlow: a user agent's flow to its proxy: opened, then kept alive (RFC 5626 sections 4.2 and 4.4).
//
// What:     TCP and TLS are dialled, by name; UDP gets a connected socket. From then on pings go out; on a connection,
//           whatever comes in time answers one, and silence ends the flow (section 4.4.1).
// Lifetime: the transports outlive it. Nothing is called after its destruction; the flow goes on, without pings.
// Errors:   once, by Ready: unreachable, timed_out, denied (the certificate). That a flow is lost later, the transports
//           tell. Threads: the io_context's one thread.
#pragma once

#include "edge/link.hpp"
#include "edge/sip/transports.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace reveille::edge::sip {

struct KeepAlive {
  std::chrono::milliseconds interval{25'000};
  std::chrono::milliseconds answer_within{10'000};
};

class OutboundFlow {
 public:
  using Ready = std::move_only_function<void(Result<Transports::Connected>)>;

  OutboundFlow(boost::asio::any_io_executor executor, Transports& transports, Clock const& clock,
               KeepAlive keep_alive = {});
  OutboundFlow(OutboundFlow const&) = delete;
  OutboundFlow& operator=(OutboundFlow const&) = delete;

  // Once. `ready` is never called from inside.
  void open(wire::Transport transport, Destination destination, Ready ready);

 private:
  void dial_stream(wire::Transport transport, Destination destination);
  void resolve_udp(Destination const& destination);
  [[nodiscard]] Result<Transports::Connected> connect_to(boost::asio::ip::udp::resolver::results_type const& addresses);
  void stand(Result<Transports::Connected> connected);
  void wait_to_ping();
  void ping();
  void wait_for_answer(Instant since);

  Transports& transports_;
  Clock const& clock_;
  KeepAlive keep_alive_;
  Ready ready_ = {};
  Target target_ = {};
  boost::asio::ip::udp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace reveille::edge::sip
