// A user agent's stack against a server's, on loopback.
#include "edge/sip/outbound_flow.hpp"

#include "edge/sip/stack_fixture.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

namespace reveille::edge::sip {
namespace {

using boost::asio::ip::tcp;
using wire::Transport;

// A stack without listeners, and its one flow.
class UserAgent {
 public:
  explicit UserAgent(boost::asio::io_context& context, KeepAlive keep_alive = {})
      : stack_(context, clock_, random_, handler_),
        flow_(context.get_executor(), stack_.transports(), clock_, keep_alive) {
    handler_.stack = &stack_;
  }

  void open(Transport transport, std::uint16_t port, TlsContext tls) {
    flow_.open(transport, {.host = "localhost", .port = port, .tls = std::move(tls)},
               [this](Result<Transports::Connected> connected) { connected_ = std::move(connected); });
  }
  [[nodiscard]] bool stands() const { return connected_ && *connected_; }
  [[nodiscard]] bool failed() const { return connected_ && !*connected_; }
  [[nodiscard]] Transports::Connected const& connected() const { return connected_->value(); }
  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] Server::Handler& handler() { return handler_; }
  [[nodiscard]] bool send(std::string const& request, Outcome const& outcome) {
    return stack_.send_request(connected().target, request, Outcome(outcome).handler()).has_value();
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  Server::Handler handler_;
  Stack stack_;
  OutboundFlow flow_;
  std::optional<Result<Transports::Connected>> connected_ = {};
};

class OutboundFlowOver : public testing::TestWithParam<Transport> {};

TEST_P(OutboundFlowOver, CarriesRequestsBothWays) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  UserAgent phone(server.context());
  phone.handler().answer_all_with(486, Server::Handler::How::by_transaction);
  phone.open(GetParam(), server.address(GetParam()).port, Server::client_tls(GetParam()));
  ASSERT_TRUE(server.run_until([&] { return phone.stands(); }));

  Outcome outcome;
  ASSERT_TRUE(phone.send(message_text(), outcome));
  ASSERT_TRUE(server.run_until([&] { return !outcome.heard().empty(); }));
  EXPECT_EQ(outcome.heard(), std::vector<std::string>{"200"});
  // The server sees the address that the phone was told, and calls back on the flow.
  auto const source = server.handler().sources().at(0);
  EXPECT_EQ(source.remote, phone.connected().local);
  Outcome back;
  auto target = target_of(source);
  target.flow = server.stack().transports().flow_of(source);
  ASSERT_TRUE(server.stack().send_request(target, invite_text(), back.handler()));
  ASSERT_TRUE(server.run_until([&] { return !back.heard().empty() && back.heard().back() == "486"; }));
  EXPECT_EQ(phone.handler().requests().size(), 1U);
  EXPECT_EQ(phone.stack().transports().native_handles().size(), 1U);
}

TEST_P(OutboundFlowOver, NamesItsOwnEndInVia) {
  Server server;
  UserAgent phone(server.context());
  phone.open(GetParam(), server.address(GetParam()).port, Server::client_tls(GetParam()));
  ASSERT_TRUE(server.run_until([&] { return phone.stands(); }));
  EXPECT_EQ(phone.stack().transports().sent_by(phone.connected().target), format_address(phone.connected().local));
}

INSTANTIATE_TEST_SUITE_P(All, OutboundFlowOver, testing::Values(Transport::udp, Transport::tcp, Transport::tls),
                         [](auto const& one) { return std::string(wire::name_of(one.param)); });

TEST(OutboundFlow, StaysWhileItsPingsAreAnswered) {
  Server server;
  UserAgent phone(server.context(), {.interval = 5ms, .answer_within = 20ms});
  phone.open(Transport::tcp, server.address(Transport::tcp).port, {});
  auto const until = std::chrono::steady_clock::now() + 200ms;
  ASSERT_TRUE(server.run_until([&] { return phone.stands() && std::chrono::steady_clock::now() > until; }));
  EXPECT_TRUE(phone.handler().lost().empty());
}

TEST(OutboundFlow, IsLostWhenNobodyAnswersAPing) {
  Server server;
  tcp::acceptor silent(server.context(), {boost::asio::ip::address_v4::loopback(), 0});
  UserAgent phone(server.context(), {.interval = 5ms, .answer_within = 20ms});
  phone.open(Transport::tcp, silent.local_endpoint().port(), {});
  ASSERT_TRUE(server.run_until([&] { return !phone.handler().lost().empty(); }));
  EXPECT_EQ(phone.handler().lost().front(), phone.connected().target.flow);
}

TEST(OutboundFlow, SaysWhyItCannotBe) {
  Server server;
  UserAgent stranger(server.context());
  stranger.open(Transport::tls, server.address(Transport::tls).port, make_client_tls({}).value());
  UserAgent late(server.context());
  auto const closed = [&] {
    return tcp::acceptor(server.context(), {boost::asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
  }();
  late.open(Transport::tcp, closed, {});
  ASSERT_TRUE(server.run_until([&] { return stranger.failed() && late.failed(); }));
}

// RFC 3261 section 18.4: what ICMP says need not wait for a timeout.
TEST(OutboundFlow, IsLostByUdpWhenNobodyListens) {
  Server server;
  auto const closed = [&] {
    return boost::asio::ip::udp::socket(server.context(), {boost::asio::ip::address_v4::loopback(), 0})
        .local_endpoint()
        .port();
  }();
  UserAgent phone(server.context());
  phone.open(Transport::udp, closed, {});
  ASSERT_TRUE(server.run_until([&] { return phone.stands(); }));
  Outcome outcome;
  ASSERT_TRUE(phone.send(message_text(), outcome));
  ASSERT_TRUE(server.run_until([&] { return !phone.handler().lost().empty(); }));
  EXPECT_EQ(outcome.heard(), std::vector<std::string>{"unreachable"});
}

}  // namespace
}  // namespace reveille::edge::sip
