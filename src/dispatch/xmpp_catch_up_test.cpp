// What a client is sent as fast as it reads, and what waits for one that is away: XEP-0198 section 5, XEP-0313; B-IM-1,
// B-IM-3.
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t most_queued_at_the_edge = std::size_t{1} << 20U;

// Of the contact or of the client's own account, but for this resource of it.
bool says_that_all_are_away(std::string const& presence) {
  return presence.contains("from='juliet@localhost' ") || presence.contains("from='romeo@localhost' ") ||
         presence.contains("from='juliet@localhost/phone'");
}

struct CatchingUp : Two {
  std::string got = {};

  // The bodies, in order.
  void take(Phone& phone) {
    for (auto const& text : phone.heard())
      for (auto at = text.find("<body>"); at != std::string::npos; at = text.find("<body>", at + 1))
        got += text.substr(at + 6, text.find("</body>", at) - at - 6);
  }
  void romeo_writes_much(std::string const& name, std::size_t bytes = 200'000) {
    romeo_writes(name, "<x xmlns='u'>" + std::string(bytes, 'x') + "</x>");
  }
  void ask(std::string const& id) { juliet.say("<iq type='set' id='" + id + "'><query xmlns='urn:xmpp:mam:2'/></iq>"); }
  // A big stanza that is not archived.
  void juliet_asks_herself(std::string const& id, std::size_t bytes = 200'000) {
    juliet.say("<iq type='get' to='juliet@localhost/phone' id='" + id + "'><q xmlns='u'>" + std::string(bytes, 'x') +
               "</q></iq>");
  }
  std::size_t bytes_on_disk_of_sessions() {
    std::size_t bytes = 0;
    EXPECT_TRUE(house.store.for_each(store::Table::streams, [&](auto, auto value) { bytes += value.size(); }));
    return bytes;
  }
  std::string invitation(std::string const& id) {
    return "<message to='juliet@localhost/phone' id='" + id +
           "'><x xmlns='jabber:x:conference' jid='hall@rooms.localhost'/></message>";
  }
};

TEST_F(CatchingUp, MoreThanTheEdgeQueuesComesAsFastAsItIsRead) {
  juliet.lose();
  for (auto const* name : {"a", "b", "c", "d", "e", "f"}) romeo_writes_much(name);
  house.streams.are_slow = true;
  juliet.resume();
  juliet.read();
  take(juliet);
  EXPECT_EQ(got, "abcdef");
  // None of it was acknowledged: all of it comes again, with its numbers.
  juliet.lose();
  juliet.received -= 6;
  got.clear();
  juliet.resume();
  juliet.read();
  take(juliet);
  EXPECT_EQ(got, "abcdef");
  EXPECT_LE(house.streams.most_queued, most_queued_at_the_edge);
  juliet.acknowledge();
  EXPECT_THAT(juliet.heard(), IsEmpty());
}

