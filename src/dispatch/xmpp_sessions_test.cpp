// Sessions on the virtual clock: binding, XEP-0198 and its mistakes, the archive's pages, and the long sleep
// (B-SIGN-5).
#include "dispatch/house_test.hpp"

namespace reveille::dispatch::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Sessions : Two {
  // What stands between <body> and </body>, in order.
  static std::string words(std::string_view text) {
    std::string all;
    for (auto at = text.find("<body>"); at != std::string_view::npos; at = text.find("<body>", at + 1))
      all += text.substr(at + 6, text.find("</body>", at) - at - 6);
    return all;
  }
  static std::string words(std::vector<std::string> const& heard) {
    std::string all;
    for (auto const& text : heard) all += words(std::string_view(text));
    return all;
  }
  [[nodiscard]] Entry& entry(char const* account) const {
    return *house.shard->directory.find(model::AccountId{account});
  }
  [[nodiscard]] bool is_packed(char const* account) const {
    auto const& held = entry(account).messages;
    return !held || !static_cast<ImRuntime const&>(*held).state();
  }
  // Everyone but romeo sleeps for so long that nothing of them is unpacked.
  void juliet_sleeps() {
    juliet.heard();
    juliet.acknowledge();
    house.settle();
    house.messages->on_mode(juliet.stream, AppMode::background);
    juliet.lose();
    house.pass(25s);
  }
  std::string ask_archive(std::string const& set, std::string const& fields = {}) {
    juliet.heard();
    juliet.say("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'>" + fields +
               "</x><set xmlns='http://jabber.org/protocol/rsm'>" + set + "</set></query></iq>");
    std::string all;
    for (auto const& text : juliet.heard()) all += text;
    return all;
  }
  static std::string between(std::string const& text, std::string const& from, std::string const& to) {
    auto const at = text.find(from);
    return at == std::string::npos ? ""
                                   : text.substr(at + from.size(), text.find(to, at + from.size()) - at - from.size());
  }
};

// RFC 6120 section 7.7.2.2.
TEST_F(Sessions, ANewStreamTakesTheResourceAndTheOldOneHearsConflict) {
  auto const old = juliet.stream;
  juliet.connect();
  juliet.sign_in();
  EXPECT_THAT(house.streams.said[old], Contains(HasSubstr("<conflict")));
  // The end of the old one, whenever it comes, is not the end of the new one.
  house.messages->on_ended(old, StreamEnd::closed_by_us);
  house.settle();
  juliet.heard();
  romeo_writes("a");
  EXPECT_EQ(words(juliet.heard()), "a");
  EXPECT_EQ(house.messages->streams(), 2U);
}

TEST_F(Sessions, SoManyAtOnceAndNoMore) {
  for (int i = 1; i < 16; ++i) {
    juliet.connect();
    house.messages->on_bind_requested(juliet.stream, model::AccountId{"juliet@localhost"}, "r" + std::to_string(i));
    house.settle();
    EXPECT_THAT(juliet.heard(), ElementsAre("bound r" + std::to_string(i)));
  }
  juliet.connect();
  house.messages->on_bind_requested(juliet.stream, model::AccountId{"juliet@localhost"}, "r16");
  EXPECT_THAT(juliet.heard(), ElementsAre("refused"));
  house.messages->on_bind_requested(juliet.stream, model::AccountId{"nobody@localhost"}, "r");
  house.messages->on_resume_requested(juliet.stream, model::AccountId{"nobody@localhost"}, "x", 0);
  EXPECT_THAT(juliet.heard(), ElementsAre("refused", "failed"));
}

