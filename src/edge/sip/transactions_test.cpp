// Both transaction tables on the virtual clock, with a network between them that a test breaks: whole conversations of
// two sides, and each again with any one message lost.
#include "edge/sip/client_transactions.hpp"
#include "edge/sip/server_transactions.hpp"
#include "edge/sip/stack_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace reveille::edge::sip {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using wire::Transport;

// A caller (client side) and a callee (server side) joined by a line. Messages arrive at once; the one with the number
// `lost` never does.
class Line final : RequestHandler {
 public:
  explicit Line(Transport transport, std::size_t lost = static_cast<std::size_t>(-1))
      : transport_(transport), lost_(lost), to_callee_(*this, Side::callee), to_caller_(*this, Side::caller) {
    server_.set_handler(*this);
  }

  void calls(std::string const& method) {
    auto const sent = client_.send_request({.transport = transport_}, own_request_text(method), outcome_.handler());
    ASSERT_TRUE(sent);
    call_ = *sent;
    deliver();
  }
  void hangs_up() {
    client_.cancel(call_, "SIP;cause=487");
    deliver();
  }
  // What the callee's user does on a request: this status after that time.
  void will_answer(Duration after, int status) { answers_.push_back({.after = after, .status = status}); }

  void pass(Duration by) {
    for (Instant const until = clock_.now() + by; clock_.now() < until; clock_.advance(TimingWheel::tick)) {
      driver_.wheel().advance(clock_.now());
      answer_what_is_due();
      deliver();
    }
  }

  [[nodiscard]] std::vector<std::string> const& heard() const { return outcome_.heard(); }
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] std::size_t cancels() const { return cancels_; }
  [[nodiscard]] std::size_t open() const { return client_.counts().open + server_.counts().open; }
  [[nodiscard]] std::size_t messages() const { return number_; }
  [[nodiscard]] std::size_t armed() { return driver_.wheel().armed(); }

 private:
  enum class Side : std::uint8_t { callee, caller };
  struct Answer {
    Duration after = {};
    int status = 0;
  };
  struct Way final : MessageSender {
    Way(Line& line, Side side) : line_(line), side_(side) {}
    std::optional<FlowHandle> send(Target const&, std::string_view bytes) override {
      if (line_.number_++ != line_.lost_) line_.under_way_.push_back({side_, std::string(bytes)});
      return FlowHandle{};
    }
    [[nodiscard]] std::string_view sent_by(Target const&) const override { return "127.0.0.1:5060"; }

   private:
    Line& line_;
    Side side_;
  };

  void on_request(RequestHandle request, wire::MessageView const& message, Source const&) override {
    ++requests_;
    request_ = request;
    text_ = std::string(message.bytes());
    asked_at_ = clock_.now();
  }
  void on_cancel(RequestHandle request, wire::MessageView const& cancel) override {
    EXPECT_EQ(cancel.text(wire::HeaderName::reason), "SIP;cause=487");
    ++cancels_;
    answers_.clear();
    server_.respond(request, response_text(487, text_, "j"));
  }
  void on_ack(wire::MessageView const&, Source const&) override {}
  void on_flow_lost(FlowHandle) override {}

  void answer_what_is_due() {
    while (requests_ > 0 && !answers_.empty() && asked_at_ + answers_.front().after <= clock_.now()) {
      int const status = answers_.front().status;
      answers_.pop_front();
      server_.respond(request_, response_text(status, text_, "j"));
    }
  }

  void deliver() {
    while (!under_way_.empty()) {
      auto [side, bytes] = std::move(under_way_.front());
      under_way_.pop_front();
      wire::MessageView message;
      ASSERT_TRUE(wire::parse_datagram(bytes, message));
      Source const source{.transport = transport_};
      side == Side::callee ? server_.take(message, source) : client_.take(message, source);
    }
  }

  Transport transport_;
  std::size_t lost_;
  std::size_t number_ = 0;
  std::deque<std::pair<Side, std::string>> under_way_ = {};
  boost::asio::io_context context_ = {};
  VirtualClock clock_ = VirtualClock{};
  SeededRandom random_ = SeededRandom{};
  Limits limits_ = {};
  WheelDriver driver_{context_, clock_};
  Way to_callee_;
  Way to_caller_;
  ServerTransactions server_{to_caller_, driver_, random_, limits_, 0};
  ClientTransactions client_{to_callee_, driver_, random_, limits_, 0};
  Outcome outcome_ = {};
  ClientTransactionHandle call_ = {};
  RequestHandle request_ = {};
  std::string text_ = {};
  Instant asked_at_ = {};
  std::deque<Answer> answers_ = {};
  std::size_t requests_ = 0;
  std::size_t cancels_ = 0;
};

