// SipFlow: one flow to call control, by UDP, TCP or TLS, with a SIP stack (edge/sip) of its own.
//
// Lifetime: the handler outlives it. Not to be destroyed from within the handler's calls: let it go by a post.
// Threads: the executor's one; as a RadioUser the OS's, while that is parked.
#pragma once

#include "edge/sip/outbound_flow.hpp"
#include "edge/sip/stack.hpp"
#include "sim/handset/radio.hpp"
#include "sim/handset/sip_host.hpp"

#include <functional>

namespace reveille::sim::handset {

struct SipServer {
  sip::Transport transport = sip::Transport::tls;
  edge::Destination destination = {};
};

class SipFlow final : public RadioUser {
 public:
  SipFlow(boost::asio::io_context& context, Clock const& clock, Random& random, edge::sip::RequestHandler& handler)
      : stack_(context, clock, random, handler), flow_(context.get_executor(), stack_.transports(), clock) {}

  // Once; what `opened` gets is good as long as this. That the flow is lost later, the handler hears.
  void open(SipServer server, std::move_only_function<void(Result<SipFlowFacts>)> opened) {
    auto dialled = server.destination.host;
    flow_.open(server.transport, std::move(server.destination),
               [this, opened = std::move(opened),
                dialled = std::move(dialled)](Result<edge::sip::Transports::Connected> connected) mutable {
                 if (!connected) return opened(std::unexpected(connected.error()));
                 opened(SipFlowFacts{.target = connected->target,
                                     .dialled = std::move(dialled),
                                     .host = connected->local.ip.to_string(),
                                     .port = connected->local.port,
                                     .client = &stack_.client(),
                                     .server = &stack_.server()});
               });
  }

  [[nodiscard]] std::vector<int> descriptors() override { return stack_.transports().native_handles(); }
  void close_sockets() override { stack_.transports().close(); }

 private:
  edge::sip::Stack stack_;
  edge::sip::OutboundFlow flow_;
};

}  // namespace reveille::sim::handset
