#include "sim/handset/xmpp_client.hpp"

#include "base/encoding.hpp"
#include "edge/xmpp/scram_server.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/xmpp/namespaces.hpp"

#include <gtest/gtest.h>

#include <variant>

namespace reveille::sim::handset {
namespace {

namespace json = boost::json;
namespace ns = xmpp::ns;
using xmpp::Element;

constexpr auto password = "wherefore";

class Credentials final : public edge::ScramCredentials {
 public:
  void lookup(std::string const& account, std::string const&, Answer answer) override {
    if (account != "juliet@localhost") return answer(failure(ErrorCode::not_found, "nobody"));
    auto const salted = crypto::pbkdf2_sha256(password, "salt", 4096);
    answer(edge::ScramKeys{.salt = "salt",
                           .iterations = 4096,
                           .stored_key = crypto::sha256(crypto::hmac_sha256(salted, "Client Key")),
                           .server_key = crypto::hmac_sha256(salted, "Server Key")});
  }
};

// The server at the other end: it answers what a sign-in asks, and a test says the rest.
class Server {
 public:
  explicit Server(std::string& to_client) : out_(to_client) {}

  void begin() {
    parser_.reset();
    signed_in_ = false;
  }
  void hear(std::string_view bytes) {
    while (auto event = parser_.next(bytes)) {
      if (std::holds_alternative<xmpp::StreamOpened>(*event)) on_header();
      if (auto* element = std::get_if<Element>(&*event)) {
        heard.push_back(*element);
        if (on_element(*element)) return;
      }
      if (std::holds_alternative<xmpp::StreamClosed>(*event)) closed = true;
    }
  }
  void say(std::string_view text) { out_ += text; }

  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(heard, [&](Element const& element) { return element.name == name; }));
  }

  std::vector<Element> heard = {};
  std::uint32_t received = 0;  // stanzas, for <a/>
  std::string archive = {};    // what a query gives
  bool resumes = true;
  bool acknowledges = true;
  bool closed = false;

 private:
  void on_header() {
    say("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='s' "
        "version='1.0'>");
    say(signed_in_ ? "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm "
                     "xmlns='urn:xmpp:sm:3'/></stream:features>"
                   : "<stream:features><mechanisms "
                     "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>"
                     "</mechanisms></stream:features>");
  }

