#include "wire/xmpp/client_stream.hpp"

#include "base/encoding.hpp"
#include "wire/xmpp/namespaces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace reveille::xmpp {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view header =
    "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";
constexpr std::string_view bind_request =
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>phone</resource></bind></iq>";
constexpr std::string_view auth =
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>aGVsbG8=</auth>";

// A client on one side, and on the other who performs what the stream asks for, by a script.
struct Conversation {
  ClientStreamSettings settings = {.domains = {"localhost", "example.org"}};
  SeededRandom random{3};
  VirtualClock clock;
  ClientStream stream;
  std::string out = {};                 // what the client has been sent since the last look
  std::vector<std::string> asked = {};  // what was asked of others
  std::optional<StreamEnd> end = {};

  explicit Conversation(Security security = Security::tls) : stream(settings, random, security, clock.now()) {}

  void perform(StreamActions actions) {
    for (auto const& action : actions) std::visit([this](auto const& one) { note(one); }, action);
  }
  void note(action::Write const& write) { out += write.bytes; }
  void note(action::StartTls const&) { asked.emplace_back("tls"); }
  void note(action::StartSasl const& start) {
    asked.push_back("sasl " + start.mechanism + " " + start.initial + " " + start.domain);
  }
  void note(action::ContinueSasl const& more) { asked.push_back("more " + more.response); }
  void note(action::AbortSasl const&) { asked.emplace_back("abort"); }
  void note(action::RequestBind const& bind) { asked.push_back("bind " + bind.resource); }
  void note(action::RequestEnable const& enable) {
    asked.push_back(enable.resume == Resumption::yes ? "enable resumable" : "enable");
  }
  void note(action::RequestResume const& resume) {
    asked.push_back("resume " + resume.previous + " " + std::to_string(resume.h));
  }
  void note(action::Deliver const& deliver) { asked.push_back(to_xml(deliver.stanza, ns::client)); }
  void note(action::Acknowledged const& acknowledged) { asked.push_back("h " + std::to_string(acknowledged.h)); }
  void note(action::StateChanged const& changed) {
    asked.emplace_back(changed.state == ClientState::active ? "active" : "inactive");
  }
  void note(action::ModeChanged const& changed) {
    asked.emplace_back(changed.mode == AppMode::foreground ? "foreground" : "background");
  }
  void note(action::Finish const& finish) {
    ASSERT_FALSE(end) << "finished twice";
    end = finish.why;
  }

  void hear(std::string_view bytes) { perform(stream.on_bytes(bytes, clock.now())); }
  std::string said() { return std::exchange(out, {}); }
  std::vector<std::string> asks() { return std::exchange(asked, {}); }

