// Call control whole, from one phone's socket to another's: door, mailbox, mind and hands between two ports of the
// loopback that the system chose.
#include "arrive/sip/door.hpp"
#include "deliver/live/sip_hands.hpp"
#include "dispatch/calls.hpp"
#include "dispatch/registrations.hpp"
#include "edge/sip/stack.hpp"
#include "edge/sip/stack_fixture.hpp"
#include "store/memory/memory_store.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <regex>

namespace reveille::node {
namespace {

using edge::sip::UdpPeer;
using testing::HasSubstr;
using testing::Not;

class NoPush final : public model::PushPort {
 public:
  void request(model::PushRequest, Answer) override {}
  void take_back(model::PushId const&) override {}
  void acknowledge(model::PushId const&) override {}
  [[nodiscard]] bool has_credential(model::Provider, model::Environment) const override { return false; }
  [[nodiscard]] bool serves(model::Provider, model::Environment) const override { return false; }
};

class NoTraces final : public model::TracePort {
 public:
  void begin(model::TraceHead) override {}
  void step(model::TraceStep) override {}
};

struct House {
  boost::asio::io_context context = {};
  SystemClock clock = {};
  SeededRandom random;
  model::Policy policy = {};
  store::MemoryStore store{[this](std::move_only_function<void()> job) { boost::asio::post(context, std::move(job)); }};
  NoPush push = {};
  NoTraces traces = {};
  dispatch::Shard shard{
      .clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = push};
  edge::sip::KeptRequests kept = {};
  edge::sip::DialogTokens tokens{Secret(std::string(32, 'k'))};
  dispatch::Registrations registrations{shard};
  deliver::SipHands hands{kept, tokens, random, context.get_executor()};
  dispatch::Calls calls{shard, registrations, hands};
  arrive::SipDoor door{
      {.credentials = registrations, .registrar = registrations, .locations = registrations, .calls = calls},
      kept,
      tokens,
      policy,
      clock,
      random,
      {.required = arrive::DigestPolicy::Required::no}};
  edge::sip::Stack stack{context, clock, random, door};
  edge::sip::Address address =
      stack.transports().listen(sip::Transport::udp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  UdpPeer romeo{context, address};
  UdpPeer juliet{context, address};

  House() {
    hands.connect(stack, policy.domains);
    edge::sip::OwnHosts hosts(clock);
    hosts.add_listener(address);
    door.connect(stack, std::move(hosts));
    for (auto const* user : {"romeo@localhost", "juliet@localhost"})
      shard.directory.put(model::AccountId{user}, model::Verifier{});
  }

  template <class Holds>
  [[nodiscard]] bool run_until(Holds holds) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context.restart();
      context.run_one_for(std::chrono::milliseconds(20));
      shard.deadlines.run(clock.now());
    }
    return true;
  }
  // The first datagram that the phone got with that text in it.
  std::string heard(UdpPeer const& phone, std::string_view part) {
    std::string found;
    EXPECT_TRUE(run_until([&] {
      for (auto const& datagram : phone.received())
        if (datagram.find(part) != datagram.npos) return !(found = datagram).empty();
      return false;
    })) << "nobody said "
        << part;
    return found;
  }

