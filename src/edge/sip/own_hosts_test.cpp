#include "edge/sip/own_hosts.hpp"

#include <gtest/gtest.h>

namespace reveille::edge::sip {
namespace {

Address at(std::string const& ip, std::uint16_t port) {
  return {.ip = boost::asio::ip::make_address(ip), .port = port};
}

struct Machine {
  VirtualClock clock{from_unix_seconds(1'800'000'000)};
  std::vector<boost::asio::ip::address> addresses = {boost::asio::ip::make_address("192.0.2.7"),
                                                     boost::asio::ip::make_address("2001:db8::7")};
  int asked = 0;
  OwnHosts hosts{clock, [this] {
                   ++asked;
                   return addresses;
                 }};

  bool has(std::string_view uri) { return hosts.has(*reveille::sip::parse_uri(uri)); }
};

TEST(OwnHosts, a_listener_at_one_address_is_named_by_it_at_its_port) {
  Machine machine;
  machine.hosts.add_listener(at("192.0.2.7", 5070));
  machine.hosts.add_name("Sip.Example.org");
  EXPECT_TRUE(machine.has("sip:192.0.2.7:5070"));
  EXPECT_TRUE(machine.has("sip:juliet@192.0.2.7"));
  EXPECT_TRUE(machine.has("sips:juliet@sip.EXAMPLE.org:5070;lr"));
  EXPECT_FALSE(machine.has("sip:192.0.2.7:5071"));
  EXPECT_FALSE(machine.has("sip:sip.example.org:5071"));
  EXPECT_FALSE(machine.has("sip:192.0.2.8:5070"));
  EXPECT_FALSE(machine.has("sip:[2001:db8::7]:5070"));
  EXPECT_FALSE(machine.has("sip:127.0.0.1:5070"));
  EXPECT_FALSE(machine.has("tel:+4930123"));
  EXPECT_EQ(machine.asked, 0);
}

TEST(OwnHosts, a_listener_at_every_address_is_named_by_each_that_the_machine_has) {
  Machine machine;
  machine.hosts.add_listener(at("0.0.0.0", 5060));
  EXPECT_TRUE(machine.has("sip:192.0.2.7:5060"));
  EXPECT_TRUE(machine.has("sip:127.0.0.1:5060"));
  EXPECT_FALSE(machine.has("sip:[2001:db8::7]:5060"));
  EXPECT_FALSE(machine.has("sip:0.0.0.0:5060"));
  machine.hosts.add_listener(at("::", 5062));
  EXPECT_TRUE(machine.has("sip:[2001:DB8:0::7]:5062"));
  EXPECT_TRUE(machine.has("sip:192.0.2.7:5062"));
  EXPECT_TRUE(machine.has("sip:[::1]:5062"));
}

TEST(OwnHosts, a_new_address_of_the_machine_is_learnt_and_foreign_ones_cost_little) {
  Machine machine;
  machine.hosts.add_listener(at("0.0.0.0", 5060));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(machine.has("sip:198.51.100.1:5060"));
  EXPECT_EQ(machine.asked, 1);
  machine.addresses.push_back(boost::asio::ip::make_address("198.51.100.1"));
  machine.clock.advance(5s);
  EXPECT_TRUE(machine.has("sip:198.51.100.1:5060"));
}

TEST(OwnHosts, a_public_address_is_one_of_them_in_any_spelling) {
  Machine machine;
  machine.hosts.add_listener(at("192.0.2.7", 5060));
  machine.hosts.add_name("2001:db8::99");
  EXPECT_TRUE(machine.has("sip:[2001:0db8::0:99]:5060"));
}

TEST(OwnHosts, the_machine_tells_its_loopback) {
  auto const all = interface_addresses();
  EXPECT_NE(std::ranges::find(all, boost::asio::ip::make_address("127.0.0.1")), all.end());
}

}  // namespace
}  // namespace reveille::edge::sip