  void sign_in() {
    hear(header);
    hear(auth);
    perform(stream.on_sasl(SaslSuccess{.user = "juliet", .bytes = "v=1"}, clock.now()));
    hear(header);
  }
  void bind() {
    sign_in();
    hear(bind_request);
    perform(stream.bound("phone", clock.now()));
    said();
    asks();
  }
  void enable() {
    bind();
    hear("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    perform(stream.enabled({.id = "sm-1", .resume = Resumption::yes}, clock.now()));
    said();
    asks();
  }
};

using Asked = std::vector<std::string>;

// RFC 6120 section 4.7.2.
TEST(ClientStream, TheHeaderIsToWhoeverTheClientSaysItIs) {
  auto const answer_to = [](std::string const& from) {
    Conversation c{Security::plain};
    c.hear("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' " + from +
           " xmlns:stream='http://etherx.jabber.org/streams'>");
    return c.said();
  };
  EXPECT_THAT(answer_to("from='Juliet@localhost/balcony'"), HasSubstr(" from='localhost' to='juliet@localhost' "));
  EXPECT_THAT(answer_to("from='a b@localhost'"), Not(HasSubstr(" to=")));
  EXPECT_THAT(answer_to(""), Not(HasSubstr(" to=")));
}

TEST(ClientStream, RequiresTlsBeforeAnythingElse) {
  Conversation c{Security::plain};
  c.hear(header);
  auto const features = c.said();
  EXPECT_THAT(features, HasSubstr("<required/></starttls></stream:features>"));
  EXPECT_THAT(features, Not(HasSubstr("mechanism")));
  c.hear(auth);
  EXPECT_THAT(c.said(), HasSubstr("<encryption-required/>"));
  // What follows <starttls/> in clear is dropped.
  c.hear(std::string("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") + std::string(auth));
  EXPECT_EQ(c.said(), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  EXPECT_EQ(c.asks(), Asked{"tls"});
  EXPECT_TRUE(c.stream.waits());
  c.perform(c.stream.on_tls(c.clock.now()));
  EXPECT_EQ(c.asks(), Asked{});
  c.hear(header);
  EXPECT_THAT(c.said(), HasSubstr("<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>"));
}

TEST(ClientStream, SignsInAndBinds) {
  Conversation c;
  c.hear(header);
  c.said();
  c.hear(auth);
  EXPECT_EQ(c.asks(), Asked{"sasl SCRAM-SHA-1 hello localhost"});
  c.perform(c.stream.on_sasl(SaslChallenge{.bytes = "r=1"}, c.clock.now()));
  EXPECT_EQ(c.said(), "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj0x</challenge>");
  c.hear("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YQ==</response>");
  EXPECT_EQ(c.asks(), Asked{"more a"});
  // A client that does not wait for our word: its next header is read when the word is given.
  c.hear(header);
  c.hear(bind_request);
  EXPECT_EQ(c.said(), "");
  c.perform(c.stream.on_sasl(SaslSuccess{.user = "juliet", .bytes = "v=1"}, c.clock.now()));
  EXPECT_THAT(c.said(), testing::AllOf(HasSubstr("<success"), HasSubstr("<bind xmlns="),
                                       HasSubstr("<sm xmlns='urn:xmpp:sm:3'/>")));
  EXPECT_EQ(c.asks(), Asked{"bind phone"});
  c.perform(c.stream.bound("phone", c.clock.now()));
  EXPECT_THAT(
      c.said(),
      HasSubstr(
          "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@localhost/phone</jid>"));
  EXPECT_EQ(c.stream.deadline(), std::nullopt);
}

TEST(ClientStream, LetsAClientTryAgainAFewTimes) {
  Conversation c;
  c.hear(header);
  for (int i = 0; i < 3; ++i) {
    c.said();
    EXPECT_FALSE(c.end);
    c.hear(auth);
    c.perform(c.stream.on_sasl(SaslFailure{}, c.clock.now()));
    EXPECT_THAT(c.said(), HasSubstr("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"));
  }
  EXPECT_EQ(c.end, StreamEnd::fault);
}

TEST(ClientStream, AnswersSaslMistakesAsTheRfcSays) {
  Conversation c;
  c.hear(header);
  c.said();
  c.hear("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AA==</auth>");
  EXPECT_THAT(c.said(), HasSubstr("<invalid-mechanism/>"));
  c.hear("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>A===</auth>");
  EXPECT_THAT(c.said(), HasSubstr("<incorrect-encoding/>"));
}

TEST(ClientStream, RefusesStanzasBeforeBinding) {
  for (bool const signed_in : {false, true}) {
    Conversation c;
    signed_in ? c.sign_in() : c.hear(header);
    c.hear("<message to='romeo@localhost'/>");
    EXPECT_THAT(c.said(), HasSubstr("<stream:error><not-authorized"));
    EXPECT_EQ(c.end, StreamEnd::fault);
  }
}

TEST(ClientStream, ChecksTheHeader) {
  auto const answer_to = [](std::string_view text) {
    Conversation c;
    c.hear(text);
    EXPECT_TRUE(c.end);
    return c.said();
  };
  EXPECT_THAT(answer_to("<stream:stream to='elsewhere' version='1.0' xmlns='jabber:client' "
                        "xmlns:stream='http://etherx.jabber.org/streams'>"),
              testing::AllOf(HasSubstr("<stream:stream"), HasSubstr("<host-unknown"), HasSubstr("</stream:stream>")));
  EXPECT_THAT(
      answer_to("<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
      HasSubstr("<unsupported-version"));
  EXPECT_THAT(answer_to("<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='u'>"),
              HasSubstr("<invalid-namespace"));
  EXPECT_THAT(answer_to("<stream:stream to='localhost' version='1.0' xmlns='jabber:server' "
                        "xmlns:stream='http://etherx.jabber.org/streams'>"),
              HasSubstr("<invalid-namespace"));
  EXPECT_THAT(answer_to("GET / HTTP/1.1"), HasSubstr("<not-well-formed"));
}

TEST(ClientStream, StampsTheSenderAndRefusesAForgedOne) {
  Conversation c;
  c.bind();
  c.hear("<message to='romeo@localhost'/><presence from='juliet@localhost'/>");
  EXPECT_EQ(c.asks(), (Asked{"<message to='romeo@localhost' from='juliet@localhost/phone'/>",
                             "<presence from='juliet@localhost/phone'/>"}));
  c.hear("<message from='romeo@localhost'/>");
  EXPECT_THAT(c.said(), HasSubstr("<invalid-from"));
}

TEST(ClientStream, AcknowledgesOnlyWhatIsDealtWith) {
  Conversation c;
  c.bind();
  c.hear("<presence/>");  // before <enable/>: not counted
  c.hear("<enable xmlns='urn:xmpp:sm:3' resume='true'/><message/><r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(c.asks(), (Asked{"<presence from='juliet@localhost/phone'/>", "enable resumable"}));
  c.perform(c.stream.enabled({.id = "sm-1", .resume = Resumption::yes, .most = 60s}, c.clock.now()));
  EXPECT_EQ(c.said(), "<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true' max='60'/>");
  EXPECT_EQ(c.asks().size(), 1U);
  c.perform(c.stream.handled(1, c.clock.now()));
  EXPECT_EQ(c.said(), "");
  c.perform(c.stream.handled(1, c.clock.now()));
  EXPECT_EQ(c.said(), "<a xmlns='urn:xmpp:sm:3' h='1'/>");
  c.hear("<r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(c.said(), "<a xmlns='urn:xmpp:sm:3' h='1'/>");
  c.hear("<enable xmlns='urn:xmpp:sm:3'/>");
  EXPECT_THAT(c.said(), HasSubstr("<unexpected-request"));
}

// XEP-0198 section 4: what came before <enable/> is not counted, though it is dealt with behind it.
TEST(ClientStream, TheLastCountLeavesOutWhatCameBeforeManagement) {
  Conversation c;
  c.bind();
  c.hear("<presence/>");
  c.hear("<enable xmlns='urn:xmpp:sm:3'/>");
  c.perform(c.stream.enabled({}, c.clock.now()));
  c.hear("<presence/>");
  c.said();
  c.hear("</stream:stream>");
  EXPECT_THAT(c.said(), HasSubstr(" h='0'"));
}

TEST(ClientStream, AsksForAcknowledgementsAndEndsWhenOneIsOverdue) {
  Conversation c;
  c.enable();
  c.perform(c.stream.send("<message/>", c.clock.now()));
  EXPECT_EQ(c.said(), "<message/><r xmlns='urn:xmpp:sm:3'/>");
  c.perform(c.stream.send("<message/>", c.clock.now()));
  EXPECT_EQ(c.said(), "<message/>");
  c.hear("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  EXPECT_EQ(c.asks(), Asked{"h 1"});
  EXPECT_EQ(c.said(), "<r xmlns='urn:xmpp:sm:3'/>");
  c.clock.advance(9s);
  c.perform(c.stream.on_deadline(c.clock.now()));
  EXPECT_FALSE(c.end);
  c.clock.advance(1s);
  c.perform(c.stream.on_deadline(c.clock.now()));
  EXPECT_EQ(c.end, StreamEnd::overdue);
}

// The client's own <a/> crosses the message; then nothing comes any more.
TEST(ClientStream, B_MODE_4_AnAcknowledgementOfNothingIsNoSignOfLife) {
  Conversation c;
  c.enable();
  c.perform(c.stream.send("<message/>", c.clock.now()));
  EXPECT_EQ(c.said(), "<message/><r xmlns='urn:xmpp:sm:3'/>");
  for (int second = 0; second < 10; ++second) {
    EXPECT_FALSE(c.end);
    c.hear("<a xmlns='urn:xmpp:sm:3' h='0'/>");
    c.clock.advance(1s);
    c.perform(c.stream.on_deadline(c.clock.now()));
    if (!c.end) EXPECT_EQ(c.said(), "<r xmlns='urn:xmpp:sm:3'/>") << "at most one a second";
  }
  EXPECT_EQ(c.end, StreamEnd::overdue);
}

TEST(ClientStream, ResumesInPlaceOfBinding) {
  Conversation c;
  c.sign_in();
  c.said();
  c.hear("<resume xmlns='urn:xmpp:sm:3' h='7' previd='sm-1'/>");
  EXPECT_EQ(c.asks().back(), "resume sm-1 7");
  c.perform(
      c.stream.resumed({.resource = "phone", .previous = "sm-1", .received = 3, .acknowledged = 7}, c.clock.now()));
  EXPECT_EQ(c.said(), "<resumed xmlns='urn:xmpp:sm:3' h='3' previd='sm-1'/>");
  c.hear("<message/>");
  c.perform(c.stream.handled(1, c.clock.now()));
  c.hear("<r xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(c.said(), "<a xmlns='urn:xmpp:sm:3' h='4'/>");
  EXPECT_EQ(c.stream.address().text(), "juliet@localhost/phone");
}

TEST(ClientStream, BindsAfterAFailedResumption) {
  Conversation c;
  c.sign_in();
  c.said();
  c.hear("<resume xmlns='urn:xmpp:sm:3' h='7' previd='gone'/>");
  c.perform(c.stream.management_failed({.condition = StanzaError::item_not_found, .h = 5}, c.clock.now()));
  EXPECT_EQ(
      c.said(),
      "<failed xmlns='urn:xmpp:sm:3' h='5'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
  c.asks();
  c.hear(bind_request);
  EXPECT_EQ(c.asks(), Asked{"bind phone"});
}

TEST(ClientStream, SaysStateAndMode) {
  Conversation c;
  c.bind();
  c.hear(
      "<inactive xmlns='urn:xmpp:csi:0'/><mode xmlns='urn:reveille:mode:0' state='background'/><active "
      "xmlns='urn:xmpp:csi:0'/>");
  EXPECT_EQ(c.asks(), (Asked{"inactive", "background", "active"}));
}

TEST(ClientStream, StopsReadingWhenTooMuchIsUnderWay) {
  Conversation c;
  c.bind();
  for (unsigned i = 0; i < c.settings.most_unhandled; ++i) c.hear("<presence/>");
  EXPECT_TRUE(c.stream.waits());
  c.perform(c.stream.handled(1, c.clock.now()));
  EXPECT_FALSE(c.stream.waits());
}

TEST(ClientStream, EndsWhenNobodySignsInInTime) {
  Conversation c;
  c.hear(header);
  ASSERT_TRUE(c.stream.deadline());
  c.clock.set(*c.stream.deadline());
  c.perform(c.stream.on_deadline(c.clock.now()));
  EXPECT_EQ(c.end, StreamEnd::fault);
  EXPECT_THAT(c.said(), HasSubstr("<connection-timeout"));
}

TEST(ClientStream, ClosesInKind) {
  Conversation c;
  c.enable();
  c.hear("</stream:stream>");
  EXPECT_EQ(c.said(), "<a xmlns='urn:xmpp:sm:3' h='0'/></stream:stream>");
  EXPECT_EQ(c.end, StreamEnd::closed_by_peer);
  c.hear("<presence/>");
  c.perform(c.stream.send("<presence/>", c.clock.now()));
  EXPECT_EQ(c.said(), "");
}

TEST(ClientStream, LineCutAtEveryStep) {
  std::vector<std::function<void(Conversation&)>> const steps{
      [](Conversation& c) { c.hear(header); },
      [](Conversation& c) { c.hear(auth); },
      [](Conversation& c) { c.perform(c.stream.on_sasl(SaslChallenge{.bytes = "r"}, c.clock.now())); },
      [](Conversation& c) { c.hear("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"); },
      [](Conversation& c) { c.perform(c.stream.on_sasl(SaslSuccess{.user = "juliet"}, c.clock.now())); },
      [](Conversation& c) { c.hear(header); },
      [](Conversation& c) { c.hear(bind_request); },
      [](Conversation& c) { c.perform(c.stream.bound("phone", c.clock.now())); },
      [](Conversation& c) { c.hear("<enable xmlns='urn:xmpp:sm:3'/>"); },
      [](Conversation& c) { c.perform(c.stream.enabled({}, c.clock.now())); },
      [](Conversation& c) { c.hear("<message/>"); },
      [](Conversation& c) { c.perform(c.stream.handled(1, c.clock.now())); },
      [](Conversation& c) { c.perform(c.stream.send("<message/>", c.clock.now())); },
  };
  for (std::size_t cut = 0; cut <= steps.size(); ++cut) {
    Conversation c;
    for (std::size_t i = 0; i < cut; ++i) steps[i](c);
    EXPECT_FALSE(c.end) << cut;
    c.perform(c.stream.on_lost());
    EXPECT_EQ(c.end, StreamEnd::lost) << cut;
    c.said();
    // Answers that come too late change nothing.
    for (auto i = cut; i < steps.size(); ++i) steps[i](c);
    EXPECT_EQ(c.said(), "") << cut;
    EXPECT_FALSE(c.stream.waits());
  }
}

}  // namespace
}  // namespace reveille::xmpp