// Plays `conversation` whole, then with each of its messages lost in turn, and hands each run to `check`.
template <class Conversation, class Check>
void hold_with_any_message_lost(Transport transport, Conversation conversation, Check check) {
  Line whole{transport};
  conversation(whole);
  check(whole);
  for (std::size_t lost = 0; lost < whole.messages(); ++lost) {
    SCOPED_TRACE("message " + std::to_string(lost) + " lost");
    Line again{transport, lost};
    conversation(again);
    check(again);
    EXPECT_EQ(again.open(), 0U);
    EXPECT_EQ(again.armed(), 0U);
  }
}

TEST(Transactions, AMessageIsAnswered) {
  hold_with_any_message_lost(
      Transport::udp,
      [](Line& line) {
        line.will_answer(100ms, 200);
        line.calls("MESSAGE");
        line.pass(2min);
      },
      [](Line const& line) {
        EXPECT_THAT(line.heard(), ElementsAre("200"));
        EXPECT_EQ(line.requests(), 1U);
      });
}

TEST(Transactions, ACallIsRefused) {
  hold_with_any_message_lost(
      Transport::udp,
      [](Line& line) {
        line.will_answer(300ms, 180);
        line.will_answer(5s, 486);
        line.calls("INVITE");
        line.pass(3min);
      },
      [](Line const& line) {
        EXPECT_EQ(line.heard().back(), "486");
        EXPECT_EQ(std::ranges::count(line.heard(), "486"), 1);
        EXPECT_EQ(line.requests(), 1U);
      });
}

TEST(Transactions, ACallIsAnswered) {
  hold_with_any_message_lost(
      Transport::udp,
      [](Line& line) {
        line.will_answer(300ms, 180);
        line.will_answer(5s, 200);
        // The callee's user repeats its 2xx (RFC 3261 section 13.3.1.4).
        line.will_answer(5500ms, 200);
        line.calls("INVITE");
        line.pass(3min);
      },
      [](Line const& line) {
        EXPECT_THAT(line.heard(), Contains("200"));
        EXPECT_THAT(line.heard(), Not(Contains("timed out")));
        EXPECT_EQ(line.requests(), 1U);
      });
}

TEST(Transactions, ACallIsCancelled) {
  hold_with_any_message_lost(
      Transport::udp,
      [](Line& line) {
        line.will_answer(300ms, 180);
        line.will_answer(60s, 486);
        line.calls("INVITE");
        line.pass(3s);
        line.hangs_up();
        line.pass(3min);
      },
      [](Line const& line) {
        EXPECT_EQ(line.heard().back(), "487");
        EXPECT_EQ(line.cancels(), 1U);
      });
}

TEST(Transactions, ACancelThatHasNoProvisionalResponseYetWaits) {
  Line line{Transport::tcp, 0};
  line.calls("INVITE");
  line.hangs_up();
  line.pass(1min);
  EXPECT_THAT(line.heard(), ElementsAre("timed out"));
  EXPECT_EQ(line.cancels(), 0U);
  EXPECT_EQ(line.open(), 0U);
}

TEST(Transactions, OverTcpNothingIsRepeated) {
  Line line{Transport::tcp};
  line.will_answer(1s, 486);
  line.calls("INVITE");
  line.pass(2s);
  // INVITE, 100, 486, ACK.
  EXPECT_EQ(line.messages(), 4U);
  EXPECT_THAT(line.heard(), ElementsAre("100", "486"));
  EXPECT_EQ(line.open(), 0U);
  EXPECT_EQ(line.armed(), 0U);
}