  static std::string request(std::string_view method, std::string_view uri, UdpPeer const& from,
                             std::string const& fields = "") {
    auto const text = std::string(method);
    return text + ' ' + std::string(uri) + " SIP/2.0\r\nVia: SIP/2.0/UDP " + edge::sip::format_address(from.local()) +
           ";rport;branch=z9hG4bKhers" + (text == "REGISTER" ? "r" : "") +
           "\r\nMax-Forwards: 70\r\nFrom: <sip:" + (text == "REGISTER" ? "juliet" : "romeo") +
           "@localhost>;tag=1\r\nTo: <sip:juliet@localhost>\r\nCall-ID: call\r\nCSeq: 1 " + text + "\r\n" + fields +
           "Content-Length: 0\r\n\r\n";
  }
  void register_juliet(std::string const& contact) {
    juliet.send(request("REGISTER", "sip:localhost", juliet, "Contact: <" + contact + ">;expires=600\r\n"));
    EXPECT_THAT(heard(juliet, "CSeq: 1 REGISTER"), HasSubstr("SIP/2.0 200 OK"));
  }
  std::string at_juliets() { return "sip:juliet@" + edge::sip::format_address(juliet.local()); }
  // A response to what a phone got: its own fields, and a tag.
  static std::string response(int status, std::string const& to) {
    std::string text = "SIP/2.0 " + std::to_string(status) + " Whatever\r\n";
    for (auto const* name : {"Via", "Record-Route", "From", "To", "Call-ID", "CSeq"}) {
      std::regex const field("(?:^|\n)(" + std::string(name) + ": [^\r]*)");
      for (std::sregex_iterator at(to.begin(), to.end(), field), end; at != end; ++at)
        text += at->str(1) + (std::string_view(name) == "To" ? ";tag=j" : "") + "\r\n";
    }
    return text + "Content-Length: 0\r\n\r\n";
  }
};

// RFC 3261 section 16.10, RFC 3326 section 2.
TEST(Proxy, a_cancel_reaches_the_phone_with_its_own_reason) {
  House house;
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  house.juliet.send(House::response(180, invite));
  house.heard(house.romeo, "SIP/2.0 180");
  house.romeo.send(House::request("CANCEL", "sip:juliet@localhost", house.romeo,
                                  "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"
                                  "Reason: Q.850;cause=26\r\n"));
  EXPECT_THAT(house.heard(house.juliet, "CANCEL sip:juliet@"),
              HasSubstr("\r\nReason: SIP;cause=200;text=\"Call completed elsewhere\", Q.850;cause=26\r\n"));
  EXPECT_THAT(house.heard(house.romeo, "CSeq: 1 CANCEL"), HasSubstr("SIP/2.0 200"));
  house.heard(house.romeo, "SIP/2.0 487");
}

TEST(Proxy, a_cancel_without_a_reason_gets_ours) {
  House house;
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(180, house.heard(house.juliet, "INVITE sip:juliet@")));
  house.heard(house.romeo, "SIP/2.0 180");
  house.romeo.send(House::request("CANCEL", "sip:juliet@localhost", house.romeo, "Reason: nonsense=;;\r\n"));
  EXPECT_THAT(house.heard(house.juliet, "CANCEL sip:juliet@"),
              HasSubstr("\r\nReason: SIP;cause=487;text=\"Caller gave up\"\r\n"));
}

// RFC 3261 section 16.9: who puts a call on hold must not wait for a phone whose connection is gone.
TEST(Proxy, a_request_in_a_dialog_whose_flow_is_lost_is_answered) {
  House house;
  auto const tcp =
      house.stack.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  edge::sip::StreamPeer juliet{house.context, tcp, {}};
  auto const juliet_heard = [&](std::string const& part) {
    ASSERT_TRUE(house.run_until([&] { return juliet.count(part) > 0; })) << part;
  };
  auto registers =
      House::request("REGISTER", "sip:localhost", house.juliet, "Contact: <sip:juliet@j;transport=tcp>\r\n");
  juliet.send(registers.replace(registers.find("UDP"), 3, "TCP"));
  juliet_heard("SIP/2.0 200");
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  juliet_heard("INVITE sip:juliet@");
  juliet.send(House::response(200, juliet.received().substr(juliet.received().find("INVITE sip:"))));
  auto const success = house.heard(house.romeo, "SIP/2.0 200");
  auto const at = success.find("Record-Route: ") + 7;
  auto again = House::request("INVITE", "sip:juliet@again;transport=tcp", house.romeo,
                              success.substr(at, success.find("\r\n", at) + 2 - at));
  again.insert(again.find("<sip:juliet@localhost>") + 22, ";tag=j");
  again.replace(again.find("hers"), 4, "his2").replace(again.find("CSeq: 1"), 7, "CSeq: 2");
  house.romeo.send(again);
  juliet_heard("INVITE sip:juliet@again");
  juliet.send(House::response(100, juliet.received().substr(juliet.received().find("INVITE sip:juliet@again"))));
  ASSERT_TRUE(house.run_until([&] { return house.stack.counts().client.responses == 2; }));
  juliet.close();
  EXPECT_THAT(house.heard(house.romeo, "SIP/2.0 480"), HasSubstr("CSeq: 2 INVITE"));
}

