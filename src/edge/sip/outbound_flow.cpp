#include "edge/sip/outbound_flow.hpp"

#include "edge/sip/remote.hpp"
#include "wire/sip/stream_framer.hpp"

#include <utility>

namespace reveille::edge::sip {

using boost::asio::ip::udp;
using boost::system::error_code;

OutboundFlow::OutboundFlow(boost::asio::any_io_executor executor, Transports& transports, Clock const& clock,
                           KeepAlive keep_alive)
    : transports_(transports), clock_(clock), keep_alive_(keep_alive), resolver_(executor), timer_(executor) {}

void OutboundFlow::open(wire::Transport transport, Destination destination, Ready ready) {
  ready_ = std::move(ready);
  if (transport == wire::Transport::udp) return resolve_udp(destination);
  dial_stream(transport, std::move(destination));
}

void OutboundFlow::dial_stream(wire::Transport transport, Destination destination) {
  dial(timer_.get_executor(), std::move(destination),
       [this, transport, alive = std::weak_ptr(alive_)](Result<std::shared_ptr<Link>> link) {
         if (alive.expired()) {
           if (link) (*link)->close();
           return;
         }
         if (!link) return stand(std::unexpected(link.error()));
         auto const local = parse_address((*link)->local());
         if (!local) return stand(failure(ErrorCode::unreachable, "the connection was lost at once"));
         stand(Transports::Connected{.target = transports_.adopt(transport, std::move(*link)), .local = *local});
       });
}

void OutboundFlow::resolve_udp(Destination const& destination) {
  resolver_.async_resolve(
      destination.host, std::to_string(destination.port), udp::resolver::numeric_service,
      [this, alive = std::weak_ptr(alive_)](error_code error, udp::resolver::results_type const& addresses) {
        if (alive.expired()) return;
        if (error) return stand(failure(ErrorCode::unreachable, "cannot resolve the server: " + error.message()));
        stand(connect_to(addresses));
      });
}

// COMPAT: a name like localhost has addresses of both families, connecting by UDP always succeeds, and a server seldom
// listens on both: IPv4 first.
Result<Transports::Connected> OutboundFlow::connect_to(udp::resolver::results_type const& addresses) {
  Result<Transports::Connected> connected = failure(ErrorCode::unreachable, "the server has no address");
  for (bool const wants_v4 : {true, false})
    for (auto const& address : addresses) {
      if (connected || address.endpoint().address().is_v4() != wants_v4) continue;
      connected = transports_.connect_udp(Address::of(address.endpoint()));
    }
  return connected;
}

void OutboundFlow::stand(Result<Transports::Connected> connected) {
  if (connected) {
    target_ = connected->target;
    wait_to_ping();
  }
  // Last, since it may destroy this.
  std::exchange(ready_, {})(std::move(connected));
}

void OutboundFlow::wait_to_ping() {
  timer_.expires_after(keep_alive_.interval);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](error_code error) {
    if (!error && !alive.expired()) ping();
  });
}

void OutboundFlow::ping() {
  auto const now = clock_.now();
  // A flow that is lost gets no more pings.
  if (!transports_.send(target_, wire::keep_alive_ping)) return;
  if (!transports_.heard_at(target_.flow)) return wait_to_ping();  // UDP: nothing answers
  wait_for_answer(now);
}

void OutboundFlow::wait_for_answer(Instant since) {
  timer_.expires_after(keep_alive_.answer_within);
  timer_.async_wait([this, since, alive = std::weak_ptr(alive_)](error_code error) {
    if (error || alive.expired()) return;
    auto const heard = transports_.heard_at(target_.flow);
    if (heard && *heard < since) return transports_.close_flow(target_.flow);
    wait_to_ping();
  });
}

}  // namespace reveille::edge::sip
