#include "edge/sip/stack.hpp"

namespace reveille::edge::sip {

Stack::Stack(boost::asio::io_context& context, Clock const& clock, Random& random, RequestHandler& handler,
             Limits limits, std::uint16_t thread)
    : limits_(limits),
      handler_(handler),
      driver_(context, clock),
      transports_(context, driver_, limits_, thread),
      server_(transports_, driver_, random, limits_, thread),
      client_(transports_, driver_, random, limits_, thread) {
  transports_.set_receiver(*this);
  server_.set_handler(handler);
}

void Stack::on_message(wire::MessageView const& message, Source const& source) {
  if (message.is_response()) {
    client_.take(message, source);
  } else {
    server_.take(message, source);
  }
}

void Stack::on_broken(wire::MessageView const& message, wire::ParseError const& error, Source const& source) {
  server_.refuse_broken(message, error, source);
}

void Stack::on_flow_lost(FlowHandle flow) {
  client_.on_flow_lost(flow);
  handler_.on_flow_lost(flow);
}

StackCounts Stack::counts() const {
  return {.transports = transports_.counts(), .server = server_.counts(), .client = client_.counts()};
}

}  // namespace reveille::edge::sip