// B-CALL-9: the phone has changed its network while it rang, and answers what the caller has given up.
TEST(Proxy, an_answer_by_a_new_connection_is_ended_there) {
  House house;
  auto const tcp =
      house.stack.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  edge::sip::StreamPeer before{house.context, tcp, {}};
  auto registers =
      House::request("REGISTER", "sip:localhost", house.juliet, "Contact: <sip:juliet@j;transport=tcp>\r\n");
  before.send(registers.replace(registers.find("UDP"), 3, "TCP"));
  ASSERT_TRUE(house.run_until([&] { return before.count("SIP/2.0 200") > 0; }));
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  ASSERT_TRUE(house.run_until([&] { return before.count("INVITE sip:juliet@") > 0; }));
  auto const invite = before.received().substr(before.received().find("INVITE sip:"));
  before.send(House::response(180, invite));
  house.heard(house.romeo, "SIP/2.0 180");
  before.close();
  ASSERT_TRUE(house.run_until([&] { return house.stack.counts().transports.connections == 0; }));
  house.romeo.send(House::request("CANCEL", "sip:juliet@localhost", house.romeo));
  house.heard(house.romeo, "SIP/2.0 487");
  edge::sip::StreamPeer after{house.context, tcp, {}};
  auto answer = House::response(200, invite);
  after.send(answer.insert(answer.find("Content-Length"), "Contact: <sip:juliet@j;transport=tcp>\r\n"));
  ASSERT_TRUE(house.run_until([&] { return after.count("ACK sip:juliet@j") > 0; }));
  ASSERT_TRUE(house.run_until([&] { return after.count("BYE sip:juliet@j") > 0; }));
}

// RFC 3325 section 5: who calls is what From says, which is the sender's own; likewise who answers.
TEST(Proxy, nobody_shows_another_name_than_his_own) {
  House house;
  house.register_juliet(house.at_juliets());
  std::string const names =
      "P-Asserted-Identity: \"Chief\" <sip:chief@localhost>\r\nP-Preferred-Identity: <sip:chief@localhost>\r\n"
      "Remote-Party-ID: <sip:chief@localhost>;party=calling\r\nX-Harmless: yes\r\n";
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo, names));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  EXPECT_THAT(invite, Not(HasSubstr("chief")));
  EXPECT_THAT(invite, HasSubstr("\r\nX-Harmless: yes\r\n"));
  auto ringing = House::response(180, invite);
  house.juliet.send(ringing.insert(ringing.find("Content-Length"), names));
  EXPECT_THAT(house.heard(house.romeo, "SIP/2.0 180"), Not(HasSubstr("chief")));
}

