// SipFlow: one flow to call control: a UDP socket, or a TCP or TLS connection with its keep-alives (RFC 5626
// section 4.4).
//
// Lifetime: the destructor closes it; no callback comes after. Callbacks come from the executor, never from inside a
// call. Threads: the executor's one.
#pragma once

#include "sim/handset/radio.hpp"
#include "sim/handset/sip_host.hpp"
#include "wire/sip/owned_message.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace reveille::sim::handset {

struct SipServer {
  sip::Transport transport = sip::Transport::tls;
  edge::Destination destination = {};
};

struct SipFlowEvents {
  std::function<void(SipFlowFacts const&)> up = {};
  std::function<void(sip::Message)> message = {};
  std::function<void(std::string const& why)> lost = {};
};

class SipFlow {
 public:
  SipFlow(boost::asio::any_io_executor executor, Radio& radio, SipServer const& server, SipFlowEvents events);
  SipFlow(SipFlow const&) = delete;
  SipFlow& operator=(SipFlow const&) = delete;
  ~SipFlow();

  void send(std::string bytes);

 private:
  class Connection;
  class StreamConnection;
  class DatagramConnection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace reveille::sim::handset
