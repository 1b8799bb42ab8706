#include "wire/xmpp/stream_management.hpp"

#include "wire/xmpp/namespaces.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <vector>

namespace reveille::xmpp {
namespace {

// One end of a stream: stanzas are numbers, kept by reference until acknowledged.
struct End {
  SentQueue sent = {};
  ReceivedCount received{};
  std::vector<StanzaReference> got = {};  // what the user of this end has seen
};

struct Packet {
  enum class Kind { stanza, request, acknowledgement } kind = Kind::stanza;
  std::uint64_t value = 0;
};

// A server and a client, and a line between them that is cut after a number of packets. What is in flight is lost.
struct Conversation {
  End server = {};
  End client = {};
  std::deque<Packet> to_server = {};
  std::deque<Packet> to_client = {};
  int packets_until_cut = -1;
  bool is_cut = false;

  void put(std::deque<Packet>& line, Packet packet) {
    if (!is_cut) line.push_back(packet);
  }
  bool passes() {
    if (packets_until_cut == 0) is_cut = true;
    if (packets_until_cut > 0) --packets_until_cut;
    return !is_cut;
  }
  void send(End& from, std::deque<Packet>& line, StanzaReference reference) {
    from.sent.send(reference);
    put(line, {Packet::Kind::stanza, reference});
    put(line, {Packet::Kind::request, 0});
  }
  void deliver(End& to, std::deque<Packet>& in, std::deque<Packet>& out) {
    while (!in.empty() && passes()) {
      auto const packet = in.front();
      in.pop_front();
      if (packet.kind == Packet::Kind::stanza) {
        to.received.receive();
        to.got.push_back(packet.value);
        ASSERT_FALSE(to.received.handle());
      } else if (packet.kind == Packet::Kind::request) {
        put(out, {Packet::Kind::acknowledgement, *to.received.request()});
      } else {
        ASSERT_TRUE(to.sent.acknowledge(static_cast<std::uint32_t>(packet.value)));
      }
    }
    if (is_cut) in.clear();
  }
  void run() {
    while (!to_server.empty() || !to_client.empty()) {
      deliver(server, to_server, to_client);
      deliver(client, to_client, to_server);
    }
  }
  // A new socket: <resume h/> and <resumed h/>, then what the other side does not have, in order.
  void resume() {
    is_cut = false;
    packets_until_cut = -1;
    ASSERT_TRUE(server.sent.acknowledge(client.received.handled()));
    ASSERT_TRUE(client.sent.acknowledge(server.received.handled()));
    for (auto const one : server.sent.waiting()) put(to_client, {Packet::Kind::stanza, one});
    for (auto const one : client.sent.waiting()) put(to_server, {Packet::Kind::stanza, one});
    put(to_client, {Packet::Kind::request, 0});
    put(to_server, {Packet::Kind::request, 0});
  }
  // As after a restart: only what was stored is left.
  void restart_server() { server.sent = SentQueue{server.sent.snapshot()}; }
};

void talk(Conversation& conversation) {
  for (StanzaReference i = 1; i <= 5; ++i) {
    conversation.send(conversation.server, conversation.to_client, i);
    conversation.send(conversation.client, conversation.to_server, 100 + i);
    conversation.run();
  }
}

TEST(StreamManagement, EachStanzaOnceAndInOrderWhereverTheLineIsCut) {
  Conversation whole;
  talk(whole);
  for (int cut = 0; cut < 40; ++cut) {
    Conversation conversation;
    conversation.packets_until_cut = cut;
    talk(conversation);
    conversation.restart_server();
    conversation.resume();
    conversation.run();
    EXPECT_EQ(conversation.client.got, whole.client.got) << cut;
    EXPECT_EQ(conversation.server.got, whole.server.got) << cut;
    EXPECT_TRUE(conversation.server.sent.waiting().empty()) << cut;
    EXPECT_TRUE(conversation.client.sent.waiting().empty()) << cut;
  }
}

TEST(SentQueue, RefusesCountsThatCannotBe) {
  SentQueue queue;
  for (StanzaReference i = 1; i <= 3; ++i) queue.send(i);
  EXPECT_FALSE(queue.acknowledge(4));
  EXPECT_EQ(queue.acknowledge(2), (std::vector<StanzaReference>{1, 2}));
  auto const lower = queue.acknowledge(1);
  ASSERT_FALSE(lower);
  EXPECT_EQ(lower.error().sent, 3U);
  EXPECT_EQ(queue.acknowledge(2), std::vector<StanzaReference>{});
}

TEST(SentQueue, CountsModulo2To32) {
  SentQueue queue{{.acknowledged = 0xFFFFFFFE, .waiting = {}}};
  EXPECT_EQ(queue.send(1), 0xFFFFFFFFU);
  EXPECT_EQ(queue.send(2), 0U);
  EXPECT_EQ(queue.send(3), 1U);
  EXPECT_EQ(queue.acknowledge(0), (std::vector<StanzaReference>{1, 2}));
  EXPECT_EQ(queue.sent(), 1U);
}

TEST(ReceivedCount, ARequestWaitsForWhatIsUnderWay) {
  ReceivedCount count;
  EXPECT_EQ(count.request(), 0U);
  count.receive();
  count.receive();
  EXPECT_EQ(count.request(), std::nullopt);
  count.receive();
  EXPECT_EQ(count.handle(), std::nullopt);
  EXPECT_EQ(count.handle(), 2U);
  EXPECT_EQ(count.handle(), std::nullopt);
  EXPECT_EQ(count.request(), 3U);
}

TEST(AcknowledgementRequests, OneAtATimeAndOverdueAfterItsWait) {
  AcknowledgementRequests requests;
  auto const start = from_unix_seconds(1000);
  EXPECT_TRUE(requests.should_ask(start));
  EXPECT_FALSE(requests.should_ask(start + 1s));
  EXPECT_EQ(requests.overdue_at(), start + 10s);
  EXPECT_TRUE(requests.answered(start + 2s, Progress::some, 1));
  EXPECT_EQ(requests.overdue_at(), start + 12s);
  EXPECT_FALSE(requests.answered(start + 3s, Progress::some, 0));
  EXPECT_EQ(requests.overdue_at(), std::nullopt);
  EXPECT_EQ(requests.asked(), 2U);
}

// XEP-0198 section 4: an <a/> may come unasked, and then crosses what it does not acknowledge.
TEST(AcknowledgementRequests, B_MODE_4_AnAnswerThatAcknowledgesNothingIsNone) {
  AcknowledgementRequests requests;
  auto const start = from_unix_seconds(1000);
  EXPECT_TRUE(requests.should_ask(start));
  EXPECT_FALSE(requests.answered(start + 2s, Progress::none, 1));
  EXPECT_EQ(requests.overdue_at(), start + 10s);
  EXPECT_EQ(requests.deadline(), start + 3s);
  EXPECT_FALSE(requests.answered(start + 2500ms, Progress::none, 1)) << "one such answer after the other";
  EXPECT_FALSE(requests.should_ask_again(start + 2500ms));
  EXPECT_TRUE(requests.should_ask_again(start + 3s));
  EXPECT_FALSE(requests.should_ask_again(start + 3s)) << "once for an answer";
  EXPECT_EQ(requests.deadline(), start + 10s);
  EXPECT_EQ(requests.asked(), 1U);
}

TEST(AcknowledgementRequests, WhatWasAskedForAndIsStillNotAcknowledgedIsAskedForAgain) {
  AcknowledgementRequests requests;
  auto const start = from_unix_seconds(1000);
  EXPECT_TRUE(requests.should_ask(start));
  EXPECT_FALSE(requests.should_ask(start));
  EXPECT_FALSE(requests.should_ask(start));
  EXPECT_TRUE(requests.answered(start + 1s, Progress::some, 2));
  EXPECT_TRUE(requests.answered(start + 2s, Progress::some, 1));
  EXPECT_EQ(requests.overdue_at(), start + 12s);
  EXPECT_FALSE(requests.answered(start + 3s, Progress::none, 1));
  EXPECT_FALSE(requests.answered(start + 3s, Progress::some, 0));
  EXPECT_EQ(requests.deadline(), std::nullopt);
}

// The wait counts from when the request has left, which its sender knows.
TEST(AcknowledgementRequests, TheWaitIsMovedWhileThereIsOne) {
  AcknowledgementRequests requests;
  auto const start = from_unix_seconds(1000);
  requests.wait_until(start + 30s);
  EXPECT_EQ(requests.overdue_at(), std::nullopt);
  EXPECT_TRUE(requests.should_ask(start));
  requests.wait_until(start + 30s);
  EXPECT_EQ(requests.overdue_at(), start + 30s);
}

TEST(SentQueue, WhatWillNotBeSentTakesNoNumber) {
  SentQueue queue{{.acknowledged = 4, .waiting = {7, 8, 9}}};
  queue.forget(8);
  EXPECT_EQ(queue.sent(), 6U);
  EXPECT_EQ(queue.acknowledge(6), (std::vector<StanzaReference>{7, 9}));
}

TEST(Management, ElementsRoundTrip) {
  for (std::string_view const text : {"<enable xmlns='urn:xmpp:sm:3' resume='true' max='60'/>",
                                      "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' max='60'/>",
                                      "<resume xmlns='urn:xmpp:sm:3' h='3' previd='x'/>",
                                      "<resumed xmlns='urn:xmpp:sm:3' h='4294967295' previd='x'/>",
                                      "<r xmlns='urn:xmpp:sm:3'/>", "<a xmlns='urn:xmpp:sm:3' h='0'/>"}) {
    Element element = make_element(text.substr(1, text.find(' ') - 1), ns::stream_management);
    for (auto const* name : {"id", "resume", "max", "h", "previd"}) {
      auto const at = text.find(std::string(" ") + name + "='");
      if (at == std::string_view::npos) continue;
      auto const value = text.substr(text.find('\'', at) + 1);
      element.set(name, value.substr(0, value.find('\'')));
    }
    auto const read = read_management(element);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read_management(to_element(*read))->index(), read->index());
  }
  auto const failed = read_management(to_element(Failed{.condition = StanzaError::item_not_found, .h = 3}));
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(*failed).condition, StanzaError::item_not_found);
  EXPECT_EQ(std::get<Failed>(*failed).h, 3U);
  EXPECT_FALSE(read_management(make_element("a", ns::stream_management, {{"h", "4294967296"}})));
  EXPECT_FALSE(read_management(make_element("a", ns::stream_management, {{"h", "-1"}})));
  EXPECT_FALSE(read_management(make_element("resume", ns::stream_management, {{"h", "1"}})));
}

}  // namespace
}  // namespace reveille::xmpp