// A phone's answer that grows beyond one message on its way: its caller hears so, and the phone is hung up on.
TEST(Proxy, an_answer_that_cannot_be_passed_on_ends_the_call) {
  House house;
  house.juliet.send(
      House::request("REGISTER", "sip:localhost", house.juliet,
                     "Contact: <" + house.at_juliets() +
                         ">;expires=600;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-0000000000a1>\"\r\n"));
  house.heard(house.juliet, "CSeq: 1 REGISTER");
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  std::smatch route;
  ASSERT_TRUE(std::regex_search(invite, route, std::regex("Record-Route: [^\r]*\r\n")));
  auto answer = House::response(200, invite);
  std::string more = "Contact: <" + house.at_juliets() + ">\r\n";
  for (int i = 0; i < 20; ++i) more += route.str();
  more += "X: " + std::string(65'507 - answer.size() - more.size() - 5, 'x') + "\r\n";
  house.juliet.send(answer.insert(answer.find("Content-Length"), more));
  house.heard(house.romeo, "SIP/2.0 502");
  house.heard(house.juliet, "ACK sip:juliet@");
  house.heard(house.juliet, "BYE sip:juliet@");
}

// RFC 3261 sections 7.3.1, 8.1.1 and 16.7: what matches a request of ours and is malformed all the same goes no
// further.
TEST(Proxy, a_malformed_response_is_not_passed_on) {
  House house;
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  auto const good = House::response(200, invite);
  auto const with = [&](std::string_view more) {
    auto text = good;
    return text.insert(text.find("Content-Length"), more);
  };
  auto const without = [&](std::string const& name) {
    return std::regex_replace(good, std::regex("\n" + name + ": [^\n]*"), "");
  };
  auto no_uri = good;
  no_uri.replace(no_uri.find("<sip:juliet@localhost>"), 22, "<juliet>");
  for (auto const& bad :
       {with("To: <sip:nurse@localhost>;tag=n\r\nFrom: <sip:tybalt@localhost>;tag=t\r\n"), with("Call-ID: other\r\n"),
        with("Via: nonsense\r\n"), with("Content-Type: a/b\r\nc: c/d\r\n"), without("To"), without("From"),
        without("Call-ID"), no_uri})
    house.juliet.send(bad);
  ASSERT_TRUE(house.run_until([&] { return house.stack.counts().client.bad == 8; }));
  EXPECT_EQ(house.romeo.count("SIP/2.0 200"), 0U);
  house.juliet.send(House::response(180, invite));
  house.juliet.send(good);
  house.heard(house.romeo, "SIP/2.0 200");
  EXPECT_EQ(house.romeo.count("tybalt"), 0U);
  EXPECT_EQ(house.stack.counts().client.responses, 2U);
}

// B-CALL-2: "a device that has not come is given up": a phone that says 100 has come. Our own 180, which is made to
// come behind that time here, tells that the call goes on.
TEST(Proxy, a_phone_that_says_100_is_not_given_up) {
  House house;
  house.policy.calls = {.ringback_after = 1500ms, .give_up_after = 1s};
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(100, house.heard(house.juliet, "INVITE sip:juliet@")));
  house.heard(house.romeo, "SIP/2.0 180");
  EXPECT_EQ(house.romeo.count("SIP/2.0 480"), 0U);
}

// Behind a Path (RFC 3327) it is the edge proxy that says 100, and nothing is known of the phone.
TEST(Proxy, a_100_from_the_proxy_before_the_phone_says_nothing_of_the_phone) {
  House house;
  house.policy.calls = {.ringback_after = 1500ms, .give_up_after = 1s};
  house.juliet.send(House::request("REGISTER", "sip:localhost", house.juliet,
                                   "Path: <sip:edge.example;lr>\r\nContact: <" + house.at_juliets() + ">\r\n"));
  house.heard(house.juliet, "SIP/2.0 200");
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(100, house.heard(house.juliet, "INVITE sip:juliet@")));
  house.heard(house.romeo, "SIP/2.0 480");
  EXPECT_EQ(house.romeo.count("SIP/2.0 180"), 0U);
}

// B-CALL-7, also for a phone that names no instance and no provider. What names it instead leads to where it is now.
TEST(Proxy, no_push_token_is_read_in_our_record_route) {
  House house;
  // Behind a NAT, so that she is where her datagrams come from.
  std::string const at_juliets = "sip:juliet@192.0.2.1:5060";
  auto const contact = at_juliets + ";pn-prid=SECRET;pn-param=TEAM.app";
  house.register_juliet(contact);
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(200, house.heard(house.juliet, "INVITE sip:juliet@")));
  std::smatch route;
  auto const success = house.heard(house.romeo, "SIP/2.0 200");
  ASSERT_TRUE(std::regex_search(success, route, std::regex("Record-Route: <(sip:([^@]*)[^>]*)>")));
  auto const end = house.tokens.read(route.str(2), "call").value_or(edge::sip::DialogEnd{});
  EXPECT_THAT(end.instance, HasSubstr(at_juliets));
  EXPECT_THAT(end.instance, Not(HasSubstr("SECRET")));
  UdpPeer moved{house.context, house.address};
  auto again = House::request("REGISTER", "sip:localhost", moved, "Contact: <" + contact + ">\r\n");
  moved.send(again.replace(again.find("CSeq: 1"), 7, "CSeq: 2"));
  house.heard(moved, "SIP/2.0 200");
  // The second as it was written while whole Contacts were in it.
  auto const before = house.tokens.write({.account = "juliet@localhost",
                                          .instance = contact,
                                          .remote = "udp " + edge::sip::format_address(house.romeo.local())},
                                         "call");
  for (auto const& [cseq, uri] :
       {std::pair{"CSeq: 7", route.str(1)}, std::pair{"CSeq: 8", "sip:" + before + "@x;lr"}}) {
    auto bye = House::request("BYE", at_juliets, house.romeo, "Route: <" + uri + ">\r\n");
    bye.insert(bye.find("<sip:juliet@localhost>") + 22, ";tag=j");
    bye.replace(bye.find("hers"), 4, cseq + 6);
    house.romeo.send(bye.replace(bye.find("CSeq: 1"), 7, cseq));
    EXPECT_THAT(house.heard(moved, std::string(cseq) + " BYE"), HasSubstr("BYE sip:juliet@"));
  }
}

