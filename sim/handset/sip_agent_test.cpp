#include "sim/handset/sip_agent.hpp"

#include "sim/handset/media_terms.hpp"
#include "sim/handset/srtp.hpp"
#include "wire/sip/owned_message.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

namespace reveille::sim::handset {
namespace {

namespace json = boost::json;

constexpr auto secret = "wherefore";

class FakeMedia final : public MediaPort {
 public:
  FakeMedia(MediaWish const& wish, Random& random, int& agreements) : agreements_(agreements) {
    sdp::Connection const here{.address = "127.0.0.1"};
    local_ = {.origin = {.connection = here},
              .connection = here,
              .security = wish.security,
              .streams = {audio_stream(4000, 500)}};
    if (wish.video) local_.streams.push_back(video_stream(4002));
    for (auto& stream : local_.streams) stream.key = make_srtp_key(random);
  }
  [[nodiscard]] sdp::LocalMedia const& local() const override { return local_; }
  void agree(sdp::Session const&, sdp::Session const&) override { ++agreements_; }

 private:
  sdp::LocalMedia local_ = {};
  int& agreements_;
};

// A phone whose wire is a list, below real transaction tables on the virtual clock.
class Phone final : public SipHost, edge::sip::RequestHandler, edge::sip::MessageSender {
 public:
  Phone(std::string const& user, std::uint64_t seed, VirtualClock const& clock)
      : random(seed),
        driver_(context_, clock),
        client_(*this, driver_, random, limits_, 0),
        server_(*this, driver_, random, limits_, 0),
        agent({.address = user + "@localhost",
               .password = Secret(secret),
               .instance = random.uuid(),
               .push_parameters = ";pn-provider=apns;pn-param=T.app.voip;pn-prid=abc:voip",
               .contact_parameters = ";reveille-os=\"ios/18.0\""},
              *this, random, clock) {
    server_.set_handler(*this);
  }

  void connect(sip::Transport transport) {
    edge::sip::Target const target{.transport = transport,
                                   .remote = {.ip = boost::asio::ip::make_address("127.0.0.1"), .port = 4711},
                                   .flow = {.slot = 1, .generation = 1}};
    agent.on_flow_up({.target = target,
                      .dialled = "localhost",
                      .host = "127.0.0.1",
                      .port = 4711,
                      .client = &client_,
                      .server = &server_});
  }
  void lose_flow() {
    client_.on_flow_lost({.slot = 1, .generation = 1});
    agent.on_flow_lost();
  }
  void take(sip::MessageView const& message) {
    if (message.is_response()) return client_.take(message, {});
    server_.take(message, {.transport = sip::Transport::tls});
  }
  void pass_time(Instant now) {
    driver_.wheel().advance(now);
    agent.on_time();
  }

  void stirred() override {}
  void open_flow(std::vector<std::string> nodes) override {
    ++flows_wanted;
    nodes_wanted = std::move(nodes);
  }
  void try_next_node() override { ++next_nodes_wanted; }
  std::vector<boost::asio::ip::address> addresses_of(std::string const& name) override {
    if (name != "sip.example.org") return {};
    return {boost::asio::ip::make_address("192.0.2.1"), boost::asio::ip::make_address("127.0.0.1")};
  }
  void emit(std::string_view event, json::object fields) override {
    fields["event"] = event;
    events.push_back(std::move(fields));
  }
  void tell_os(OsInput input) override { told.push_back(std::move(input)); }
  std::unique_ptr<MediaPort> open_media(MediaWish const& wish) override {
    return std::make_unique<FakeMedia>(wish, random, agreements);
  }

  // The names of the events since the last look.
  std::vector<std::string> look() {
    std::vector<std::string> names;
    for (auto const& event : events) {
      names.emplace_back(event.at("event").as_string());
      if (event.contains("why")) names.back() += " " + std::string(event.at("why").as_string());
    }
    events.clear();
    return names;
  }

  SeededRandom random;

