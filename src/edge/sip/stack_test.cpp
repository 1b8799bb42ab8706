#include "edge/sip/stack.hpp"

#include "edge/development_ca.hpp"
#include "edge/sip/stack_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace reveille::edge::sip {
namespace {

using testing::HasSubstr;
using wire::Transport;

TEST(Stack, AnswersOptionsOverUdp) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  server.handler().answer_all_with(200, Server::Handler::How::statelessly);
  phone.send(request_text("OPTIONS", "UDP", phone.local(), "z9hG4bK1", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 1; }));
  auto const& response = phone.received().front();
  EXPECT_THAT(response, testing::StartsWith("SIP/2.0 200 OK\r\n"));
  // RFC 3581 section 4.
  EXPECT_THAT(response, HasSubstr("received=127.0.0.1"));
  EXPECT_THAT(response, HasSubstr("rport=" + std::to_string(phone.local().port)));
  EXPECT_EQ(server.stack().counts().server.open, 0U);
  EXPECT_EQ(server.stack().counts().server.stateless, 1U);
}

// A listener at every address: what leaves bears the name given, and an IPv4 phone is not told of ::ffff:127.0.0.1.
TEST(Stack, ListensAtEveryAddressUnderAName) {
  for (auto const* every : {"0.0.0.0", "::"}) {
    Server server;
    server.handler().answer_all_with(200, Server::Handler::How::statelessly);
    auto const bound = server.stack().transports().listen(Transport::udp, {.ip = boost::asio::ip::make_address(every)},
                                                          {}, "sip.example.org");
    if (!bound) continue;  // a machine without IPv6
    UdpPeer phone{server.context(), {.ip = boost::asio::ip::address_v4::loopback(), .port = bound->port}};
    phone.send(request_text("OPTIONS", "UDP", phone.local(), "z9hG4bKo", ";rport"));
    ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 1; }));
    EXPECT_THAT(phone.received()[0], HasSubstr("received=127.0.0.1"));
    auto const source = server.handler().sources().back();
    EXPECT_EQ(source.remote, phone.local());
    Outcome outcome;
    ASSERT_TRUE(server.stack().send_request(target_of(source), message_text(), outcome.handler()));
    ASSERT_TRUE(server.run_until([&] { return phone.count("MESSAGE sip:") >= 1; }));
    EXPECT_THAT(phone.received()[1],
                HasSubstr("Via: SIP/2.0/UDP sip.example.org:" + std::to_string(bound->port) + ";"));
  }
}

TEST(Stack, WithoutRportTheResponseGoesToThePortInVia) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::statelessly);
  UdpPeer sender{server.context(), server.address(Transport::udp)};
  UdpPeer named{server.context(), server.address(Transport::udp)};
  sender.send(request_text("OPTIONS", "UDP", named.local(), "z9hG4bK1"));
  ASSERT_TRUE(server.run_until([&] { return named.received().size() == 1; }));
  EXPECT_TRUE(sender.received().empty());
}

TEST(Stack, AnswersOptionsOverTcpAndTls) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  for (auto transport : {Transport::tcp, Transport::tls}) {
    StreamPeer phone{server.context(), server.address(transport), server.client_tls(transport)};
    ASSERT_TRUE(server.run_until([&] { return phone.is_connected(); }));
    std::string const name{wire::name_of(transport)};
    // A keep-alive, two requests at once, the second in two pieces (RFC 3261 section 18.3, RFC 5626 section 3.5.1).
    auto const first = request_text("OPTIONS", name, {}, "z9hG4bK" + name + "1");
    auto const second = request_text("OPTIONS", name, {}, "z9hG4bK" + name + "2");
    phone.send("\r\n\r\n" + first + second.substr(0, 100));
    ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 200") == 1; }));
    phone.send(second.substr(100));
    ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 200") == 2; }));
    EXPECT_THAT(phone.received(), testing::StartsWith("\r\nSIP/2.0"));
  }
  EXPECT_EQ(server.handler().sources().back().secured(), Secured::yes);
  EXPECT_EQ(server.stack().counts().server.open, 0U);
}