// RFC 3261 section 16.6 step 2, section 19.1.1: a Contact may have a method and headers, a Request-URI never.
TEST(Proxy, a_request_uri_has_no_method_and_no_headers) {
  House house;
  house.register_juliet(house.at_juliets() + ";Method=INVITE;x=1?Subject=come&Priority=urgent");
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  EXPECT_THAT(invite, HasSubstr("INVITE " + house.at_juliets() + ";x=1 SIP/2.0\r\n"));
  house.juliet.send(House::response(180, invite));
  house.heard(house.romeo, "SIP/2.0 180");
  house.romeo.send(House::request("CANCEL", "sip:juliet@localhost", house.romeo));
  house.heard(house.juliet, "CANCEL " + house.at_juliets() + ";x=1 SIP/2.0\r\n");
}

// RFC 5393 section 5.3.3: "All proxied requests MUST contain a single Max-Breadth header field value."
TEST(Proxy, every_request_goes_on_with_a_bounded_breadth) {
  House house;
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo, "Max-Breadth: 1000\r\n"));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  EXPECT_THAT(invite, HasSubstr("\r\nMax-Breadth: 56\r\n")) << "the others are for phones that join";
  EXPECT_THAT(invite, Not(HasSubstr("1000")));
  house.juliet.send(House::response(200, invite));
  auto const success = house.heard(house.romeo, "SIP/2.0 200");
  auto const at = success.find("Record-Route: ") + 7;
  auto bye =
      House::request("BYE", house.at_juliets(), house.romeo, success.substr(at, success.find("\r\n", at) + 2 - at));
  house.romeo.send(bye.insert(bye.find("<sip:juliet@localhost>") + 22, ";tag=j"));
  EXPECT_THAT(house.heard(house.juliet, "BYE sip:juliet@"), HasSubstr("\r\nMax-Breadth: 60\r\n"));
  house.romeo.send(House::request("MESSAGE", "sip:juliet@localhost", house.romeo, "Max-Breadth: 0\r\n"));
  house.heard(house.romeo, "SIP/2.0 440 Max-Breadth Exceeded");
}

// RFC 3261 section 18.2.2: who changes his network while it rings hears the answer all the same.
TEST(Proxy, a_caller_whose_connection_is_lost_hears_the_answer_on_his_next) {
  House house;
  auto const tcp =
      house.stack.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  auto const by_tcp = [&](std::string text) { return text.replace(text.find("UDP"), 3, "TCP"); };
  auto registers = by_tcp(House::request(
      "REGISTER", "sip:localhost", house.romeo,
      "Contact: <sip:romeo@r;transport=tcp>;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-0000000000a1>\"\r\n"));
  for (auto at = registers.find("juliet@"); at != registers.npos; at = registers.find("juliet@"))
    registers.replace(at, 6, "romeo");
  house.register_juliet(house.at_juliets());
  edge::sip::StreamPeer before{house.context, tcp, {}};
  before.send(registers);
  ASSERT_TRUE(house.run_until([&] { return before.count("SIP/2.0 200") > 0; }));
  before.send(by_tcp(House::request("INVITE", "sip:juliet@localhost", house.romeo)));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  house.juliet.send(House::response(180, invite));
  ASSERT_TRUE(house.run_until([&] { return before.count("SIP/2.0 180") > 0; }));
  before.close();
  ASSERT_TRUE(house.run_until([&] { return house.stack.counts().transports.connections == 0; }));
  edge::sip::StreamPeer after{house.context, tcp, {}};
  after.send(registers.replace(registers.find("CSeq: 1"), 7, "CSeq: 2").replace(registers.find("hersr"), 5, "hers2"));
  ASSERT_TRUE(house.run_until([&] { return after.count("CSeq: 2 REGISTER") > 0; }));
  house.juliet.send(House::response(200, invite));
  EXPECT_TRUE(house.run_until([&] { return after.count("CSeq: 1 INVITE") > 0; }));
}