// RFC 4320: a slow answer to a MESSAGE has its 100 after 3.5 s; none at all ends in silence.
TEST(Transactions, ASlowAnswer) {
  Line line{Transport::udp};
  line.will_answer(6s, 202);
  line.calls("MESSAGE");
  line.pass(2min);
  EXPECT_EQ(line.heard().front(), "100");
  EXPECT_EQ(line.heard().back(), "202");
  Line silent{Transport::udp};
  silent.calls("MESSAGE");
  silent.pass(2min);
  EXPECT_EQ(silent.heard().back(), "timed out");
  EXPECT_EQ(silent.open(), 0U);
}

TEST(TransactionKey, Rfc2543RequestsAreToldApartByTheirFields) {
  auto const key = [](std::string text) {
    auto const message = wire::Message::parse(std::move(text));
    std::string out;
    write_transaction_key(out, message->view(), *wire::parse_via(message->view().text(wire::HeaderName::via)),
                          "INVITE");
    return out;
  };
  auto const old = [](std::string const& call_id) {
    return "INVITE sip:j@x SIP/2.0\r\nVia: SIP/2.0/UDP h:5060;branch=1\r\nFrom: <sip:r@x>;tag=1\r\nTo: <sip:j@x>\r\n"
           "Call-ID: " +
           call_id + "\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
  };
  EXPECT_EQ(key(old("a")), key(old("a")));
  EXPECT_NE(key(old("a")), key(old("b")));
  auto const modern = [](std::string const& call_id, std::string const& host) {
    return request_text("INVITE", "UDP", {}, "z9hG4bK1") + call_id + host;
  };
  EXPECT_EQ(key(modern("", "")), key(modern("a", "")));
  Address const phone{.ip = boost::asio::ip::address_v4::loopback(), .port = 1};
  EXPECT_NE(key(modern("", "")), key(request_text("INVITE", "UDP", phone, "z9hG4bK1")));
}

TEST(Transactions, StrayResponsesAreDropped) {
  Line line{Transport::udp};
  boost::asio::io_context context;
  VirtualClock clock;
  SeededRandom random;
  Limits const limits;
  WheelDriver driver{context, clock};
  struct Nowhere final : MessageSender {
    std::optional<FlowHandle> send(Target const&, std::string_view bytes) override {
      sent = bytes;
      return FlowHandle{};
    }
    [[nodiscard]] std::string_view sent_by(Target const&) const override { return "h:1"; }
    std::string sent;
  } nowhere;
  ClientTransactions client{nowhere, driver, random, limits, 0};
  Outcome outcome;
  ASSERT_TRUE(client.send_request({}, message_text(), outcome.handler()));
  auto answer = response_text(200, nowhere.sent, "j");
  for (auto const& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"CSeq: 7 MESSAGE", "CSeq: 7 INVITE"},
                                                        {"z9hG4bK0000", "z9hG4bK0001"},
                                                        {"branch=z9hG4bK", "branch=z9hG4bL"}}) {
    auto wrong = answer;
    wrong.replace(wrong.find(from), from.size(), to);
    auto const message = wire::Message::parse(wrong);
    client.take(message->view(), {});
  }
  EXPECT_EQ(client.counts().stray, 3U);
  EXPECT_TRUE(outcome.heard().empty());
  client.take(wire::Message::parse(answer)->view(), {});
  EXPECT_THAT(outcome.heard(), ElementsAre("200"));
  // The end of the branch by which a loop is known is part of it.
  Outcome marked;
  ASSERT_TRUE(client.send_request({}, message_text(), marked.handler(), "-0123456789abcdef"));
  EXPECT_NE(nowhere.sent.find("-0123456789abcdef\r\n"), std::string::npos) << nowhere.sent;
  client.take(wire::Message::parse(response_text(200, nowhere.sent, "j"))->view(), {});
  EXPECT_THAT(marked.heard(), ElementsAre("200"));
  EXPECT_FALSE(client.send_request({}, "ACK sip:x SIP/2.0\r\n\r\n", {}));
  EXPECT_FALSE(client.send_request({}, "nonsense", {}));
}

}  // namespace
}  // namespace reveille::edge::sip