 private:
  std::optional<FlowHandle> send(edge::sip::Target const& target, std::string_view bytes) override {
    wire.emplace_back(bytes);
    return target.flow;
  }
  [[nodiscard]] std::string_view sent_by(edge::sip::Target const&) const override { return "127.0.0.1:4711"; }
  void on_request(RequestHandle request, sip::MessageView const& message, edge::sip::Source const&) override {
    agent.calls().on_request(request, message);
  }
  void on_cancel(RequestHandle request, sip::MessageView const& cancel) override {
    agent.calls().on_cancel(request, cancel);
  }
  void on_ack(sip::MessageView const& ack, edge::sip::Source const&) override { agent.calls().on_ack(ack); }
  void on_flow_lost(FlowHandle) override {}

  boost::asio::io_context context_ = {};
  edge::sip::Limits limits_ = {};
  edge::sip::WheelDriver driver_;
  edge::sip::ClientTransactions client_;
  edge::sip::ServerTransactions server_;

 public:
  std::deque<std::string> wire = {};
  std::vector<json::object> events = {};
  std::vector<OsInput> told = {};
  int flows_wanted = 0;
  int next_nodes_wanted = 0;
  std::vector<std::string> nodes_wanted = {};
  int agreements = 0;
  SipAgent agent;
};

using Events = std::vector<std::string>;

// Two phones and a registrar that stands between them; it passes everything but REGISTER on as it is.
class SipAgentTest : public testing::Test {
 protected:
  void SetUp() override {
    for (auto* phone : {&romeo, &juliet}) {
      phone->agent.sign_in(AppMode::foreground, {});
      connect(*phone);
      settle();
      ASSERT_EQ(phone->look(), Events{"registered"});
    }
  }

  void connect(Phone& phone) { phone.connect(transport); }

  void settle() {
    for (int rounds = 0; rounds < 200 && !(romeo.wire.empty() && juliet.wire.empty()); ++rounds) {
      carry(romeo, juliet);
      carry(juliet, romeo);
    }
  }

  void carry(Phone& from, Phone& to) {
    if (from.wire.empty()) return;
    auto message = sip::Message::parse(std::exchange(from.wire.front(), {}));
    from.wire.pop_front();
    ASSERT_TRUE(message);
    seen.push_back(message->bytes());
    if (message->view().is_request() && message->view().method() == sip::Method::register_)
      return from.take(answer_register(message->view()).view());
    if (message->view().is_request() && challenges > 0 && message->view().method() == sip::Method::invite &&
        !message->view().has(sip::HeaderName::proxy_authorization)) {
      --challenges;
      return from.take(challenge(message->view(), 407).view());
    }
    to.take(with_uuid(*message).view());
  }

  sip::Message answer_register(sip::MessageView const& request) {
    if (!request.has(sip::HeaderName::authorization)) return challenge(request, 401);
    std::string out;
    if (refused != 0) {
      EXPECT_EQ(sip::respond(out, request, {.status = refused, .to_tag = "reg"}).finish(), sip::Written::yes);
      return *sip::Message::parse(out);
    }
    auto writer = sip::respond(out, request, {.status = 200, .to_tag = "reg"});
    writer.copy(request, sip::HeaderName::contact).header(sip::HeaderName::feature_caps, "*;+sip.pns=\"apns\"");
    EXPECT_EQ(writer.finish(), sip::Written::yes);
    return *sip::Message::parse(out);
  }

  static sip::Message challenge(sip::MessageView const& request, int status) {
    std::string out;
    auto writer = sip::respond(out, request, {.status = status, .to_tag = "challenge"});
    writer.header(status == 401 ? sip::HeaderName::www_authenticate : sip::HeaderName::proxy_authenticate,
                  R"(Digest realm="localhost", nonce="n1", algorithm=SHA-256, qop="auth")");
    EXPECT_EQ(writer.finish(), sip::Written::yes);
    return *sip::Message::parse(out);
  }