// RFC 3261 section 16.6 step 7: the Request-URI is where the request goes.
TEST(Proxy, a_phone_is_called_at_the_port_of_its_contact) {
  House house;
  UdpPeer listening{house.context, house.address};
  house.register_juliet("sip:juliet@" + edge::sip::format_address(listening.local()));
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(200, house.heard(listening, "INVITE sip:juliet@")));
  house.heard(house.romeo, "SIP/2.0 200");
}

TEST(Proxy, a_phone_whose_connection_is_gone_is_connected_to) {
  House house;
  auto const tcp =
      house.stack.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  boost::asio::ip::tcp::acceptor phone{house.context, {boost::asio::ip::address_v4::loopback(), 0}};
  edge::sip::StreamPeer juliet{house.context, tcp, {}};
  auto registers = House::request(
      "REGISTER", "sip:localhost", house.juliet,
      "Contact: <sip:juliet@127.0.0.1:" + std::to_string(phone.local_endpoint().port()) + ";transport=tcp>\r\n");
  juliet.send(registers.replace(registers.find("UDP"), 3, "TCP"));
  ASSERT_TRUE(house.run_until([&] { return juliet.count("SIP/2.0 200") > 0; }));
  juliet.close();
  ASSERT_TRUE(house.run_until([&] { return house.stack.counts().transports.connections == 0; }));
  std::string got;
  std::array<char, 4096> bytes{};
  boost::asio::ip::tcp::socket socket{house.context};
  phone.async_accept(socket, [&](auto) {
    socket.async_read_some(boost::asio::buffer(bytes), [&](auto, std::size_t size) { got.assign(bytes.data(), size); });
  });
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  ASSERT_TRUE(house.run_until([&] { return !got.empty(); }));
  EXPECT_THAT(got, HasSubstr("INVITE sip:juliet@127.0.0.1:"));
  boost::asio::write(socket, boost::asio::buffer(House::response(486, got)));
  house.heard(house.romeo, "SIP/2.0 486");
}

// RFC 3261 section 16.6 step 4, and section 26.2.2: nobody hears it in clear.
TEST(Proxy, a_call_to_a_sips_uri_goes_over_tls_alone) {
  House house;
  house.register_juliet(house.at_juliets());
  auto const tls = edge::make_server_tls(
      {.certificate = edge::sip::test_certificate().certificate, .key = edge::sip::test_certificate().key});
  auto const address = house.stack.transports()
                           .listen(sip::Transport::tls, {.ip = boost::asio::ip::address_v4::loopback()}, tls.value())
                           .value();
  edge::sip::StreamPeer phone{house.context, address, edge::sip::Server::client_tls(sip::Transport::tls)};
  auto registers = House::request("REGISTER", "sip:localhost", house.juliet, "Contact: <sips:juliet@127.0.0.1:1>\r\n");
  registers.replace(registers.find("UDP"), 3, "TLS")
      .replace(registers.find("Call-ID: call"), 13, "Call-ID: tls")
      .replace(registers.find("hersr"), 5, "tls");
  phone.send(registers);
  ASSERT_TRUE(house.run_until([&] { return phone.count("SIP/2.0 200") > 0; }));
  house.romeo.send(House::request("INVITE", "sips:juliet@localhost", house.romeo));
  ASSERT_TRUE(house.run_until([&] { return phone.count("INVITE sips:juliet@") > 0; }));
  auto const invite = phone.received().substr(phone.received().find("INVITE sips:"));
  EXPECT_THAT(invite, testing::ContainsRegex("Record-Route: <sips:[^;>]*;lr>\r"));
  phone.send(House::response(200, invite));
  EXPECT_THAT(house.heard(house.romeo, "SIP/2.0 200"), HasSubstr("Record-Route: <sip:")) << "he called by UDP";
  for (auto const& datagram : house.juliet.received()) EXPECT_THAT(datagram, Not(HasSubstr("INVITE")));
}