// RFC 3261 section 17.2.1: the response is repeated until the ACK comes; the request's repetitions are absorbed.
TEST(Stack, RepeatsARefusalUntilTheAck) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  server.handler().answer_all_with(486, Server::Handler::How::by_transaction);
  auto const invite = request_text("INVITE", "UDP", phone.local(), "z9hG4bKinv", ";rport");
  phone.send(invite);
  phone.send(invite);
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 486") >= 3; }));
  EXPECT_EQ(phone.count("SIP/2.0 100"), 1U);
  EXPECT_EQ(server.handler().requests().size(), 1U);
  phone.send(request_text("ACK", "UDP", phone.local(), "z9hG4bKinv", ";rport"));
  // The ACK is absorbed: what follows it is handled, and nobody heard of it.
  phone.send(request_text("OPTIONS", "UDP", phone.local(), "z9hG4bKnext", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return server.handler().requests().size() == 2; }));
  EXPECT_TRUE(server.handler().acks().empty());
}

// B-CALL-13: until the house can answer for a call, its caller hears nothing, however often he asks.
TEST(Stack, A100ThatIsHeldComesWhenItIsSaid) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  server.handler().hold_trying();
  auto const invite = request_text("INVITE", "UDP", phone.local(), "z9hG4bKinv", ";rport");
  phone.send(invite);
  phone.send(invite);
  phone.send(request_text("CANCEL", "UDP", phone.local(), "z9hG4bKelse", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 481") == 1; }));
  EXPECT_EQ(phone.received().size(), 1U);
  EXPECT_EQ(server.handler().requests().size(), 1U);
  server.stack().say_trying(server.handler().requests().front());
  server.stack().say_trying(server.handler().requests().front());
  phone.send(invite);
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 100") == 2; }));
}

TEST(Stack, A100ThatIsHeldNeverFollowsAnAnswer) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  server.handler().hold_trying();
  server.handler().answer_all_with(486, Server::Handler::How::by_transaction);
  phone.send(request_text("INVITE", "UDP", phone.local(), "z9hG4bKinv", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 486") == 1; }));
  server.stack().say_trying(server.handler().requests().front());
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 486") == 2; }));
  EXPECT_EQ(phone.count("SIP/2.0 100"), 0U);
}

// B-CALL-13: an INVITE of an earlier process is cancelled by its Via; the answer ends the repetition.
TEST(Stack, CancelsWhatAnEarlierProcessSent) {
  std::string via;
  std::string invite;
  {
    Server earlier;
    UdpPeer phone{earlier.context(), earlier.address(Transport::udp)};
    auto const sent = earlier.stack().send_request({.remote = phone.local()}, invite_text(), {});
    ASSERT_TRUE(sent);
    via = earlier.stack().via_of(*sent);
    ASSERT_TRUE(earlier.run_until([&] { return phone.received().size() == 1; }));
    invite = phone.received().front();
  }
  EXPECT_THAT(invite, HasSubstr("Via: " + via + "\r\n"));
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  server.stack().send_cancel({.remote = phone.local()},
                             "CANCEL sip:j@x SIP/2.0\r\nVia: " + via +
                                 "\r\nFrom: <sip:r@x>;tag=1\r\nTo: <sip:j@x>\r\nCall-ID: a\r\nCSeq: 1 CANCEL\r\n"
                                 "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(server.run_until([&] { return phone.count("CANCEL sip:j@x") == 2; })) << "repeated over UDP";
  phone.send(response_text(200, phone.received().front(), "j1"));
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().client.responses == 1; }));
  EXPECT_EQ(server.stack().counts().client.stray, 0U);
}