TEST_F(Sessions, WhoIsAwayMakesRoom) {
  juliet.enable_push();
  juliet.lose();
  auto const sleeping = juliet.resume_id;
  auto const bind = [&](int i) {
    juliet.connect();
    house.messages->on_bind_requested(juliet.stream, model::AccountId{"juliet@localhost"}, "r" + std::to_string(i));
    house.settle();
    return juliet.heard().back();
  };
  std::vector<std::string> away;
  for (int i = 1; i < 16; ++i) {
    EXPECT_EQ(bind(i), "bound r" + std::to_string(i));
    if (i > 2) continue;
    house.messages->on_enable_requested(juliet.stream, Resumption::yes);
    house.settle();
    away.push_back(juliet.heard().back());
    juliet.lose();
    house.pass(1s);
  }
  auto const is_there = [&](std::string const& resume_id) {
    auto const& im = static_cast<ImRuntime const&>(*entry("juliet@localhost").messages).state()->im;
    return std::ranges::count(im.sessions, resume_id, &decide::ImSession::resume_id) == 1;
  };
  EXPECT_EQ(bind(16), "bound r16");
  EXPECT_FALSE(is_there(away[0]));
  EXPECT_TRUE(is_there(away[1]));
  EXPECT_EQ(bind(17), "bound r17");
  EXPECT_FALSE(is_there(away[1]));
  EXPECT_TRUE(is_there(sleeping)) << "it is woken, and goes last";
  EXPECT_EQ(bind(18), "bound r18");
  EXPECT_FALSE(is_there(sleeping));
  EXPECT_EQ(bind(19), "refused");
}

// XEP-0198 section 5: unknown, empty, or another account's: item-not-found, and the stream can bind.
TEST_F(Sessions, AnIdThatIsNotTheirsResumesNothing) {
  auto const mine = juliet.resume_id;
  juliet.lose();
  for (auto const& id : {std::string("no such id"), std::string(), romeo.resume_id}) {
    juliet.resume_id = id;
    juliet.resume();
    EXPECT_THAT(juliet.heard(), ElementsAre("failed")) << id;
  }
  EXPECT_THAT(romeo.heard("conflict"), IsEmpty());
  juliet.resume_id = mine;
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("resumed"), HasSubstr("<status>here</status>")));
}

TEST_F(Sessions, ResumedTwiceTheNewerOneHasItAndNothingComesTwice) {
  romeo_writes("a");
  juliet.lose();
  auto const received = juliet.received;
  juliet.resume();
  auto const first = juliet.stream;
  juliet.resume();
  EXPECT_THAT(house.streams.said[first], Contains(HasSubstr("<conflict")));
  house.messages->on_ended(first, StreamEnd::closed_by_us);
  house.settle();
  romeo_writes("b");
  EXPECT_EQ(words(juliet.heard()), "ab");
  EXPECT_GT(juliet.received, received);
  EXPECT_EQ(house.messages->streams(), 2U);
}

// Section 4: undefined-condition with the two counts. The session is still there for a client that counts right.
TEST_F(Sessions, ACountBeyondWhatWasSentClosesTheStream) {
  juliet.heard();
  romeo_writes("a");
  house.messages->on_acknowledged(juliet.stream, juliet.received + 2);
  auto const heard = juliet.heard();
  EXPECT_THAT(heard, Contains(testing::AllOf(HasSubstr("undefined-condition"), HasSubstr("handled-count-too-high"),
                                             HasSubstr("send-count='" + std::to_string(juliet.received)))));
  house.messages->on_ended(juliet.stream, StreamEnd::fault);
  house.settle();
  auto const right = juliet.received;
  juliet.received += 1;
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("handled-count-too-high")));
  // Less than was acknowledged before is as wrong.
  juliet.received = right;
  juliet.resume();
  juliet.heard();
  juliet.acknowledge();
  juliet.lose();
  juliet.received = right - 1;
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("handled-count-too-high")));
  juliet.received = right;
  juliet.resume();
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("resumed")));
}

// XEP-0198 section 3: acknowledgements without resumption.
TEST_F(Sessions, WhoCannotResumeIsCountedAllTheSame) {
  juliet.connect();
  juliet.received = 0;
  juliet.sign_in(Resumption::no);
  romeo_writes("a");
  EXPECT_EQ(words(juliet.heard()), "a");
  juliet.acknowledge();
  house.settle();
  romeo_writes("b");
  EXPECT_EQ(words(juliet.heard()), "b");
  juliet.acknowledge();
  house.settle();
  EXPECT_THAT(juliet.heard(), IsEmpty());
  house.messages->on_acknowledged(juliet.stream, juliet.received + 1);
  EXPECT_THAT(juliet.heard(), ElementsAre(HasSubstr("handled-count-too-high")));
  house.start();
  EXPECT_FALSE(house.messages->session_of(entry("juliet@localhost"), {}));
}