  // What our server adds to an INVITE.
  sip::Message with_uuid(sip::Message const& message) {
    if (!message.view().is_request() || message.view().method() != sip::Method::invite) return message;
    std::string out;
    sip::Forward forward(message.view());
    if (!call_uuid.empty()) forward.add(sip::HeaderName::reveille_call_uuid, call_uuid);
    if (!record_route.empty()) forward.record_route(record_route);
    EXPECT_EQ(forward.write(out), sip::Written::yes);
    return *sip::Message::parse(out);
  }

  void pass(Duration time) {
    clock.advance(time);
    romeo.pass_time(clock.now());
    juliet.pass_time(clock.now());
    settle();
  }

  Push voip_push() const {
    return {.id = "p1",
            .type = PushType::voip,
            .subject = PushSubject::call,
            .call_uuid = call_uuid,
            .from_name = "Romeo",
            .from_address = "romeo@localhost",
            .deadline = clock.now() + 13s};
  }
  bool was_reported(std::string const& push_id) const {
    return std::ranges::any_of(juliet.told, [&](OsInput const& input) {
      auto const* reported = std::get_if<CallReported>(&input);
      return reported != nullptr && reported->push_id == push_id;
    });
  }
  void dial(CallMedia media = CallMedia::audio) { EXPECT_EQ(romeo.agent.calls().call("juliet@localhost", media), ""); }
  void answer() { EXPECT_EQ(juliet.agent.calls().answer(), ""); }
  void hang_up() { EXPECT_EQ(romeo.agent.calls().hang_up(), ""); }
  void establish() {
    ASSERT_EQ(romeo.agent.calls().call("juliet@localhost", CallMedia::audio), "");
    settle();
    ASSERT_EQ(juliet.agent.calls().answer(), "");
    settle();
    ASSERT_EQ(romeo.look(), (Events{"ringing", "answered"}));
    ASSERT_EQ(juliet.look(), (Events{"call_screen", "ringing", "answered"}));
  }