// RFC 3261 section 9.2: it matches whatever the method is, and has no effect on any but INVITE.
TEST(Stack, ACancelOfAMessageIsAnsweredAndChangesNothing) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  phone.send(request_text("MESSAGE", "UDP", phone.local(), "z9hG4bKmsg", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return server.handler().requests().size() == 1; }));
  server.stack().respond(
      server.handler().requests().front(),
      response_text(180, request_text("MESSAGE", "UDP", phone.local(), "z9hG4bKmsg", ";rport"), "us"));
  phone.send(request_text("CANCEL", "UDP", phone.local(), "z9hG4bKmsg", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("CSeq: 1 CANCEL") == 1; }));
  EXPECT_EQ(phone.count("SIP/2.0 200"), 1U);
  EXPECT_EQ(phone.count("SIP/2.0 481"), 0U);
  EXPECT_TRUE(server.handler().cancelled().empty());
  EXPECT_EQ(server.stack().counts().server.open, 1U);
}

TEST(Stack, ARingingInviteIsCancelled) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  phone.send(request_text("INVITE", "UDP", phone.local(), "z9hG4bKinv", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 100") == 1; }));
  auto cancel = request_text("CANCEL", "UDP", phone.local(), "z9hG4bKinv", ";rport");
  cancel.insert(cancel.find("Content-Length"), "Reason: SIP;cause=200\r\n");
  phone.send(cancel);
  phone.send(request_text("CANCEL", "UDP", phone.local(), "z9hG4bKelse", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 3; }));
  EXPECT_EQ(server.handler().cancelled(), server.handler().requests());
  EXPECT_EQ(server.handler().cancel_reasons(), std::vector<std::string>{"SIP;cause=200"});
  EXPECT_EQ(phone.count("CSeq: 1 CANCEL"), 2U);
  EXPECT_EQ(phone.count("SIP/2.0 200"), 1U);
  EXPECT_EQ(phone.count("SIP/2.0 481"), 1U);
}

// RFC 3261 section 17.1.1: a phone that loses packets gets the INVITE again; its refusal is acknowledged.
TEST(Stack, SendsAnInviteUntilItIsHeard) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  Outcome outcome;
  auto const sent = server.stack().send_request({.remote = phone.local()}, invite_text(), outcome.handler());
  ASSERT_TRUE(sent);
  ASSERT_TRUE(server.run_until([&] { return phone.count("INVITE sip:") == 2; }));
  phone.send(response_text(486, phone.received().front(), "j1"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("ACK sip:") == 1; }));
  phone.send(response_text(486, phone.received().front(), "j1"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("ACK sip:") == 2; }));
  EXPECT_THAT(outcome.heard(), testing::ElementsAre("486"));
}

TEST(Stack, CancelsAfterTheFirstProvisionalResponse) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  Outcome outcome;
  auto const sent = server.stack().send_request({.remote = phone.local()}, invite_text(), outcome.handler());
  ASSERT_TRUE(sent);
  server.stack().cancel(*sent, "SIP;cause=200");
  ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 1; }));
  phone.send(response_text(180, phone.received()[0], "j1"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("CANCEL sip:") >= 1; }));
  EXPECT_EQ(phone.count("Reason: SIP;cause=200"), phone.count("CANCEL sip:"));
  phone.send(response_text(200, phone.received().back(), "j1"));
  phone.send(response_text(487, phone.received()[0], "j1"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("ACK sip:") == 1; }));
  EXPECT_THAT(outcome.heard(), testing::ElementsAre("180", "487"));
}