// Section 4: both counters go from 2^32 − 1 to 0. What cannot be sent again, since the archive no longer has it, is not
// counted.
TEST_F(Sessions, CountersGoRoundAndNothingIsLost) {
  juliet.lose();
  decide::ImSession kept{
      .resource = "phone",
      .resume_id = "round",
      .sent = SentQueue{{.acknowledged = 0xFFFF'FFFE, .waiting = {decide::first_archive_reference + 1}}},
      .received = 0xFFFF'FFFF,
      .presence = parse_element("<presence xmlns='jabber:client'/>").value(),
      .lost_at = house.clock.now()};
  house.store.commit(
      {store::Put{store::Table::streams, std::string("juliet@localhost\0phone", 22), decide::pack(kept)}},
      store::Urgency::at_once, [](auto) {});
  house.messages->stop();
  romeo.lose();
  house.settle();
  house.start();
  romeo.resume();
  for (auto const* text : {"a", "b", "c"}) romeo_writes(text);
  juliet.resume_id = "round";
  juliet.received = 0xFFFF'FFFE;
  juliet.resume();
  auto heard = juliet.heard();
  EXPECT_EQ(heard.front(), "resumed h=4294967295");
  EXPECT_EQ(words(heard), "abc");
  EXPECT_EQ(juliet.received, 1U);
  juliet.acknowledge();
  EXPECT_EQ(house.messages->session_of(entry("juliet@localhost"), {})->unacknowledged, 0U);
  juliet.say("<presence><show>chat</show></presence>");
  juliet.lose();
  romeo_writes("d");
  juliet.resume();
  heard = juliet.heard();
  EXPECT_EQ(heard.front(), "resumed h=0");
  EXPECT_EQ(words(heard), "d");
}

// B-IM-1: the line is lost again at every step of the resumption; what was written may have arrived, or nothing of it.
TEST_F(Sessions, EachMessageOnceInOrderWhereverTheResumptionIsCut) {
  std::string expected;
  std::string got;
  char name = 'A';
  for (bool const arrives : {true, false}) {
    for (std::size_t cut = 0; cut < 12; ++cut) {
      juliet.lose();
      for (int i = 0; i < 3; ++i) {
        romeo_writes(std::string(1, name));
        expected += name++;
        if (name == 'Z') name = 'A';
      }
      juliet.connect();
      house.messages->on_resume_requested(juliet.stream, model::AccountId{"juliet@localhost"}, juliet.resume_id,
                                          juliet.received);
      for (std::size_t i = 0; i < cut && !house.posted.empty(); ++i) {
        auto job = std::move(house.posted.front());
        house.posted.pop_front();
        job();
      }
      if (arrives) got += words(juliet.heard());
      juliet.lose();
      juliet.resume();
      got += words(juliet.heard());
      EXPECT_EQ(got, expected) << "cut after " << cut;
      juliet.acknowledge();
      house.settle();
    }
  }
}

TEST_F(Sessions, WhatWasNotAcknowledgedComesAgainWithItsNumber) {
  juliet.heard();
  romeo.say("<iq type='get' id='ask' to='juliet@localhost/phone'><query xmlns='u'/></iq>");
  romeo_writes("a");
  juliet.lose();
  juliet.resume();
  auto const heard = juliet.heard();
  EXPECT_THAT(heard, SizeIs(testing::Ge(3U)));
  EXPECT_THAT(heard[1], HasSubstr("id='ask'"));
  EXPECT_THAT(heard[2], HasSubstr("<body>a</body>"));
  EXPECT_THAT(heard[2], HasSubstr("<delay"));
}

// XEP-0313 section 4, XEP-0059: forwards, backwards, by time and by person; a page knows whether it is the last.
TEST_F(Sessions, TheArchiveInPages) {
  for (int i = 0; i < 7; ++i) {
    romeo_writes(std::to_string(i));
    house.pass(1s);
  }
  std::string all;
  std::string after;
  for (auto const* complete : {"", "", "true"}) {
    auto const page = ask_archive("<max>3</max>" + (after.empty() ? "" : "<after>" + after + "</after>"));
    all += words(page);
    after = between(page, "<last>", "</last>");
    EXPECT_EQ(between(page, "complete='", "'"), complete);
  }
  EXPECT_EQ(all, "0123456");
  all.clear();
  std::string before = "<before/>";
  for (int i = 0; i < 3; ++i) {
    auto const page = ask_archive("<max>3</max>" + before);
    all.insert(0, words(page));
    before = "<before>" + between(page, "<first>", "</first>") + "</before>";
  }
  EXPECT_EQ(all, "0123456");
  // XEP-0059 section 2.7.
  EXPECT_THAT(ask_archive("<max>0</max>"), AllOf(HasSubstr("<count>7</count>"), Not(HasSubstr("complete"))));
  EXPECT_THAT(ask_archive("<max>0</max>" + before), HasSubstr("<count>7</count>"));
  EXPECT_THAT(ask_archive("<after>" + std::string(28, '0') + "</after>"), HasSubstr("item-not-found"));
  EXPECT_EQ(words(ask_archive("", "<field var='with'><value>nurse@localhost</value></field>")), "");
  EXPECT_EQ(words(ask_archive("", "<field var='with'><value>romeo@localhost</value></field>")), "0123456");
}

// XEP-0313 section 4.1.1.
TEST_F(Sessions, TheArchiveOfOneResource) {
  for (int i = 0; i < 250; ++i) romeo_writes(i == 3 ? "3" : i == 230 ? "z" : "a");
  romeo.say("<message to='juliet@localhost/phone' type='chat'><body>mine</body></message>");
  juliet.say("<message to='Romeo@LOCALHOST/desk' type='chat'><body>his desk</body></message>");
  auto const with = [&](std::string const& who, std::string const& set = {}) {
    return ask_archive(set, "<field var='with'><value>" + who + "</value></field>");
  };
  EXPECT_THAT(with("romeo@localhost/garden"), AllOf(Not(HasSubstr("<body>")), HasSubstr("complete='true'")));
  EXPECT_EQ(words(with("romeo@localhost/desk")), "his desk");
  EXPECT_EQ(words(with("juliet@localhost/phone", "<before/>")), "minehis desk");
  EXPECT_EQ(words(with("juliet@localhost/phone", "<max>1</max>")), "mine");
  EXPECT_EQ(words(with("juliet@localhost/phone", "<max>1</max><before/>")), "his desk");
  auto const all = with("romeo@localhost/phone", "<max>7</max>");
  EXPECT_EQ(words(all), "aaa3aaa");
  EXPECT_THAT(all, Not(HasSubstr("complete")));
  EXPECT_EQ(words(with("romeo@localhost/phone", "<before/>")),
            std::string(29, 'a') + "z" + std::string(19, 'a') + "mine");
}

// Section 4.3.2: an id of another's archive is as unknown as one that was made up.
TEST_F(Sessions, WhatIsNotInTheArchiveIsNoPlaceToGoOnFrom) {
  romeo.say("<message to='nurse@localhost' type='chat'><body>b</body></message>");
  romeo_writes("a");
  house.shard->directory.put(model::AccountId{"nurse@localhost"}, {});
  romeo.say("<message to='nurse@localhost' type='chat'><body>b</body></message>");
  romeo.heard();
  romeo.say(
      "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'>"
      "<before/></set></query></iq>");
  std::string said;
  for (auto const& text : romeo.heard()) said += text;
  auto const first = between(said, "<first>", "</first>");
  auto const last = between(said, "<last>", "</last>");
  ASSERT_NE(first, last);
  EXPECT_THAT(ask_archive("<after>" + last + "</after>"), HasSubstr("item-not-found"));
  EXPECT_THAT(ask_archive("<before>" + last + "</before>"), HasSubstr("item-not-found"));
  EXPECT_THAT(ask_archive("<after>" + first + "</after>"), HasSubstr("complete='true'"));
  EXPECT_THAT(ask_archive("<max>0</max><after>" + last + "</after>"), HasSubstr("item-not-found"));
}

TEST_F(Sessions, TheLineIsCutWhileTheArchiveIsRead) {
  romeo_writes("a");
  auto stanza = parse_element("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  house.messages->on_stanza(juliet.stream, stanza->set("from", juliet.full()));
  house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
  house.settle();
  EXPECT_THAT(juliet.heard("<fin"), IsEmpty());
}

// ARCHITECTURE.md: a sleeping phone costs its row and nothing else.
TEST_F(Sessions, WhoSleepsIsPackedAndNothingIsForgotten) {
  befriend();
  juliet.enable_push();
  juliet.say("<presence to='nurse@localhost'/>");
  EXPECT_FALSE(is_packed("juliet@localhost"));
  juliet_sleeps();
  EXPECT_TRUE(is_packed("juliet@localhost"));
  EXPECT_FALSE(is_packed("romeo@localhost"));
  romeo.heard();
  auto const view = house.messages->session_of(entry("juliet@localhost"), model::InstanceId{instance});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->jid, "juliet@localhost/phone");
  EXPECT_TRUE(view->resumable);
  EXPECT_TRUE(is_packed("juliet@localhost"));

  romeo_writes("a");
  EXPECT_FALSE(is_packed("juliet@localhost"));
  house.pass(2s);
  ASSERT_THAT(house.pushes.requests, SizeIs(1));
  house.pass(15s);
  EXPECT_TRUE(is_packed("juliet@localhost"));
  EXPECT_THAT(romeo.heard("<presence"), IsEmpty());  // packing and unpacking is nobody's business

  juliet.resume();
  EXPECT_EQ(words(juliet.heard()), "a");
  EXPECT_THAT(house.pushes.acknowledged, ElementsAre(house.pushes.requests[0].id.value));
  EXPECT_THAT(romeo.heard("<presence"), ElementsAre(Not(HasSubstr("away"))));
  house.pass(15s);
  EXPECT_FALSE(is_packed("juliet@localhost"));
}

// B-SIGN-5: 72 h with push, 600 s without; then its presence ends, once; across a restart too.
TEST_F(Sessions, ASuspendedSessionEndsWhenItsTimeIsOver) {
  befriend();
  for (bool const restarted : {false, true}) {
    for (bool const pushed : {false, true}) {
      juliet.connect();
      juliet.received = 0;
      juliet.sign_in();
      if (pushed) juliet.enable_push();
      juliet_sleeps();
      if (restarted) {
        romeo.lose();
        house.start();
        romeo.resume();
      }
      romeo.heard();
      EXPECT_NE(is_packed("juliet@localhost"), restarted);  // he asked for her presence when he came back
      auto const lasts = pushed ? Duration{72h} : Duration{600s};
      house.clock.advance(lasts - 40s);
      house.pass(10s);
      EXPECT_THAT(romeo.heard("unavailable"), IsEmpty()) << restarted << pushed;
      EXPECT_EQ(house.shard->suspended.size(), 1U);
      house.pass(10s);
      EXPECT_THAT(romeo.heard("unavailable"), SizeIs(1)) << restarted << pushed;
      EXPECT_EQ(house.shard->suspended.size(), 0U);
      juliet.resume();
      EXPECT_THAT(juliet.heard(), ElementsAre("failed"));
    }
  }
}

// Who was there when the process was killed and does not come back is away after the grace.
TEST_F(Sessions, WhoIsNotBackAfterARestartIsAway) {
  befriend();
  juliet.enable_push();
  house.start();
  romeo.heard();
  romeo.resume();
  romeo.heard();
  house.pass(4s);
  EXPECT_THAT(romeo.heard("away"), IsEmpty());
  house.pass(3s);
  EXPECT_THAT(romeo.heard("<show>away</show>"), SizeIs(1));
}

// Nothing is due for those who sleep but the one watch over the first that ends.
TEST_F(Sessions, AHouseWhereEveryoneSleepsHasOneDeadline) {
  juliet.enable_push();
  juliet_sleeps();
  romeo.lose();
  house.pass(25s);
  EXPECT_TRUE(is_packed("romeo@localhost"));
  EXPECT_EQ(house.shard->deadlines.size(), 1U);
  house.shard->directory.remove(model::AccountId{"romeo@localhost"});
  EXPECT_EQ(house.shard->suspended.size(), 1U);
}

}  // namespace
}  // namespace reveille::dispatch::test