  VirtualClock clock;
  sip::Transport transport = sip::Transport::tls;
  std::string call_uuid = "0b9c5e4e-7f5d-4a3f-8f7b-3d9a1c2b4e6f";
  std::string record_route = {};
  std::vector<std::string> seen = {};
  int challenges = 0;
  int refused = 0;  // the status of each REGISTER's answer
  Phone romeo{"romeo", 1, clock};
  Phone juliet{"juliet", 2, clock};
};

TEST_F(SipAgentTest, RegistersWithPushAndCredentials) {
  EXPECT_NE(seen.at(1).find("Authorization: Digest username=\"romeo\""), std::string::npos);
  EXPECT_NE(seen.at(1).find(";transport=tls;pn-provider=apns;pn-param=T.app.voip;pn-prid=abc:voip>"),
            std::string::npos);
  EXPECT_NE(seen.at(1).find("Reveille-Mode: foreground"), std::string::npos);
  EXPECT_TRUE(romeo.agent.is_registered());
  pass(30min);
  EXPECT_EQ(romeo.look(), Events{"registered"});
}

// RFC 8599 section 4.1.3.
TEST_F(SipAgentTest, SigningOutTakesThePushAway) {
  std::string why = "not called";
  juliet.agent.sign_out([&](std::string const& said) { why = said; });
  settle();
  EXPECT_EQ(why, "");
  EXPECT_EQ(seen.back().find("pn-prid"), std::string::npos);
  EXPECT_NE(seen.back().find("expires=0"), std::string::npos);
  EXPECT_FALSE(juliet.agent.is_signed_in());
}

TEST_F(SipAgentTest, TwoPhonesTalkAndOneHangsUp) {
  challenges = 1;
  establish();
  EXPECT_EQ(romeo.agreements, 1);
  EXPECT_EQ(juliet.agreements, 1);
  EXPECT_EQ(juliet.agent.calls().hang_up(), "");
  settle();
  EXPECT_EQ(romeo.look(), Events{"call_ended remote_hangup"});
  EXPECT_EQ(juliet.look(), Events{"call_ended hangup"});
  EXPECT_TRUE(romeo.agent.calls().empty() && juliet.agent.calls().empty());
  pass(64s);
  EXPECT_TRUE(romeo.look().empty() && juliet.look().empty());
}

// RFC 3261 sections 8.1.2 and 12.2.1.1.
TEST_F(SipAgentTest, RequestsOfACallGoWhereItsTopmostRouteLeads) {
  int number = 0;
  for (auto const* host : {"localhost", "LocalHost", "127.0.0.1", "sip.example.org"}) {
    call_uuid = std::to_string(++number);
    record_route = std::string("<sip:t.k@") + host + ":4711;transport=tls;lr>";
    establish();
    EXPECT_EQ(juliet.agent.calls().hang_up(), "");
    settle();
    EXPECT_EQ(romeo.look(), Events{"call_ended remote_hangup"}) << host;
    EXPECT_EQ(juliet.look(), Events{"call_ended hangup"}) << host;
  }
}

TEST_F(SipAgentTest, ARouteThatLeadsElsewhereFailsTheCallOfItsCaller) {
  for (auto const* route : {"<sip:0.0.0.0:4711;transport=tls;lr>", "<sip:localhost:4712;transport=tls;lr>",
                            "<sip:localhost:4711;lr>", "<sip:nowhere.example:4711;transport=tls;lr>", "<tel:1;lr>"}) {
    call_uuid = record_route = route;
    dial();
    settle();
    answer();
    settle();
    auto const heard = romeo.look();
    ASSERT_EQ(heard.size(), 3U) << route;
    EXPECT_TRUE(heard[1].starts_with("error ") && heard[1].contains("is not where this phone is connected"))
        << heard[1];
    EXPECT_EQ(heard[2], "call_ended no_route");
    EXPECT_FALSE(std::ranges::any_of(seen, [](auto const& bytes) { return bytes.starts_with("ACK "); }));
    pass(32s);
    EXPECT_EQ(juliet.look().back(), "call_ended no_ack");
  }
}

TEST_F(SipAgentTest, ARouteThatLeadsElsewhereIsNoticedByWhoHangsUp) {
  establish();
  call_uuid = "second";
  hang_up();
  settle();
  static_cast<void>(romeo.look());
  static_cast<void>(juliet.look());
  record_route = "<sip:0.0.0.0:4711;transport=tls;lr>";
  dial();
  settle();
  answer();
  settle();
  EXPECT_EQ(juliet.agent.calls().hang_up(), "");
  auto const heard = juliet.look();
  ASSERT_GE(heard.size(), 2U);
  EXPECT_TRUE(heard[heard.size() - 2].starts_with("error <") || heard[heard.size() - 2].starts_with("error sip:"));
  EXPECT_EQ(heard.back(), "call_ended no_route");
}

TEST_F(SipAgentTest, SrtpWhereSignallingIsTls) {
  establish();
  EXPECT_TRUE(std::ranges::any_of(
      seen, [](auto const& bytes) { return bytes.contains("RTP/SAVP 0") && bytes.contains("SIP/2.0 200"); }));
  transport = sip::Transport::udp;
  connect(romeo);
  hang_up();
  settle();
  ASSERT_EQ(romeo.agent.calls().call("juliet@localhost", CallMedia::audio), "");
  ASSERT_FALSE(romeo.wire.empty());
  EXPECT_TRUE(romeo.wire.back().contains("RTP/AVP 0"));
}

TEST_F(SipAgentTest, DeclineBusyAndCancel) {
  dial(CallMedia::video);
  settle();
  EXPECT_EQ(juliet.agent.calls().decline(), "");
  settle();
  EXPECT_EQ(romeo.look(), (Events{"ringing", "call_ended 603 declined"}));
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "ringing", "call_ended declined"}));

  call_uuid = "second";
  dial();
  settle();
  EXPECT_EQ(romeo.agent.calls().hang_up(), "");
  settle();
  EXPECT_EQ(romeo.look(), (Events{"ringing", "call_ended 487 cancelled"}));
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "ringing", "call_ended cancelled"}));
  EXPECT_EQ(juliet.agent.calls().answer(), "no call rings");
}