TEST(Stack, ReachesAPhoneOverItsFlowAndTellsWhenItIsLost) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  StreamPeer phone{server.context(), server.address(Transport::tcp), {}};
  phone.send(request_text("REGISTER", "TCP", {}, "z9hG4bKreg"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 200") == 1; }));
  auto const flow = server.stack().transports().flow_of(server.handler().sources().front());
  Outcome ringing;
  Outcome lost;
  ASSERT_TRUE(
      server.stack().send_request({.transport = Transport::tcp, .flow = flow}, invite_text(), ringing.handler()));
  ASSERT_TRUE(server.run_until([&] { return phone.count("INVITE sip:") == 1; }));
  ASSERT_TRUE(server.stack().send_request({.transport = Transport::tcp, .flow = flow}, invite_text(), lost.handler()));
  phone.close();
  ASSERT_TRUE(server.run_until([&] { return !server.handler().lost().empty(); }));
  EXPECT_EQ(server.handler().lost().front(), flow);
  EXPECT_THAT(lost.heard(), testing::ElementsAre("unreachable"));
  EXPECT_FALSE(server.stack().transports().target_of_flow(flow));
  // From now on there is no way, and the handler hears it after the handle is known.
  Outcome late;
  ASSERT_TRUE(server.stack().send_request({.transport = Transport::tcp, .flow = flow}, invite_text(), late.handler()));
  EXPECT_TRUE(late.heard().empty());
  ASSERT_TRUE(server.run_until([&] { return !late.heard().empty(); }));
  EXPECT_THAT(late.heard(), testing::ElementsAre("unreachable"));
  EXPECT_EQ(server.stack().counts().client.open, 2U) << "what was sent on the connection may still be answered";
}

// A phone that had the INVITE when its network changed answers over its new connection, and is acknowledged there.
TEST(Stack, HearsOverANewConnectionOfAnInviteFromTheLostOne) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  StreamPeer before{server.context(), server.address(Transport::tcp), {}};
  before.send(request_text("REGISTER", "TCP", {}, "z9hG4bKreg"));
  ASSERT_TRUE(server.run_until([&] { return before.count("SIP/2.0 200") == 1; }));
  auto const flow = server.stack().transports().flow_of(server.handler().sources().front());
  Outcome call;
  ASSERT_TRUE(server.stack().send_request({.transport = Transport::tcp, .flow = flow}, invite_text(), call.handler()));
  ASSERT_TRUE(server.run_until([&] { return before.count("INVITE sip:") == 1; }));
  auto const invite = before.received().substr(before.received().find("INVITE sip:"));
  before.close();
  ASSERT_TRUE(server.run_until([&] { return !server.handler().lost().empty(); }));
  StreamPeer after{server.context(), server.address(Transport::tcp), {}};
  after.send(response_text(180, invite, "j1"));
  after.send(response_text(486, invite, "j1"));
  ASSERT_TRUE(server.run_until([&] { return after.count("ACK sip:") == 1; }));
  EXPECT_THAT(call.heard(), testing::ElementsAre("unreachable", "180", "486"));
  EXPECT_EQ(server.stack().counts().client.open, 0U);
}

TEST(Stack, DialsWhereThereIsNoFlowAndKeepsToIt) {
  Server server;
  Server other;
  other.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  Outcome first;
  Outcome second;
  Target const target{.transport = Transport::tcp, .remote = other.address(Transport::tcp)};
  ASSERT_TRUE(server.stack().send_request(target, message_text(), first.handler()));
  ASSERT_TRUE(server.stack().send_request(target, message_text(), second.handler()));
  ASSERT_TRUE(run_until(server, other, [&] { return !first.heard().empty() && !second.heard().empty(); }));
  EXPECT_THAT(first.heard(), testing::ElementsAre("200"));
  EXPECT_EQ(other.stack().counts().transports.accepted, 1U);
}

