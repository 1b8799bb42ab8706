#include "wire/sip/stream_framer.hpp"

#include "wire/sip/owned_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::sip {
namespace {

using enum StreamFramer::Event;

std::string options(std::string_view call, std::string_view body = {}) {
  return "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b;branch=z9hG4bK1\r\nFrom: <sip:b>;tag=1\r\nTo: "
         "<sip:a>\r\nCall-ID: " +
         std::string(call) + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

// What came out, as text: "ping", "pong", "fatal 400", "broken 400", or a message's Call-ID and body.
std::vector<std::string> feed(StreamFramer& framer, std::string bytes) {
  std::vector<std::string> heard;
  MessageView view;
  framer.feed(bytes);
  for (;;) {
    auto const event = framer.next(view);
    if (event == need_more) return heard;
    if (event == ping) heard.emplace_back("ping");
    if (event == pong) heard.emplace_back("pong");
    if (event == message) heard.push_back(std::string(view.call_id()) + ":" + std::string(view.body()));
    if (event == broken) heard.push_back("broken " + std::to_string(framer.error().status));
    if (event == fatal) heard.push_back("fatal " + std::to_string(framer.error().status));
    if (event == fatal) return heard;
  }
}

using Heard = std::vector<std::string>;

TEST(StreamFramer, CutsSeveralMessagesOfOneRead) {
  StreamFramer framer;
  EXPECT_EQ(feed(framer, options("1") + options("2", "hello") + options("3")), (Heard{"1:", "2:hello", "3:"}));
  EXPECT_EQ(framer.kept(), 0U);
}

TEST(StreamFramer, CutsTheSameWhereverTheReadsEnd) {
  auto const whole = options("1", "abc") + "\r\n\r\n" + options("2") + "\r\n\r\n\r\n" + options("3", "\r\n\r\n");
  Heard const expected{"1:abc", "ping", "2:", "ping", "pong", "3:\r\n\r\n"};
  for (std::size_t first = 0; first <= whole.size(); ++first) {
    for (std::size_t const second : {first, std::min(first + 7, whole.size())}) {
      StreamFramer framer;
      auto heard = feed(framer, whole.substr(0, first));
      for (auto& more : feed(framer, whole.substr(first, second - first))) heard.push_back(more);
      for (auto& more : feed(framer, whole.substr(second))) heard.push_back(more);
      EXPECT_EQ(heard, expected) << "cut at " << first << " and " << second;
      EXPECT_EQ(framer.kept(), 0U);
    }
  }
}

TEST(StreamFramer, TakesAByteAtATime) {
  StreamFramer framer;
  Heard heard;
  for (char const c : options("1", "body") + "\r\n\r\n" + options("2"))
    for (auto& one : feed(framer, std::string(1, c))) heard.push_back(one);
  EXPECT_EQ(heard, (Heard{"1:body", "ping", "2:"}));
}

TEST(StreamFramer, AClientHearsPongsAtOnce) {
  StreamFramer framer(StreamFramer::Side::client);
  EXPECT_EQ(feed(framer, "\r\n"), (Heard{"pong"}));
  EXPECT_EQ(feed(framer, "\r"), (Heard{}));
  EXPECT_EQ(feed(framer, "\n" + options("1")), (Heard{"pong", "1:"}));
}

TEST(StreamFramer, GoesOnAfterABrokenMessageWhoseEndIsKnown) {
  auto broken_one = options("1");
  broken_one.replace(broken_one.find("SIP/2.0\r"), 7, "SIP/9.0");
  StreamFramer framer;
  EXPECT_EQ(feed(framer, broken_one + options("2")), (Heard{"broken 505", "2:"}));
  EXPECT_EQ(framer.error().answerable, Answerable::yes);
}

// Its fold is written over when the header section is read first, and the body comes later.
TEST(StreamFramer, ALineFeedAloneIsNoLineEndWhereverTheReadsEnd) {
  auto whole = options("1", "body");
  whole.insert(whole.find("Call-ID"), "Subject: a\n b\r\n");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    StreamFramer framer;
    auto heard = feed(framer, whole.substr(0, cut));
    for (auto& more : feed(framer, whole.substr(cut) + options("2"))) heard.push_back(more);
    EXPECT_EQ(heard, (Heard{"broken 400", "2:"})) << "cut at " << cut;
  }
}

TEST(StreamFramer, ABadOrAbsentLengthIsFatal) {
  auto const with = [](std::string_view length) {
    auto text = options("1");
    auto const at = text.find("Content-Length: 0");
    return text.replace(at, 17, length);
  };
  for (std::string_view const length : {"Content-Length: x", "Content-Length: -1", "Content-Length: 1\r\nl: 2",
                                        "Content-Length: 70000", "Content-Length: 99999999999", "X: y"}) {
    StreamFramer framer;
    auto const heard = feed(framer, with(length) + options("2"));
    ASSERT_EQ(heard.size(), 1U) << length;
    EXPECT_TRUE(heard[0].starts_with("fatal")) << length;
    EXPECT_EQ(framer.error().answerable, Answerable::yes) << length;
    EXPECT_EQ(feed(framer, options("3")), heard) << "dead is dead";
  }
}

TEST(StreamFramer, EndlessHeadersAreFatalAndBounded) {
  StreamFramer framer;
  Heard heard;
  for (int i = 0; i < 100 && heard.empty(); ++i) heard = feed(framer, "X: " + std::string(997, 'y') + "\r\n");
  EXPECT_EQ(heard, (Heard{"fatal 513"}));
  EXPECT_LE(framer.kept(), maximum_message + 2000);
  StreamFramer other;
  EXPECT_EQ(feed(other, std::string(70'000, '\x16')), (Heard{"fatal 513"}));
}

TEST(StreamFramer, KeepsNothingOfAnIdleConnection) {
  StreamFramer framer;
  feed(framer, options("1").substr(0, 40));
  EXPECT_EQ(framer.kept(), 40U);
  feed(framer, options("1").substr(40));
  EXPECT_EQ(framer.kept(), 0U);
}

}  // namespace
}  // namespace reveille::sip