  // True: the stream starts again, and what is left of the input is of the old one.
  bool on_element(Element const& element) {
    if (element.space == ns::sasl) return on_sasl(element);
    if (element.name == "enable" && element.space == ns::stream_management) {
      received = 0;
      say("<enabled xmlns='urn:xmpp:sm:3' id='session' resume='true'/>");
    } else if (element.name == "resume") {
      say(resumes ? "<resumed xmlns='urn:xmpp:sm:3' previd='session' h='" + std::to_string(received) + "'/>"
                  : std::string("<failed xmlns='urn:xmpp:sm:3'><item-not-found "
                                "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"));
    } else if (element.name == "r" && acknowledges) {
      say("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(received) + "'/>");
    } else if (xmpp::kind_of(element)) {
      if (acknowledges) ++received;
      if (element.name == "iq" && element.attribute("type") != "result") on_iq(element);
    }
    return false;
  }

  bool on_sasl(Element const& element) {
    auto const bytes = decode_base64(element.text_content()).value_or("");
    if (element.name == "auth") {
      scram_ = std::make_unique<edge::ScramServer>(credentials_, secret_);
      scram_->start(std::string(element.attribute("mechanism")), bytes, "localhost",
                    [this](xmpp::SaslAnswer answer) { on_answer(answer); });
      return false;
    }
    on_answer(scram_->proceed(bytes));
    if (!signed_in_) return false;
    parser_.reset();
    return true;
  }

  void on_answer(xmpp::SaslAnswer const& answer) {
    if (auto const* challenge = std::get_if<xmpp::SaslChallenge>(&answer))
      say("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + encode_base64(challenge->bytes) + "</challenge>");
    if (auto const* success = std::get_if<xmpp::SaslSuccess>(&answer)) {
      signed_in_ = true;
      say("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + encode_base64(success->bytes) + "</success>");
    }
    if (std::holds_alternative<xmpp::SaslFailure>(answer))
      say("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
  }

  void on_iq(Element const& iq) {
    auto const* payload = iq.first_child();
    std::string inside;
    if (payload->name == "bind")
      inside = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@localhost/phone</jid></bind>";
    if (payload->space == ns::roster) inside = "<query xmlns='jabber:iq:roster'/>";
    if (payload->space == ns::archive) {
      auto results = archive;
      for (auto at = results.find("QUERY"); at != results.npos; at = results.find("QUERY"))
        results.replace(at, 5, payload->attribute("queryid"));
      say(results);
      inside = "<fin xmlns='urn:xmpp:mam:2' complete='true'/>";
    }
    say("<iq type='result' id='" + std::string(iq.attribute("id")) + "'>" + inside + "</iq>");
  }

  std::string& out_;
  Credentials credentials_ = {};
  Secret secret_{"salts"};
  std::unique_ptr<edge::ScramServer> scram_ = {};
  xmpp::StreamParser parser_;
  bool signed_in_ = false;
};

class XmppClientTest : public testing::Test, public XmppHost {
 protected:
  void send(std::string const& bytes) override { to_server += bytes; }
  void open_link() override { ++links_wanted; }
  void drop_link(LinkEnd end) override {
    if (end == LinkEnd::clean) settle_server();
    to_server.clear();
    to_client.clear();
    ++links_dropped;
  }
  void emit(std::string_view event, json::object fields) override {
    fields["event"] = event;
    events.push_back(std::move(fields));
  }
  std::string last_archive_id() override { return last_id; }
  void remember_archive_id(std::string const& id) override { last_id = id; }
  void caught_up() override { ++catch_ups; }

  void connect() {
    server.begin();
    client.on_link_up(clock.now());
    settle();
  }
  void settle_server() { server.hear(std::exchange(to_server, {})); }
  void settle() {
    for (int rounds = 0; rounds < 50 && !(to_server.empty() && to_client.empty()); ++rounds) {
      settle_server();
      client.on_bytes(std::exchange(to_client, {}), clock.now());
    }
  }
  void sign_in() {
    client.sign_in(AppMode::foreground, clock.now(), [this](std::string const& why) { said = why; });
    connect();
  }
  void hear(std::string_view text) {
    server.say(text);
    settle();
  }
  std::vector<std::string> look() {
    std::vector<std::string> names;
    for (auto const& event : std::exchange(events, {})) {
      names.emplace_back(event.at("event").as_string());
      if (names.back() == "message") names.back() += " " + std::string(event.at("text").as_string());
    }
    return names;
  }
  static std::string message(std::string_view text, std::string_view id) {
    return "<message from='romeo@localhost/desk' type='chat' id='m-" + std::string(id) + "'><body>" +
           std::string(text) +
           "</body><markable xmlns='urn:xmpp:chat-markers:0'/><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@localhost' "
           "id='" +
           std::string(id) + "'/></message>";
  }

  VirtualClock clock;
  SeededRandom random;
  std::string to_server = {};
  std::string to_client = {};
  std::vector<json::object> events = {};
  std::string last_id = {};
  std::string said = "nothing";
  int links_wanted = 0;
  int links_dropped = 0;
  int catch_ups = 0;
  Server server{to_client};
  XmppIdentity identity{.address = "juliet@localhost",
                        .password = Secret(password),
                        .instance = "6a1c4f5e-0000-4000-8000-000000000001",
                        .push = XmppPush{.app = "org.reveille.jabber", .provider = "apns", .token_message = "abc"},
                        .contacts = {"romeo@localhost"}};
  XmppClient client{identity, *this, random};
};

using Names = std::vector<std::string>;

TEST_F(XmppClientTest, SignsInWithRosterPresencePushAndContacts) {
  sign_in();
  EXPECT_EQ(said, "");
  EXPECT_EQ(look(), Names{"signed_in"});
  EXPECT_TRUE(client.is_online());
  EXPECT_EQ(client.jid(), "juliet@localhost/phone");
  bool pushed = false;
  bool subscribed = false;
  for (auto const& element : server.heard) {
    if (auto const* enable = element.child("enable", ns::push))
      pushed = enable->attribute("jid") == "push.localhost" && enable->attribute("node") == identity.instance;
    subscribed =
        subscribed || (element.attribute("type") == "subscribe" && element.attribute("to") == "romeo@localhost");
  }
  EXPECT_TRUE(pushed && subscribed);
  EXPECT_EQ(catch_ups, 1);
}

TEST_F(XmppClientTest, AWrongPasswordIsSaidAndNotTriedAgain) {
  identity.password = Secret("guess");
  XmppClient tybalt{identity, *this, random};
  tybalt.sign_in(AppMode::foreground, clock.now(), [this](std::string const& why) { said = why; });
  server.begin();
  tybalt.on_link_up(clock.now());
  for (int i = 0; i < 10; ++i) {
    settle_server();
    tybalt.on_bytes(std::exchange(to_client, {}), clock.now());
  }
  EXPECT_TRUE(said.contains("not-authorized")) << said;
  EXPECT_EQ(tybalt.next_deadline(), std::nullopt);
}

// B-IM-1: once, by the archive id, and in the foreground it is marked as displayed.
TEST_F(XmppClientTest, AMessageShowsOnceAndIsMarked) {
  sign_in();
  look();
  hear(message("But soft", "a1"));
  hear(message("But soft", "a1"));
  EXPECT_EQ(look(), Names{"message But soft"});
  EXPECT_EQ(last_id, "a1");
  auto const& last = server.heard;
  EXPECT_EQ(
      std::ranges::count_if(last, [](Element const& e) { return e.child("displayed", ns::chat_markers) != nullptr; }),
      1);
}

TEST_F(XmppClientTest, ASentMessageIsDoneWhenTheServerHasIt) {
  sign_in();
  said = "nothing";
  client.send_message("romeo@localhost", "hi", clock.now(), [this](std::string const& why) { said = why; });
  EXPECT_EQ(said, "nothing");
  settle();
  EXPECT_EQ(said, "");
}

TEST_F(XmppClientTest, TheBackgroundIsToldInBothWays) {
  sign_in();
  client.set_mode(AppMode::background, clock.now());
  settle();
  EXPECT_EQ(server.count("inactive"), 1U);
  EXPECT_EQ(server.heard.back().attribute("state"), "background");
  client.set_mode(AppMode::foreground, clock.now());
  settle();
  EXPECT_EQ(server.count("active"), 1U);
}

// design.md 6: nowhere is the session resumed before the tap.
TEST_F(XmppClientTest, ASuspendedSessionIsResumedInTheForegroundOnly) {
  sign_in();
  look();
  client.set_mode(AppMode::background, clock.now());
  client.woke();
  client.set_mode(AppMode::background, clock.now());
  EXPECT_EQ(links_wanted, 1);
  EXPECT_EQ(client.next_deadline(), std::nullopt);
  client.set_mode(AppMode::foreground, clock.now());
  EXPECT_EQ(links_wanted, 2);
  connect();
  EXPECT_EQ(look(), Names{"signed_in"});
  EXPECT_EQ(server.count("resume"), 1U);
  EXPECT_EQ(server.count("enable"), 1U) << "a resumed session binds nothing anew";
  hear(message("Good night", "a2"));
  EXPECT_EQ(look(), Names{"message Good night"});
}

TEST_F(XmppClientTest, WhatWasNotAcknowledgedIsSentAgainOnResumption) {
  sign_in();
  server.acknowledges = false;
  said = "nothing";
  client.send_message("romeo@localhost", "lost?", clock.now(), [this](std::string const& why) { said = why; });
  settle();
  EXPECT_EQ(said, "nothing");
  client.on_link_lost("cut", clock.now());
  server.acknowledges = true;
  clock.advance(1s);
  client.on_time(clock.now());
  EXPECT_EQ(links_wanted, 2);
  connect();
  EXPECT_EQ(said, "");
  EXPECT_EQ(std::ranges::count_if(server.heard, [](Element const& e) { return e.child_text("body") == "lost?"; }), 2);
}

// B-IM-4: where the session cannot be resumed, the archive tells.
TEST_F(XmppClientTest, TheArchiveTellsWhatAResumptionCannot) {
  last_id = "a1";
  sign_in();
  look();
  server.resumes = false;
  server.archive =
      "<message><result xmlns='urn:xmpp:mam:2' queryid='QUERY' id='a2'><forwarded xmlns='urn:xmpp:forward:0'>" +
      std::string(
          "<message xmlns='jabber:client' from='romeo@localhost/desk' type='chat'><body>missed</body></message>") +
      "</forwarded></result></message>";
  client.on_link_lost("cut", clock.now());
  clock.advance(1s);
  client.on_time(clock.now());
  connect();
  EXPECT_EQ(look(), (Names{"message missed", "signed_in"}));
  EXPECT_EQ(last_id, "a2");
  hear(message("missed", "a2"));
  EXPECT_TRUE(look().empty());
}

TEST_F(XmppClientTest, ArchiveResultsOfOthersAreNotBelieved) {
  sign_in();
  look();
  hear(
      "<message from='mallory@localhost/x'><result xmlns='urn:xmpp:mam:2' queryid='' id='a9'><forwarded "
      "xmlns='urn:xmpp:forward:0'>"
      "<message xmlns='jabber:client' "
      "from='romeo@localhost'><body>forged</body></message></forwarded></result></message>");
  EXPECT_TRUE(look().empty());
}

// B-MODE-4: a connection that does not answer is a dead one.
TEST_F(XmppClientTest, AMissingAcknowledgementEndsTheLink) {
  sign_in();
  look();
  server.acknowledges = false;
  client.send_message("romeo@localhost", "hello?", clock.now(), [](std::string const&) {});
  settle();
  auto const dropped = links_dropped;
  clock.advance(10s);
  client.on_time(clock.now());
  EXPECT_EQ(links_dropped, dropped + 1);
  EXPECT_FALSE(client.is_online());
}

TEST_F(XmppClientTest, SigningOutTakesThePushAwayAndClosesCleanly) {
  sign_in();
  said = "nothing";
  client.sign_out(clock.now(), [this](std::string const& why) { said = why; });
  settle();
  EXPECT_EQ(said, "");
  EXPECT_TRUE(server.closed);
  EXPECT_TRUE(
      std::ranges::any_of(server.heard, [](Element const& e) { return e.child("disable", ns::push) != nullptr; }));
}

TEST_F(XmppClientTest, AnswersPingsAndRefusesTheRest) {
  sign_in();
  hear("<iq type='get' id='p' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(server.heard[server.heard.size() - 2].attribute("type"), "result");
  hear("<iq type='get' id='q' from='localhost'><query xmlns='urn:unknown'/></iq>");
  EXPECT_EQ(server.heard[server.heard.size() - 2].attribute("type"), "error");
}

TEST_F(XmppClientTest, NonsenseEndsTheLink) {
  sign_in();
  hear("<a><b></a>");
  EXPECT_FALSE(client.is_online());
}

TEST_F(XmppClientTest, PresenceIsTold) {
  sign_in();
  look();
  hear("<presence from='romeo@localhost/desk'><show>away</show></presence>");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.front().at("from").as_string(), "romeo@localhost");
  EXPECT_EQ(events.front().at("show").as_string(), "away");
  hear("<presence from='romeo@localhost/desk' type='unavailable'/>");
  EXPECT_EQ(events.back().at("show").as_string(), "unavailable");
}

}  // namespace
}  // namespace reveille::sim::handset