TEST_F(CatchingUp, MoreThanMayBeUnacknowledgedComesAsFastAsItIsAcknowledged) {
  juliet.lose();
  for (int i = 0; i < 1'500; ++i) romeo_writes("a");
  juliet.resume();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(house.streams.said[juliet.stream], testing::Not(Contains(HasSubstr("stream:error"))));
    take(juliet);
    juliet.acknowledge();
    house.settle();
  }
  EXPECT_EQ(got.size(), 1'500U);
  EXPECT_TRUE(
      house.messages->session_of(*house.shard->directory.find(model::AccountId{"juliet@localhost"}), {})->resumable);
  romeo_writes("b");
  EXPECT_THAT(juliet.heard("<body>b</body>"), SizeIs(1));
}

// What is not archived is written with each step of its session: there is a bound of it.
TEST_F(CatchingUp, SoManyBytesMayBeUnacknowledgedAndTheRestWaits) {
  juliet.heard();
  juliet.acknowledge();
  std::vector<std::string> heard;
  for (int i = 0; i < 7; ++i) juliet_asks_herself(std::to_string(i));
  EXPECT_LT(house.streams.said[juliet.stream].size(), 7U);
  for (int i = 0; i < 3; ++i) {
    for (auto& text : juliet.heard("<iq")) heard.push_back(text.substr(text.find(" id='") + 5, 1));
    juliet.acknowledge();
    house.settle();
  }
  EXPECT_THAT(heard, ElementsAre("0", "1", "2", "3", "4", "5", "6"));
  juliet_asks_herself("7");
  EXPECT_THAT(juliet.heard("<iq"), SizeIs(1));
}

// A large roster: it cannot come in parts, so alone it has room.
TEST_F(CatchingUp, OneStanzaOfAnySizeMayWait) {
  juliet.heard();
  juliet.acknowledge();
  for (int i = 0; i < 5; ++i) juliet_asks_herself(std::to_string(i));
  juliet_asks_herself("large", 700'000);
  EXPECT_THAT(house.streams.said[juliet.stream], testing::Not(Contains(HasSubstr("stream:error"))));
  EXPECT_THAT(juliet.heard("<iq"), SizeIs(5));
  juliet.acknowledge();
  house.settle();
  EXPECT_THAT(juliet.heard("id='large'"), SizeIs(1));
}

TEST_F(CatchingUp, WhoAcknowledgesNothingIsClosedAndBindsAnew) {
  juliet.heard();
  juliet.acknowledge();
  for (int i = 0; i < 20; ++i) {
    juliet_asks_herself(std::to_string(i));
    EXPECT_LT(bytes_on_disk_of_sessions(), std::size_t{1'700'000}) << i;
  }
  EXPECT_THAT(house.streams.said[juliet.stream], Contains(HasSubstr("resource-constraint")));
  juliet.lose();
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre("failed"));
}

TEST_F(CatchingUp, CutAtEachReadNothingIsLostOrComesTwice) {
  juliet.lose();
  for (auto const* name : {"a", "b", "c", "d", "e", "f"}) romeo_writes_much(name);
  house.streams.are_slow = true;
  for (int i = 0; i < 10; ++i) {
    juliet.resume();
    take(juliet);
    romeo_writes(std::to_string(i));
    juliet.lose();
  }
  juliet.resume();
  juliet.read();
  take(juliet);
  EXPECT_EQ(got, "abcdef0123456789");
}

TEST_F(CatchingUp, WhatComesWhileTheArchiveIsReadComesBehindIt) {
  for (std::size_t jobs = 0; jobs < 8; ++jobs) {
    juliet.heard();
    juliet.acknowledge();
    house.settle();
    juliet.lose();
    romeo_writes("a");
    juliet.connect();
    house.messages->on_resume_requested(juliet.stream, model::AccountId{"juliet@localhost"}, juliet.resume_id,
                                        juliet.received);
    house.settle(jobs);
    auto stanza = parse_element("<message to='juliet@localhost' type='chat'><body>b</body></message>");
    house.messages->on_stanza(romeo.stream, stanza->set("from", romeo.full()));
    house.settle();
    got.clear();
    take(juliet);
    EXPECT_EQ(got, "ab") << jobs;
  }
}

TEST_F(CatchingUp, AClientThatReadsSlowlyKeepsItsConnection) {
  juliet.heard();
  house.streams.are_slow = true;
  for (auto const* name : {"a", "b", "c", "d", "e", "f"}) romeo_writes_much(name);
  romeo.say(invitation("i"));
  romeo.say("<presence to='juliet@localhost/phone'><status>it is the east</status></presence>");
  juliet.read();
  auto const& said = house.streams.said[juliet.stream];
  EXPECT_THAT(said, testing::Not(Contains(HasSubstr("stream:error"))));
  EXPECT_THAT(said, Contains(HasSubstr("hall@rooms.localhost")));
  EXPECT_THAT(said, Contains(HasSubstr("it is the east")));
  take(juliet);
  EXPECT_EQ(got, "abcdef");
  EXPECT_LE(house.streams.most_queued, most_queued_at_the_edge);
  juliet.acknowledge();
  EXPECT_THAT(juliet.heard(), IsEmpty());
}

TEST_F(CatchingUp, TheArchiveAnswersOneQuestionAfterTheOtherAsFastAsItIsRead) {
  for (auto const* name : {"a", "b", "c", "d", "e", "f"}) romeo_writes_much(name);
  juliet.heard();
  juliet.acknowledge();
  house.settle();
  house.streams.are_slow = true;
  for (int i = 0; i < 8; ++i) ask("q" + std::to_string(i));
  std::vector<std::string> heard;
  for (int i = 0; i < 8; ++i) {
    juliet.read();
    for (auto& text : juliet.heard("<fin")) heard.push_back(std::move(text));
    EXPECT_THAT(heard, SizeIs(i + 1));  // the next one when this one is acknowledged
    juliet.acknowledge();
    house.settle();
  }
  ASSERT_THAT(heard, SizeIs(8));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_THAT(heard[i], HasSubstr("id='q" + std::to_string(i) + "'"));
    EXPECT_THAT(heard[i], testing::Not(HasSubstr("complete")));
  }
  EXPECT_LE(house.streams.most_queued, most_queued_at_the_edge);
  for (int i = 0; i < 20; ++i) {
    house.streams.queued[juliet.stream] = most_queued_at_the_edge;
    ask("r" + std::to_string(i));
  }
  juliet.read();
  EXPECT_THAT(juliet.heard("resource-constraint"), SizeIs(4));
}