TEST(Stack, OpensFewConnectionsToOneAddress) {
  Server server{{.dialled_per_address = 1}};
  Server one;
  Server two;
  one.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  Outcome taken;
  Outcome too_many;
  auto const message_to = [&](Server& phone, Outcome& outcome) {
    return server.stack().send_request({.transport = Transport::tcp, .remote = phone.address(Transport::tcp)},
                                       message_text(), outcome.handler());
  };
  ASSERT_TRUE(message_to(one, taken));
  ASSERT_TRUE(message_to(two, too_many));
  ASSERT_TRUE(run_until(server, one, [&] { return !taken.heard().empty() && !too_many.heard().empty(); }));
  EXPECT_THAT(taken.heard(), testing::ElementsAre("200"));
  EXPECT_THAT(too_many.heard(), testing::ElementsAre("unreachable"));
}

// RFC 3261 section 18: who is known by his address only is reached on the connection that he has opened.
TEST(Stack, FindsTheConnectionThatStandsAlready) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::statelessly);
  for (auto transport : {Transport::tcp, Transport::tls}) {
    StreamPeer phone{server.context(), server.address(transport), server.client_tls(transport)};
    phone.send(request_text("OPTIONS", std::string(wire::name_of(transport)), {}, "z9hG4bKo"));
    ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 200") == 1; }));
    Target const target{.transport = transport, .remote = server.handler().sources().back().remote};
    Outcome outcome;
    ASSERT_TRUE(server.stack().send_request(target, message_text(), outcome.handler()));
    ASSERT_TRUE(server.run_until([&] { return phone.count("MESSAGE sip:") == 1; }));
    phone.close();
    ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.connections == 0; }));
    EXPECT_THAT(outcome.heard(), testing::ElementsAre("unreachable"));
    Outcome late;
    ASSERT_TRUE(server.stack().send_request(target, message_text(), late.handler()));
    ASSERT_TRUE(server.run_until([&] { return !late.heard().empty(); }));
    EXPECT_THAT(late.heard(), testing::ElementsAre("unreachable"));
  }
}

TEST(Stack, NobodyListensThere) {
  Server server;
  Address nobody;
  {
    Server gone;
    nobody = gone.address(Transport::tcp);
  }
  Outcome outcome;
  ASSERT_TRUE(
      server.stack().send_request({.transport = Transport::tcp, .remote = nobody}, message_text(), outcome.handler()));
  ASSERT_TRUE(server.run_until([&] { return !outcome.heard().empty(); }));
  EXPECT_THAT(outcome.heard(), testing::ElementsAre("unreachable"));
}

TEST(Stack, AFloodIsBounded) {
  Server server{{.server_transactions = 10}};
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  for (int i = 0; i < 30; ++i)
    phone.send(request_text("INVITE", "UDP", phone.local(), "z9hG4bK" + std::to_string(i), ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 30; }));
  EXPECT_EQ(phone.count("SIP/2.0 100"), 10U);
  EXPECT_EQ(phone.count("SIP/2.0 503"), 20U);
  EXPECT_EQ(phone.count("Retry-After: 5"), 20U);
  EXPECT_EQ(server.stack().counts().server.open, 10U);
}

TEST(Stack, ConnectionsAreBounded) {
  Server server{{.connections_per_address = 2}};
  StreamPeer one{server.context(), server.address(Transport::tcp), {}};
  StreamPeer two{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 2; }));
  StreamPeer three{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return three.is_closed(); }));
  EXPECT_EQ(server.stack().counts().transports.refused, 1U);
  one.close();
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.connections == 1; }));
  StreamPeer four{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 3; }));
}

// Nobody has proved there who he is: fewer of these, and only for as long as they ask for something.
TEST(Stack, StrangersAreBoundedInAll) {
  Server server{{.strangers = 2}};
  StreamPeer one{server.context(), server.address(Transport::tcp), {}};
  StreamPeer two{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 2; }));
  StreamPeer three{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return three.is_closed(); }));
}

// He has proved who he is, and is no stranger.
void sign_in(Server& server, StreamPeer& guest) {
  server.handler().answer_all_with(200, Server::Handler::How::statelessly);
  guest.send(request_text("REGISTER", "TCP", {}, "z9hG4bKr"));
  ASSERT_TRUE(server.run_until([&] { return guest.count("SIP/2.0 200") == 1; }));
  server.stack().transports().welcome(server.handler().sources().front().flow);
}

