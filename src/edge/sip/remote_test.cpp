#include "edge/sip/remote.hpp"

#include "edge/sip/udp_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <string>

namespace reveille::edge::sip {
namespace {

boost::asio::ip::address ip(char const* text) {
  return boost::asio::ip::make_address(text);
}

TEST(Remote, is_read_as_it_was_written) {
  for (std::string const text : {"udp 192.0.2.1:5060", "tls [2001:db8::1]:40000", "udp 192.0.2.1:5060 at 203.0.113.9",
                                 "udp [2001:db8::1]:5060 at 2001:db8::9"}) {
    auto const target = parse_remote(text);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(format_remote({.transport = target->transport, .remote = target->remote, .local = target->local}), text);
  }
  for (auto const* text : {"", "udp", "udp ", "udp 192.0.2.1", "carrier-pigeon 192.0.2.1:5060",
                           "udp 192.0.2.1:5060 at ", "udp 192.0.2.1:5060 at home"})
    EXPECT_FALSE(parse_remote(text)) << text;
}

struct Heard final : DatagramReceiver {
  void on_datagram(std::span<char> bytes, Address const& from, boost::asio::ip::address const& to,
                   std::uint16_t) override {
    text.assign(bytes.data(), bytes.size());
    remote = from;
    local = to;
    context->stop();
  }
  void on_refused(std::uint16_t) override {}

  boost::asio::io_context* context = nullptr;
  std::string text = {};
  Address remote = {};
  boost::asio::ip::address local = {};
};

// Whole sentences between two sockets, the first at every address of that family.
struct Pair {
  explicit Pair(char const* everywhere) {
    heard_here.context = heard_there.context = &context;
    here = here_socket.open({.ip = ip(everywhere)}).value();
    there = there_socket.open({.ip = ip("127.0.0.1")}).value();
  }
  void run() {
    context.restart();
    context.run_for(std::chrono::seconds(5));
  }

  boost::asio::io_context context = {};
  Heard heard_here = {};
  Heard heard_there = {};
  UdpSocket here_socket{context, heard_here, 0};
  UdpSocket there_socket{context, heard_there, 1};
  Address here = {};
  Address there = {};
};

class UdpSocketEverywhere : public testing::TestWithParam<char const*> {};

TEST_P(UdpSocketEverywhere, answers_from_the_address_that_was_spoken_to) {
  Pair pair(GetParam());
  pair.there_socket.send({.ip = ip("127.0.0.7"), .port = pair.here.port}, "hello");
  pair.run();
  EXPECT_EQ(pair.heard_here.text, "hello");
  EXPECT_EQ(pair.heard_here.local, ip("127.0.0.7"));
  pair.here_socket.send(pair.heard_here.remote, "well met", pair.heard_here.local);
  pair.run();
  EXPECT_EQ(pair.heard_there.text, "well met");
  EXPECT_EQ(pair.heard_there.remote, (Address{.ip = ip("127.0.0.7"), .port = pair.here.port}));
  EXPECT_TRUE(pair.heard_there.local.is_unspecified()) << "a socket at one address knows it";
}

TEST_P(UdpSocketEverywhere, sends_from_any_when_the_address_is_ours_no_longer) {
  Pair pair(GetParam());
  pair.here_socket.send(pair.there, "hello", ip("192.0.2.77"));
  pair.run();
  EXPECT_EQ(pair.heard_there.text, "hello");
  EXPECT_EQ(pair.here_socket.dropped(), 0U);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpSocketEverywhere, testing::Values("0.0.0.0", "::"));

}  // namespace
}  // namespace reveille::edge::sip