// RFC 3261 section 10.3 step 8, RFC 5626 section 6: by a repetition too, which goes a shorter way.
TEST(Proxy, an_instance_that_is_no_uuid_is_shown_as_it_was_sent) {
  std::string const imei = ";+sip.instance=\"<urn:gsma:imei:90420156-025763-0>\"";
  std::string const token = "TEAM012345.org.example.app.voip;pn-prid=00fc13ad:voip";
  for (auto const& [uri, instance] : {std::pair{std::string{}, imei}, {";pn-provider=apns;pn-param=" + token, ""}}) {
    House house;
    house.policy.wake.enabled = false;
    auto const contact = '<' + house.at_juliets() + uri + '>';
    auto text = House::request("REGISTER", "sip:localhost", house.juliet, "Contact: " + contact + instance + "\r\n");
    for (auto const* cseq : {"CSeq: 1", "CSeq: 2", "CSeq: 3"}) {
      text.replace(text.find("CSeq: "), 7, cseq);
      text.replace(text.find("branch=z9hG4bK") + 14, 1, std::string(1, cseq[6]));
      house.juliet.send(text);
      EXPECT_THAT(house.heard(house.juliet, std::string(cseq) + " REGISTER"),
                  HasSubstr("Contact: " + contact + ";expires=3600" + instance + "\r\n"));
    }
  }
}

// RFC 3261 section 22.3.
TEST(Proxy, only_credentials_for_another_realm_go_on) {
  House house;
  house.register_juliet(house.at_juliets());
  auto const credentials = [](std::string const& name, std::string const& realm) {
    return name + ": Digest username=\"r\", realm=\"" + realm + "\", nonce=\"n\", uri=\"u\", response=\"0\"\r\n";
  };
  std::string all;
  for (auto const* name : {"Authorization", "Proxy-Authorization"})
    all += credentials(name, "localhost") + credentials(name, "elsewhere");
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo, all));
  auto const invite = house.heard(house.juliet, "INVITE sip:juliet@");
  EXPECT_THAT(invite, HasSubstr("\r\n" + credentials("Authorization", "elsewhere")));
  EXPECT_THAT(invite, HasSubstr("\r\n" + credentials("Proxy-Authorization", "elsewhere")));
  EXPECT_THAT(invite, Not(HasSubstr("realm=\"localhost\"")));
}

// RFC 3261 section 16.4: an outbound proxy that a phone was told of, and puts on everything, names us as well.
TEST(Proxy, a_route_that_only_names_us_above_our_own_changes_nothing) {
  House house;
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  house.juliet.send(House::response(200, house.heard(house.juliet, "INVITE sip:juliet@")));
  auto const success = house.heard(house.romeo, "SIP/2.0 200");
  auto const at = success.find("Record-Route: ") + 14;
  auto const ours = success.substr(at, success.find("\r\n", at) - at);
  auto const routes =
      "Route: <sip:" + edge::sip::format_address(house.address) + ";lr>, " + ours + ", <sip:edge.example;lr>\r\n";
  for (auto const* method : {"ACK", "BYE"}) {
    auto text = House::request(method, house.at_juliets(), house.romeo, routes);
    text.insert(text.find("<sip:juliet@localhost>") + 22, ";tag=j");
    house.romeo.send(text);
    auto const got = house.heard(house.juliet, std::string(method) + " sip:juliet@");
    EXPECT_THAT(got, HasSubstr("\r\nRoute: <sip:edge.example;lr>\r\n"));
    EXPECT_THAT(got, Not(HasSubstr(ours)));
    EXPECT_THAT(got, Not(HasSubstr("Route: <sip:127.0.0.1")));
  }
}