// An acknowledged question is answered, on this stream or on the one that goes on.
TEST_F(CatchingUp, AQuestionWhoseLineIsCutIsAnsweredOnTheNext) {
  romeo_writes("a");
  juliet.heard();
  juliet.acknowledge();
  for (bool const restarted : {false, true}) {
    auto stanza = parse_element("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    house.messages->on_stanza(juliet.stream, stanza->set("from", juliet.full()));
    house.messages->on_ended(juliet.stream, StreamEnd::lost);
    house.settle();
    EXPECT_THAT(juliet.heard("<fin"), IsEmpty());
    if (restarted) restart();
    juliet.resume();
    EXPECT_THAT(juliet.heard("<fin"), SizeIs(1));
    juliet.acknowledge();
    house.settle();
  }
}

TEST_F(CatchingUp, WhatIsNotArchivedWaitsForAClientThatCanComeBack) {
  juliet.say("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  juliet.say("<presence type='subscribe' to='romeo@localhost'/>");
  juliet.say("<iq type='get' id='version' to='romeo@localhost/phone'><query xmlns='jabber:iq:version'/></iq>");
  for (bool const restarted : {false, true}) {
    juliet.heard();
    juliet.acknowledge();
    juliet.lose();
    romeo_writes("a");
    romeo.say(invitation("i"));
    romeo.say("<iq type='result' id='version' to='juliet@localhost/phone'/>");
    romeo.say(restarted ? "<presence type='unsubscribed' to='juliet@localhost'/>"
                        : "<presence type='subscribed' to='juliet@localhost'/>");
    romeo.say("<presence to='juliet@localhost/phone'><status>gone by then</status></presence>");
    if (restarted) restart();
    juliet.resume();
    // Cut again before it is read: it has its numbers now.
    juliet.lose();
    house.streams.said[juliet.stream].clear();
    juliet.resume();
    auto const heard = juliet.heard();
    EXPECT_THAT(heard, Contains(HasSubstr("<body>a</body>")).Times(1));
    EXPECT_THAT(heard, Contains(HasSubstr("hall@rooms.localhost")).Times(1));
    EXPECT_THAT(heard, Contains(HasSubstr("id='version'")).Times(1));
    EXPECT_THAT(heard, Contains(HasSubstr(restarted ? "type='unsubscribed'" : "type='subscribed'")).Times(1));
    EXPECT_THAT(heard, Contains(HasSubstr("id='roster-")).Times(1));
    EXPECT_THAT(heard, testing::Not(Contains(HasSubstr("gone by then"))));
  }
}

TEST_F(CatchingUp, WhatCameWhileItCaughtUpIsNotLostWithTheLine) {
  juliet.lose();
  romeo_writes_much("a");
  romeo_writes_much("b");
  romeo_writes_much("c");
  house.streams.are_slow = true;
  juliet.resume();
  romeo.say(invitation("i"));
  juliet.lose();
  juliet.resume();
  juliet.read();
  EXPECT_THAT(juliet.heard("hall@rooms.localhost"), SizeIs(1));
}

// B-IM-3: who went away meanwhile cannot answer when the client asks who is there.
TEST_F(CatchingUp, B_IM_3_WhoWentAwayMeanwhileIsToldFirst) {
  befriend();
  juliet.say("<presence type='subscribe' to='romeo@localhost'/>");
  romeo.say("<presence type='subscribed' to='juliet@localhost'/>");
  for (auto const how : {"", "inactive", "restarted", "killed while inactive"}) {
    std::map<std::string, Phone> others;
    for (auto const* user : {"romeo", "juliet"}) {
      auto& other = others.emplace(user, Phone{house, user}).first->second;
      house.messages->on_bind_requested(other.stream, model::AccountId{other.user + "@localhost"}, "desk");
      house.settle();
      auto presence = parse_element("<presence/>");
      house.messages->on_stanza(other.stream, presence->set("from", other.user + "@localhost/desk"));
      house.settle();
    }
    EXPECT_THAT(juliet.heard("from='romeo@localhost/desk'"), SizeIs(1)) << how;
    juliet.acknowledge();
    house.settle();
    std::string_view const way = how;
    bool const inactive = way.ends_with("inactive");
    if (inactive) house.messages->on_client_state(juliet.stream, ClientState::inactive);
    if (!inactive) juliet.lose();
    for (auto const& [user, other] : others) house.messages->on_ended(other.stream, StreamEnd::closed_by_peer);
    house.settle();
    if (way == "inactive") juliet.lose();
    if (way == "restarted") house.messages->stop();
    if (way == "restarted" || way == "killed while inactive") restart();
    juliet.resume();
    auto heard = juliet.heard("<presence");
    // Of a kill it is told first that nobody knows who is there (xmpp_restart_test.cpp).
    if (way == "killed while inactive") std::erase_if(heard, says_that_all_are_away);
    EXPECT_THAT(heard, ElementsAre(HasSubstr("type='unavailable' from='juliet@localhost/desk'"),
                                   HasSubstr("type='unavailable' from='romeo@localhost/desk'"),
                                   HasSubstr("from='romeo@localhost/phone'")))
        << how;
    juliet.acknowledge();
    house.settle();
    juliet.lose();
    juliet.resume();
    EXPECT_THAT(juliet.heard("unavailable"), IsEmpty()) << how;
  }
}

TEST_F(CatchingUp, OnesOwnOtherResourcesAreShownWhenOneIsBack) {
  juliet.lose();
  Phone desk{house, "juliet"};
  house.messages->on_bind_requested(desk.stream, model::AccountId{"juliet@localhost"}, "desk");
  house.settle();
  auto presence = parse_element("<presence/>");
  house.messages->on_stanza(desk.stream, presence->set("from", "juliet@localhost/desk"));
  house.settle();
  juliet.resume();
  EXPECT_THAT(juliet.heard("from='juliet@localhost/desk'"), SizeIs(1));
}

// Bounded: messages are refused; one who would miss more than messages must bind anew.
TEST_F(CatchingUp, SoMuchWaitsAndNoMore) {
  juliet.lose();
  romeo.heard();
  for (int i = 0; i < 260; ++i) romeo.say(invitation(std::to_string(i)));
  EXPECT_THAT(romeo.heard("resource-constraint"), SizeIs(10));
  juliet.resume();
  EXPECT_THAT(juliet.heard("hall@rooms.localhost"), SizeIs(250));
  juliet.acknowledge();
  juliet.lose();
  for (int i = 0; i < 501; ++i) romeo.say("<iq type='result' id='x' to='juliet@localhost/phone'/>");
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre("failed"));
}

// RFC 6121 section 8.5.3.2.1: the device was woken for it, so it gets it.
TEST_F(CatchingUp, AMessageForAnotherResourceOfTheUserComesToo) {
  juliet.enable_push();
  house.messages->on_mode(juliet.stream, AppMode::background);
  juliet.acknowledge();
  juliet.lose();
  for (auto const* to : {"juliet@localhost/desk", "Juliet@LOCALHOST/phone"})
    romeo.say("<message type='chat' to='" + std::string(to) + "'><body>a</body></message>");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
  juliet.resume();
  take(juliet);
  EXPECT_EQ(got, "aa");
}

// B-IM-1: a phone that is connected and sleeps is woken for a message to the user's desk, and has it when it looks.
TEST_F(CatchingUp, B_IM_1_AMessageForAnotherResourceComesToAConnectedDeviceToo) {
  juliet.enable_push();
  house.messages->on_mode(juliet.stream, AppMode::background);
  juliet.heard();
  Phone desk{house, "juliet"};
  house.messages->on_bind_requested(desk.stream, model::AccountId{"juliet@localhost"}, "desk");
  house.settle();
  for (auto const* name : {"a", "b"})
    romeo.say("<message type='chat' to='juliet@localhost/desk'><body>" + std::string(name) + "</body></message>");
  house.pass(2s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
  EXPECT_THAT(desk.heard("<body>"), SizeIs(2));
  auto const heard = juliet.heard("<body>");
  ASSERT_THAT(heard, SizeIs(2));
  EXPECT_THAT(heard[0], testing::AllOf(HasSubstr("<body>a</body>"), HasSubstr("by='juliet@localhost' id='")));
  // What is not kept is for the desk alone.
  romeo.say("<message type='chat' to='juliet@localhost/desk'><x xmlns='u'/></message>");
  EXPECT_THAT(desk.heard("xmlns='u'"), SizeIs(1));
  EXPECT_THAT(juliet.heard(), IsEmpty());
  juliet.acknowledge();
  house.settle();
  juliet.lose();
  juliet.resume();
  EXPECT_THAT(juliet.heard("<body>"), IsEmpty());
}

// RFC 6121 section 8.5.2: bare addresses never go to a negative priority, at its first presence or after a resumption.
TEST_F(CatchingUp, ANegativePriorityCatchesUpWithWhatNamesItOnly) {
  bind_anew();
  romeo_writes("bare");
  juliet.say("<presence><priority>-1</priority></presence>");
  EXPECT_THAT(juliet.heard("<body>"), IsEmpty());
  juliet.acknowledge();
  house.settle();
  juliet.lose();
  romeo_writes("bare");
  romeo.say("<message type='chat' to='juliet@localhost/phone'><body>named</body></message>");
  juliet.resume();
  EXPECT_THAT(juliet.heard("<body>"), ElementsAre(HasSubstr("named")));
}

// What a client is owed by its presence, step by step: b(are) and n(amed) messages, + - < for presence that is
// available, unavailable and of a negative priority, r(esumed) after its line was lost.
struct OwedMessages : CatchingUp {
  std::map<std::string, int> sent = {};
  bool hears_all = false;

  void play(char step) {
    auto const body = step + std::to_string(sent.size());
    switch (step) {
      case 'b':
      case 'n':
        sent[body] = 0;
        romeo.say("<message type='chat' to='juliet@localhost" + std::string(step == 'n' ? "/phone" : "") + "'><body>" +
                  body + "</body></message>");
        break;
      case '+': juliet.say("<presence/>"); break;
      case '-': juliet.say("<presence type='unavailable'/>"); break;
      case '<': juliet.say("<presence><priority>-1</priority></presence>"); break;
      default: juliet.lose(); juliet.resume();
    }
    if (step == '+' || step == '-' || step == '<') hears_all = step == '+';
    for (auto& [text, times] : sent) times += static_cast<int>(count(text));
    juliet.heard();
    // RFC 6121 section 8.5.3.1: what names a resource that is connected comes at once. Section 8.5.2: others wait.
    if (step == 'n' || step == 'b') EXPECT_EQ(sent[body], step == 'n' || hears_all ? 1 : 0) << body;
  }
  std::size_t count(std::string const& body) {
    return static_cast<std::size_t>(std::ranges::count_if(house.streams.said[juliet.stream], [&](auto const& text) {
      return text.contains("<body>" + body + "</body>");
    }));
  }
};

TEST_F(OwedMessages, B_IM_1_EachOnceWhateverPresenceItsClientHadSent) {
  constexpr std::string_view steps = "bn+-<r";
  for (std::size_t number = 0; number < 6U * 6 * 6 * 6; ++number) {
    bind_anew();
    sent.clear();
    hears_all = false;
    std::string played;
    for (auto rest = number; played.size() < 4; rest /= steps.size()) played += steps[rest % steps.size()];
    for (char const step : played + "+") play(step);
    for (auto const& [text, times] : sent) EXPECT_EQ(times, 1) << text << " in " << played;
    if (HasFailure()) break;
  }
}

TEST_F(OwedMessages, B_IM_1_WhatItHasHadByNameIsOnDisk) {
  bind_anew();
  for (char const step : std::string_view("bn")) play(step);
  restart();
  juliet.resume();
  for (char const step : std::string_view("+r+")) play(step);
  for (auto const& [text, times] : sent) EXPECT_EQ(times, 1) << text;
}

// A device is pushed for what its presence did not let in, when its stream has ended or the process has.
TEST_F(OwedMessages, B_IM_2_WhatItsPresenceDidNotLetInIsPushed) {
  bind_anew();
  juliet.enable_push();
  play('b');
  juliet.acknowledge();
  house.settle();
  restart();
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(1));
  juliet.resume();
  EXPECT_EQ(count("b0"), 1U);
  bind_anew();
  juliet.enable_push();
  play('b');
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.pass(20s);
  EXPECT_THAT(house.pushes.requests, SizeIs(2));
}

// RFC 6121 section 8.5.2.2.1: what a person wrote is kept, delivered or sent back.
TEST_F(CatchingUp, WhatMayNotBeKeptGoesBackWhenNobodyIsThere) {
  auto const whisper = [this](std::string const& hint) {
    romeo.heard();
    romeo_writes("a", "<" + hint + " xmlns='urn:xmpp:hints'/>");
    return romeo.heard("service-unavailable").size();
  };
  EXPECT_EQ(whisper("no-store"), 0U);
  EXPECT_THAT(juliet.heard("<body>"), SizeIs(1));
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  EXPECT_EQ(whisper("no-store"), 1U);
  EXPECT_EQ(whisper("no-permanent-store"), 1U);
  EXPECT_EQ(whisper("store"), 0U);
  // A session that is there for its presence alone gets nothing any more.
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  juliet.enable_push();
  juliet.lose();
  EXPECT_EQ(whisper("no-store"), 1U);
}

TEST_F(CatchingUp, WhatCouldNotBeReadAgainIsNotAccepted) {
  romeo.heard();
  juliet.heard();
  romeo.say("<message type='chat' to='juliet@localhost'><body>" + std::string(200'000, '>') + "</body></message>");
  EXPECT_THAT(romeo.heard("not-acceptable"), SizeIs(1));
  juliet.lose();
  romeo.say(
      "<message type='chat' to='juliet@localhost'><body>a</body><error xmlns='http://etherx.jabber.org/streams'/>"
      "</message>");
  juliet.resume();
  take(juliet);
  EXPECT_EQ(got, "a");
}

// Section 3: what is true. A session without push does not last.
TEST_F(CatchingUp, TheClientIsToldHowLongItsSessionLasts) {
  EXPECT_EQ(house.streams.managed[juliet.stream].most, 600s);
}

}  // namespace
}  // namespace reveille::dispatch::test