TEST(Stack, StrangersOfOneAddressAreBounded) {
  Server server{{.strangers_per_address = 2}};
  StreamPeer guest{server.context(), server.address(Transport::tcp), {}};
  sign_in(server, guest);
  StreamPeer one{server.context(), server.address(Transport::tcp), {}};
  StreamPeer two{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 3; }));
  StreamPeer three{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return three.is_closed(); }));
  EXPECT_FALSE(one.is_closed() || two.is_closed() || guest.is_closed());
}

TEST(Stack, StrangersAreNotKept) {
  Server server{{.first_message = 200ms}};
  StreamPeer guest{server.context(), server.address(Transport::tcp), {}};
  sign_in(server, guest);
  StreamPeer pings{server.context(), server.address(Transport::tcp), {}};
  StreamPeer silent{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 3; }));
  ASSERT_TRUE(server.run_until([&] {
    pings.send("\r\n\r\n");
    return pings.is_closed() && silent.is_closed();
  })) << "keep-alives keep no stranger";
  EXPECT_FALSE(guest.is_closed());
  EXPECT_EQ(server.stack().counts().transports.connections, 1U);
}

TEST(Stack, SurvivesRunningOutOfDescriptors) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer opens a pipe when it first meets a class, and calls it wrong where it cannot";
#endif
  Server server;
  boost::asio::ip::tcp::socket phone{server.context()};
  phone.open(boost::asio::ip::tcp::v4());
  // Everything that the process may open is taken; the connection waits in the backlog.
  std::vector<int> taken;
  for (int one = ::dup(phone.native_handle()); one >= 0; one = ::dup(phone.native_handle())) taken.push_back(one);
  phone.connect(server.address(Transport::tcp).tcp());
  EXPECT_TRUE(server.run_until([&] { return server.stack().counts().transports.accept_pauses > 0; }));
  EXPECT_EQ(server.stack().counts().transports.accepted, 0U);
  for (int const one : taken) ::close(one);
  EXPECT_TRUE(server.run_until([&] { return server.stack().counts().transports.accepted == 1; }));
}

TEST(Stack, ASlowOrSilentPeerIsClosed) {
  Server server{{.handshake = 50ms, .first_message = 50ms, .whole_message = 50ms}};
  StreamPeer silent{server.context(), server.address(Transport::tcp), {}};
  StreamPeer no_handshake{server.context(), server.address(Transport::tls), {}};
  StreamPeer half{server.context(), server.address(Transport::tcp), {}};
  half.send("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/T");
  ASSERT_TRUE(server.run_until([&] { return silent.is_closed() && no_handshake.is_closed() && half.is_closed(); }));
  EXPECT_EQ(server.stack().counts().transports.connections, 0U);
}