// The challenge comes when the user has hung up: nothing is sent again, and the phone is free.
TEST_F(SipAgentTest, ACallThatIsGivenUpBeforeItsChallengeIsOver) {
  challenges = 1;
  dial();
  hang_up();
  settle();
  EXPECT_EQ(romeo.look(), Events{"call_ended 487 cancelled"});
  EXPECT_TRUE(juliet.look().empty());
  dial();
  settle();
  EXPECT_EQ(romeo.look(), Events{"ringing"});
}

// B-SIGN-3: a push that was under way. The OS has its call, and the account stays signed out.
TEST_F(SipAgentTest, APushAfterSigningOutIsReportedAndNoMore) {
  juliet.agent.sign_out([](std::string const&) {});
  settle();
  seen.clear();
  juliet.agent.on_voip_push(voip_push());
  settle();
  EXPECT_TRUE(was_reported("p1"));
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "call_ended signed_out"}));
  EXPECT_FALSE(juliet.agent.is_signed_in());
  EXPECT_TRUE(seen.empty());
}

TEST_F(SipAgentTest, APushSaysWhereToRegister) {
  auto push = voip_push();
  push.nodes = {"one.example:5061", "two.example:5061"};
  juliet.agent.on_voip_push(push);
  EXPECT_EQ(juliet.flows_wanted, 1) << "only that of the sign-in: the call comes on the flow that stands";
  settle();
  juliet.lose_flow();
  push.call_uuid = "second";
  juliet.agent.on_voip_push(push);
  EXPECT_EQ(juliet.nodes_wanted, push.nodes);
  EXPECT_EQ(juliet.next_nodes_wanted, 0);
  connect(juliet);
  refused = 503;
  settle();
  EXPECT_EQ(juliet.next_nodes_wanted, 1);
  juliet.lose_flow();
  refused = 0;
  connect(juliet);
  settle();
  EXPECT_TRUE(juliet.agent.is_registered());
  EXPECT_EQ(juliet.next_nodes_wanted, 1);
}

// B-CALL-4, and the third column of the delivery table.
TEST_F(SipAgentTest, APushRingsAtOnceAndItsInviteDoesNotRingAgain) {
  juliet.lose_flow();
  juliet.agent.set_mode(AppMode::background);
  juliet.agent.on_voip_push(voip_push());
  EXPECT_EQ(juliet.look(), Events{"call_screen"});
  EXPECT_TRUE(was_reported("p1"));
  EXPECT_GE(juliet.flows_wanted, 1);
  connect(juliet);
  settle();
  EXPECT_EQ(juliet.look(), Events{"registered"});
  dial();
  settle();
  EXPECT_EQ(juliet.look(), Events{"ringing"});
  answer();
  settle();
  EXPECT_EQ(juliet.look(), Events{"answered"});
  EXPECT_EQ(romeo.look(), (Events{"ringing", "answered"}));
}

TEST_F(SipAgentTest, AnAnswerBeforeTheInviteIsRemembered) {
  juliet.agent.on_voip_push(voip_push());
  EXPECT_EQ(juliet.agent.calls().answer(), "");
  settle();
  dial();
  settle();
  EXPECT_EQ(romeo.look(), (Events{"ringing", "answered"}));
}

TEST_F(SipAgentTest, ADeclineBeforeTheInviteIsToldWhenItComes) {
  juliet.agent.on_voip_push(voip_push());
  EXPECT_EQ(juliet.agent.calls().decline(), "");
  settle();
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "call_ended declined", "registered"}));
  dial();
  settle();
  EXPECT_EQ(romeo.look(), Events{"call_ended 603 declined"});
  EXPECT_TRUE(juliet.look().empty());
}

TEST_F(SipAgentTest, AnInviteThatNeverComesEndsTheCallScreen) {
  juliet.agent.on_voip_push(voip_push());
  settle();
  pass(15s);
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "registered"}));
  pass(1s);
  EXPECT_EQ(juliet.look(), Events{"call_ended no_invite"});
}