// RFC 3261 section 16.3 step 4, RFC 5393 section 4: a contact that leads back to us. The second time round the
// Request-URI is another than the first (it spirals), the third time it is the same.
TEST(Proxy, a_request_that_comes_back_to_us_unchanged_is_ended_with_482) {
  House house;
  auto const here = "sip:juliet@" + edge::sip::format_address(house.address);
  house.register_juliet(here);
  // Registered at our own address: so that it leads there, the binding's remote is ours.
  auto& entry = *house.shard.directory.find(model::AccountId{"juliet@localhost"});
  auto registrations = entry.registrations();
  ASSERT_EQ(registrations.bindings.size(), 1U);
  registrations.bindings[0].remote = "udp " + edge::sip::format_address(house.address);
  house.shard.directory.set_registrations(entry, registrations);
  house.romeo.send(House::request("INVITE", "sip:juliet@localhost", house.romeo));
  EXPECT_THAT(house.heard(house.romeo, "SIP/2.0 4"), HasSubstr("SIP/2.0 482 Loop Detected"));
  EXPECT_EQ(house.stack.counts().server.requests, 4U) << "REGISTER, and the INVITE three times";
}

// RFC 3261 section 15.1.1: BYE ends a dialog, and only INVITE is acknowledged.
TEST(Proxy, a_late_answer_to_options_is_neither_acknowledged_nor_ended) {
  House house;
  house.policy.calls.request_bucket = std::chrono::milliseconds(300);
  house.register_juliet(house.at_juliets());
  house.romeo.send(House::request("OPTIONS", "sip:juliet@localhost", house.romeo));
  auto const options = house.heard(house.juliet, "OPTIONS sip:juliet@");
  house.heard(house.romeo, "SIP/2.0 480");
  auto late = House::response(200, options);
  late.insert(late.find("Content-Length"), "Contact: <" + house.at_juliets() + ">\r\n");
  house.juliet.send(late);
  auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  (void)house.run_until([&] { return std::chrono::steady_clock::now() > until; });
  for (auto const& datagram : house.juliet.received()) {
    EXPECT_THAT(datagram, Not(testing::StartsWith("ACK ")));
    EXPECT_THAT(datagram, Not(testing::StartsWith("BYE ")));
  }
}

// RFC 3327: two phones of one user behind one proxy, and its one connection.
TEST(Proxy, a_phone_behind_a_proxy_calls_the_other_phone_of_its_user) {
  House house;
  auto const tcp =
      house.stack.transports().listen(sip::Transport::tcp, {.ip = boost::asio::ip::address_v4::loopback()}, {}).value();
  edge::sip::StreamPeer proxy{house.context, tcp, {}};
  auto const by_proxy = [&](std::string text, std::string const& call) {
    for (auto at = text.find("juliet@"); at != text.npos; at = text.find("juliet@")) text.replace(at, 6, "romeo");
    text.replace(text.find("z9hG4bKhers"), 11, "z9hG4bK" + call);
    text.replace(text.find("Call-ID: call"), 13, "Call-ID: " + call);
    return text.replace(text.find("UDP"), 3, "TCP");
  };
  for (std::string const name : {"a", "b"}) {
    auto const fields = "Supported: path\r\nPath: <sip:edge.example;lr>\r\nContact: <sip:romeo@" + name +
                        ".example>;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-0000000000" + name + "1>\"\r\n";
    proxy.send(by_proxy(House::request("REGISTER", "sip:localhost", house.romeo, fields), name));
    ASSERT_TRUE(house.run_until([&] { return proxy.count("Call-ID: " + name) > 0; }));
  }
  proxy.send(by_proxy(
      House::request("INVITE", "sip:romeo@localhost", house.romeo, "Contact: <sip:romeo@a.example>\r\n"), "invite"));
  EXPECT_TRUE(house.run_until([&] { return proxy.count("INVITE sip:romeo@b.example") > 0; })) << "b does not ring";
  EXPECT_EQ(proxy.count("INVITE sip:romeo@a.example"), 0U) << "a rings for its own call";
}

}  // namespace
}  // namespace reveille::node