TEST(Stack, APeerThatDoesNotReadIsClosed) {
  Server server{{.write_queue = 20'000, .stalled_write = 200ms}};
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  StreamPeer deaf{server.context(), server.address(Transport::tcp), {}};
  ASSERT_TRUE(server.run_until([&] { return deaf.is_connected(); }));
  deaf.stop_reading();
  deaf.send(request_text("REGISTER", "TCP", {}, "z9hG4bKreg"));
  ASSERT_TRUE(server.run_until([&] { return !server.handler().sources().empty(); }));
  auto const target = target_of(server.handler().sources().front());
  ASSERT_TRUE(server.run_until([&] {
    if (!server.handler().lost().empty()) return true;
    server.stack().send_stateless(target, "SIP/2.0 200 OK\r\nX: " + std::string(8000, 'x') + "\r\n\r\n");
    return false;
  }));
  EXPECT_EQ(server.stack().counts().transports.connections, 0U);
}

// RFC 4475 sections 3.1.2.1 and 3.3.1.
TEST(Stack, WithoutWhatEveryRequestHasItIs400) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  auto unreadable = request_text("OPTIONS", "UDP", phone.local(), "z9hG4bK1");
  unreadable.insert(unreadable.find(";branch"), ";;,;,,");
  phone.send(unreadable);
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 400 Bad Via") == 1; }));
  auto nobodys = request_text("OPTIONS", "UDP", phone.local(), "z9hG4bK2");
  auto const from = nobodys.find("From:");
  nobodys.erase(from, nobodys.find("CSeq:") - from);
  phone.send(nobodys);
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 400 Missing") == 1; }));
  EXPECT_EQ(phone.count("\r\nTo:") + phone.count("\r\nFrom:"), 2U) << "those of the first only";
  EXPECT_TRUE(server.handler().requests().empty());
}

TEST(Stack, NonsenseIsAnsweredOrDropped) {
  Server server;
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  phone.send("\r\n\r\n");
  phone.send("hello");
  phone.send(std::string(3000, '\0'));
  auto wrong_method = request_text("OPTIONS", "UDP", phone.local(), "z9hG4bK1", ";rport");
  wrong_method.replace(0, 7, "MESSAGE");
  phone.send(wrong_method);
  ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 1; }));
  EXPECT_EQ(phone.count("SIP/2.0 400"), 1U);
  EXPECT_TRUE(server.handler().requests().empty());

  StreamPeer web{server.context(), server.address(Transport::tcp), {}};
  web.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(server.run_until([&] { return web.is_closed(); }));
}

TEST(Stack, AnAckTo2xxGoesUp) {
  Server server;
  server.handler().answer_all_with(200, Server::Handler::How::by_transaction);
  UdpPeer phone{server.context(), server.address(Transport::udp)};
  phone.send(request_text("INVITE", "UDP", phone.local(), "z9hG4bKinv", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return phone.count("SIP/2.0 200") == 1; }));
  phone.send(request_text("ACK", "UDP", phone.local(), "z9hG4bKack", ";rport"));
  // COMPAT: some clients send it with the branch of the INVITE.
  phone.send(request_text("ACK", "UDP", phone.local(), "z9hG4bKinv", ";rport"));
  ASSERT_TRUE(server.run_until([&] { return server.handler().acks().size() == 2; }));
}

TEST(Stack, UdpFlowsAreBoundedAndNamed) {
  Server server{{.udp_flows = 2}};
  server.handler().answer_all_with(200, Server::Handler::How::statelessly);
  std::vector<std::unique_ptr<UdpPeer>> phones;
  std::vector<FlowHandle> flows;
  for (int i = 0; i < 3; ++i) {
    phones.push_back(std::make_unique<UdpPeer>(server.context(), server.address(Transport::udp)));
    auto& phone = *phones.back();
    phone.send(request_text("REGISTER", "UDP", phone.local(), "z9hG4bKr" + std::to_string(i), ";rport"));
    ASSERT_TRUE(server.run_until([&] { return phone.received().size() == 1; }));
    flows.push_back(server.stack().transports().flow_of(server.handler().sources().back()));
    EXPECT_EQ(server.stack().transports().flow_of(server.handler().sources().back()), flows.back());
  }
  ASSERT_TRUE(server.run_until([&] { return server.handler().lost().size() == 1; }));
  EXPECT_EQ(server.handler().lost().front(), flows[0]);
  Outcome outcome;
  auto const target = server.stack().transports().target_of_flow(flows[2]);
  ASSERT_TRUE(target);
  ASSERT_TRUE(server.stack().send_request(*target, message_text(), outcome.handler()));
  ASSERT_TRUE(server.run_until([&] { return phones[2]->count("MESSAGE sip:") >= 1; }));
  EXPECT_EQ(server.stack().counts().transports.udp_flows, 2U);
}

}  // namespace
}  // namespace reveille::edge::sip