TEST_F(SipAgentTest, AVoipPushThatIsNoCallIsStillReported) {
  juliet.agent.on_voip_push({.id = "p9", .type = PushType::voip});
  EXPECT_TRUE(was_reported("p9"));
  EXPECT_EQ(juliet.look(), (Events{"call_screen", "call_ended not_a_call"}));
}

TEST_F(SipAgentTest, APushBehindItsInviteShowsNothingTwice) {
  establish();
  juliet.agent.on_voip_push(voip_push());
  EXPECT_TRUE(was_reported("p1"));
  settle();
  EXPECT_EQ(juliet.look(), Events{"registered"});
  hang_up();
  settle();
  juliet.look();
  juliet.agent.on_voip_push(voip_push());
  settle();
  EXPECT_EQ(juliet.look(), Events{"registered"});
}

// RFC 3261 section 13.3.1.4, and section 13.2.2.4 at the other end.
TEST_F(SipAgentTest, ALostAckIsAskedForAgain) {
  dial();
  settle();
  answer();
  while (!juliet.wire.empty()) carry(juliet, romeo);
  ASSERT_FALSE(romeo.wire.empty());
  EXPECT_TRUE(romeo.wire.front().starts_with("ACK"));
  romeo.wire.clear();
  pass(500ms);
  EXPECT_EQ(juliet.look().back(), "answered");
  EXPECT_EQ(romeo.look(), (Events{"ringing", "answered"}));
}

TEST_F(SipAgentTest, WithoutAnyAckTheCallIsEnded) {
  dial();
  settle();
  answer();
  for (int i = 0; i < 40; ++i) {
    juliet.wire.clear();
    clock.advance(1s);
    juliet.pass_time(clock.now());
  }
  EXPECT_EQ(juliet.look().back(), "call_ended no_ack");
}

TEST_F(SipAgentTest, ALostFlowEndsWhatThisPhoneDialled) {
  dial();
  settle();
  romeo.look();
  romeo.lose_flow();
  EXPECT_EQ(romeo.look(), Events{"call_ended 503 connection_lost"});
  EXPECT_TRUE(romeo.agent.calls().empty());
  EXPECT_FALSE(romeo.agent.is_registered());

  connect(romeo);
  settle();
  romeo.look();
  dial();
  romeo.lose_flow();  // before anybody answered
  EXPECT_EQ(romeo.look(), Events{"call_ended 503 connection_lost"});
}

TEST_F(SipAgentTest, ACallThatRangIsWaitedForOnTheNextFlow) {
  dial();
  settle();
  juliet.look();
  juliet.lose_flow();
  EXPECT_TRUE(juliet.look().empty());
  EXPECT_EQ(juliet.agent.calls().answer(), "");
  connect(juliet);
  settle();
  EXPECT_EQ(juliet.look(), Events{"registered"});
  pass(15s);
  EXPECT_EQ(juliet.look(), Events{"call_ended no_invite"});
}

TEST_F(SipAgentTest, AReasonSaysWhoAnswered) {
  EXPECT_EQ(why_cancelled("SIP;cause=200;text=\"Call completed elsewhere\""), "answered_elsewhere");
  EXPECT_EQ(why_cancelled("SIP ;cause=603"), "declined_elsewhere");
  EXPECT_EQ(why_cancelled("Q.850;cause=16"), "cancelled");
  EXPECT_EQ(why_cancelled(""), "cancelled");
}

TEST_F(SipAgentTest, AWrongPasswordIsSaidOnceAndNotTriedForEver) {
  Phone tybalt{"tybalt", 3, clock};
  std::string why;
  tybalt.agent.sign_in(AppMode::foreground, [&](std::string const& said) { why = said; });
  tybalt.connect(transport);
  for (int i = 0; i < 10 && !tybalt.wire.empty(); ++i) {
    auto const request = *sip::Message::parse(std::exchange(tybalt.wire.front(), {}));
    tybalt.wire.pop_front();
    tybalt.take(challenge(request.view(), 401).view());
  }
  EXPECT_TRUE(why.contains("401")) << why;
}

}  // namespace
}  // namespace reveille::sim::handset
