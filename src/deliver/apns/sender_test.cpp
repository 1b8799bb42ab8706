// The sender against a server that answers as it is told: what is sent twice and what never, and by whom.
#include "deliver/apns/sender.hpp"

#include "base/random.hpp"
#include "edge/development_ca.hpp"
#include "edge/http/server.hpp"
#include "wire/crypto/es256.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace reveille::deliver::apns {
namespace {

namespace fs = std::filesystem;
using Verdict = model::ProviderVerdict;

// The time of day, at another hour.
struct ShiftedClock final : Clock {
  Duration shift = {};
  [[nodiscard]] Instant now() const override { return SystemClock{}.now() + shift; }
};

class SenderTest : public testing::Test {
 protected:
  SenderTest()
      : folder(fs::temp_directory_path() / ("reveille-apns-" + SystemRandom{}.hex(8))),
        files(edge::ensure_development_certificate(folder, {}, SystemClock{}.now()).value()) {}
  ~SenderTest() override {
    sender.reset();
    server.reset();
    fs::remove_all(folder);
  }

  void serve(edge::HttpServer::Handler handler, std::uint32_t streams = 1000) {
    auto tls = edge::make_server_tls({.certificate = files.certificate, .key = files.key, .alpn = {"h2"}}).value();
    server = edge::HttpServer::open(io, {.tls = std::move(tls), .max_streams = streams}, std::move(handler)).value();
  }

  void open(std::size_t connections = 1, Duration answer_within = 5s) {
    SenderSettings const settings{.team = "TEAM123456",
                                  .key_id = "KEY1234567",
                                  .key_pem = Secret{key.private_pem()},
                                  .host = "localhost",
                                  .port = server->port(),
                                  .ca_file = files.ca,
                                  .connections = connections,
                                  .answer_within = answer_within};
    sender = Sender::open(io.get_executor(), clock, settings).value();
  }

  ApnsRequest request(std::string token = "ab", Duration give_up_after = 10s) {
    return {.push_class = model::PushClass::call,
            .token = std::move(token),
            .topic = "org.example.phone.voip",
            .push_type = PushType::voip,
            .expiration = 0,
            .apns_id = "00000000-0000-8000-8000-000000000001",
            .payload = R"({"aps":{}})",
            .give_up_at = clock.now() + give_up_after};
  }

  bool run_until(std::function<bool()> const& done) {
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(20ms);
    return done();
  }

  model::ProviderAnswer send(ApnsRequest what) {
    std::optional<model::ProviderAnswer> answer;
    sender->send(std::move(what), [&](model::ProviderAnswer got) { answer = std::move(got); });
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(model::ProviderAnswer{});
  }

  fs::path folder;
  edge::CertificateFiles files;
  crypto::Es256Key key = crypto::Es256Key::generate();
  ShiftedClock clock;
  boost::asio::io_context io{1};
  std::unique_ptr<edge::HttpServer> server;
  std::unique_ptr<Sender> sender;
};

edge::HttpResponse refusal(int status, std::string const& body) {
  return {.status = status, .body = body};
}

TEST_F(SenderTest, SendsWhatApnsWantsToRead) {
  edge::HttpRequest seen;
  serve([&](edge::HttpRequest got, edge::Responder responder) {
    seen = std::move(got);
    responder.send({});
  });
  open();
  EXPECT_EQ(send(request("abcd")).verdict, Verdict::accepted);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/3/device/abcd");
  EXPECT_EQ(seen.body, R"({"aps":{}})");
  std::map<std::string, std::string> const wanted{{"apns-topic", "org.example.phone.voip"},
                                                  {"apns-push-type", "voip"},
                                                  {"apns-priority", "10"},
                                                  {"apns-expiration", "0"},
                                                  {"apns-id", "00000000-0000-8000-8000-000000000001"}};
  for (auto const& [name, value] : wanted) EXPECT_EQ(seen.headers.find(name), value) << name;
  EXPECT_FALSE(seen.headers.find("apns-collapse-id"));
  auto const authorization = std::string{seen.headers.find("authorization").value_or("")};
  ASSERT_TRUE(authorization.starts_with("bearer "));
  auto const token = crypto::split_compact(authorization.substr(7));
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->header, R"({"alg":"ES256","kid":"KEY1234567"})");
  EXPECT_TRUE(key.public_half().verify(token->signed_text, token->signature));
}

TEST_F(SenderTest, TellsApplesWordsInOurs) {
  std::string body;
  int status = 0;
  serve([&](edge::HttpRequest, edge::Responder responder) { responder.send(refusal(status, body)); });
  open();
  status = 410;
  body = R"({"reason":"Unregistered","timestamp":1700000000123})";
  auto const gone = send(request());
  EXPECT_EQ(gone.verdict, Verdict::token_gone);
  EXPECT_EQ(gone.status, 410u);
  EXPECT_EQ(gone.reason, "Unregistered");
  EXPECT_EQ(gone.dead_since, from_unix_milliseconds(1'700'000'000'123));
  status = 400;
  body = R"({"reason":"BadDeviceToken"})";
  EXPECT_EQ(send(request()).verdict, Verdict::token_wrong);
  status = 418;
  body = "no \x01 JSON";
  EXPECT_EQ(send(request()).verdict, Verdict::request_refused);
}

TEST_F(SenderTest, KeepsToOneStreamAndGoesOnAsSoonAsItIsFree) {
  std::size_t at_once = 0;
  std::size_t most = 0;
  std::vector<edge::Responder> held;
  serve(
      [&](edge::HttpRequest, edge::Responder responder) {
        most = std::max(most, ++at_once);
        held.push_back(std::move(responder));
      },
      1);
  open();
  std::size_t answered = 0;
  auto const began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) sender->send(request(), [&](model::ProviderAnswer) { ++answered; });
  ASSERT_TRUE(run_until([&] {
    for (auto& responder : std::exchange(held, {})) {
      --at_once;
      responder.send({});
    }
    return answered == 100;
  }));
  EXPECT_EQ(most, 1u);
  // A stream that is free is used at once, not at the next tick of a timer.
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(SenderTest, SendsAgainOnlyWhatWasProvablyUnprocessed) {
  std::size_t seen = 0;
  serve([&](edge::HttpRequest got, edge::Responder responder) {
    if (++seen > 1) return responder.send({});
    got.connection->go_away(0, R"({"reason":"Shutdown"})");
    responder.reset(7);
  });
  open();
  EXPECT_EQ(send(request()).verdict, Verdict::accepted);
  EXPECT_EQ(seen, 2u);
}

TEST_F(SenderTest, NeverSendsAgainWhatMayHaveArrived) {
  std::size_t seen = 0;
  serve([&](edge::HttpRequest got, edge::Responder) {
    ++seen;
    got.connection->drop();
  });
  open();
  EXPECT_EQ(send(request()).verdict, Verdict::fate_unknown);
  EXPECT_EQ(seen, 1u);
}

TEST_F(SenderTest, ASilentProviderLeavesTheFateUnknown) {
  std::vector<edge::Responder> held;
  serve([&](edge::HttpRequest, edge::Responder responder) { held.push_back(std::move(responder)); });
  open(1, 100ms);
  EXPECT_EQ(send(request()).verdict, Verdict::fate_unknown);
}

// A connection that died without a reset: what was under way on it is of unknown fate, what comes after is not.
TEST_F(SenderTest, AConnectionThatFallsSilentIsAvoidedAndLeft) {
  std::vector<edge::Responder> held;
  serve([&](edge::HttpRequest got, edge::Responder responder) {
    if (!held.empty()) return responder.send({});
    held.push_back(std::move(responder));
    got.connection->stall(60s);
  });
  open(2);
  ASSERT_TRUE(run_until([&] { return sender->health().connected == 2; }));
  std::optional<model::ProviderAnswer> first;
  auto const asked_at = std::chrono::steady_clock::now();
  sender->send(request("aa"), [&](model::ProviderAnswer got) { first = std::move(got); });
  while (std::chrono::steady_clock::now() - asked_at < 1300ms) io.run_one_for(20ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(request("bb")).verdict, Verdict::accepted);
  EXPECT_LT(std::chrono::steady_clock::now() - asked_at, 2s) << "none went where the first one hangs";
  ASSERT_TRUE(run_until([&] { return first.has_value(); }));
  EXPECT_EQ(first->verdict, Verdict::fate_unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - asked_at, 4s);
  ASSERT_TRUE(run_until([&] { return sender->health().connected == 2; }));
}

TEST_F(SenderTest, WaitsForAConnectionUntilItsTime) {
  serve([](edge::HttpRequest, edge::Responder responder) { responder.send({}); });
  open();
  server.reset();
  auto const answer = send(request("ab", 300ms));
  EXPECT_EQ(answer.verdict, Verdict::not_processed);
  EXPECT_FALSE(sender->health().last_trouble.empty());
}

TEST_F(SenderTest, ReplacesTheConnectionThatApnsIsTiredOf) {
  std::vector<std::uint64_t> connections;
  serve([&](edge::HttpRequest got, edge::Responder responder) {
    connections.push_back(got.connection->id());
    if (connections.size() > 1) return responder.send({});
    responder.send(refusal(429, R"({"reason":"TooManyProviderTokenUpdates"})"));
  });
  open();
  EXPECT_EQ(send(request()).verdict, Verdict::credential_throttled);
  EXPECT_EQ(send(request()).verdict, Verdict::accepted);
  ASSERT_EQ(connections.size(), 2u);
  EXPECT_NE(connections[0], connections[1]);
}

TEST_F(SenderTest, CallsGoFirstOnWhateverChannel) {
  std::vector<std::string> order;
  serve(
      [&](edge::HttpRequest got, edge::Responder responder) {
        order.push_back(got.path.substr(got.path.rfind('/') + 1));
        responder.send({});
      },
      1);
  open();
  auto message = request("a1");  // on the one channel of iOS 12
  message.push_class = model::PushClass::message;
  auto call = request("c0");  // on the message channel, where the call screen is not allowed
  call.push_type = PushType::alert;
  int answered = 0;
  for (int i = 0; i < 3; ++i) sender->send(message, [&](model::ProviderAnswer) { ++answered; });
  sender->send(call, [&](model::ProviderAnswer) { ++answered; });
  ASSERT_TRUE(run_until([&] { return answered == 4; }));
  EXPECT_EQ(order.front(), "c0");
}

TEST_F(SenderTest, OfFewStreamsOneIsLeftToCalls) {
  std::vector<edge::Responder> held;
  std::vector<std::string> got;
  serve(
      [&](edge::HttpRequest request, edge::Responder responder) {
        got.push_back(request.path.substr(request.path.rfind('/') + 1));
        held.push_back(std::move(responder));
      },
      4);
  open();
  ASSERT_TRUE(run_until([&] { return sender->health().capacity == 4; }));
  auto message = request("a1");
  message.push_class = model::PushClass::message;
  for (int i = 0; i < 10; ++i) sender->send(message, [](model::ProviderAnswer) {});
  sender->send(request("c0"), [](model::ProviderAnswer) {});
  ASSERT_TRUE(run_until([&] { return held.size() == 4; }));
  EXPECT_EQ(std::ranges::count(got, "c0"), 1);
  EXPECT_EQ(sender->health().waiting, 7U) << "all of them messages";
  sender.reset();
}

TEST_F(SenderTest, SignsAnewWhenItsTokenIsTooOldForApns) {
  std::vector<std::string> tokens;
  serve([&](edge::HttpRequest got, edge::Responder responder) {
    tokens.emplace_back(got.headers.find("authorization").value_or(""));
    if (tokens.size() > 1) return responder.send({});
    responder.send(refusal(403, R"({"reason":"ExpiredProviderToken"})"));
  });
  clock.shift = from_unix_seconds(2400 * 700'000) + 25min - clock.now();
  open();
  EXPECT_EQ(send(request()).verdict, Verdict::credential_expired);
  EXPECT_EQ(send(request()).verdict, Verdict::accepted);
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_NE(tokens[0], tokens[1]);
}

TEST_F(SenderTest, NeverAnswersFromInsideSend) {
  serve([](edge::HttpRequest, edge::Responder responder) { responder.send({}); });
  open();
  ASSERT_TRUE(run_until([&] { return sender->health().capacity > 0; }));
  bool is_sending = true;
  std::optional<bool> from_inside;
  sender->send(request("ab", -1ms), [&](model::ProviderAnswer const& answer) {
    EXPECT_EQ(answer.verdict, Verdict::not_processed);
    from_inside = is_sending;
  });
  is_sending = false;
  ASSERT_TRUE(run_until([&] { return from_inside.has_value(); }));
  EXPECT_FALSE(*from_inside);
}

TEST_F(SenderTest, EndsEverythingWhenItIsClosed) {
  std::vector<edge::Responder> held;
  serve([&](edge::HttpRequest, edge::Responder responder) { held.push_back(std::move(responder)); }, 1);
  open();
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 3; ++i) {
    sender->send(request(), [&](model::ProviderAnswer answer) { verdicts.push_back(answer.verdict); });
  }
  ASSERT_TRUE(run_until([&] { return held.size() == 1; }));
  sender.reset();
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(std::ranges::count(verdicts, Verdict::fate_unknown), 1);
  EXPECT_EQ(std::ranges::count(verdicts, Verdict::not_processed), 2);
}

TEST_F(SenderTest, SaysWhetherARequestCouldLeaveAndWhen) {
  serve([&](edge::HttpRequest, edge::Responder responder) { responder.send({}); }, 3);
  open();
  EXPECT_EQ(sender->streams(), 0U) << "no connection yet";
  std::size_t told = 0;
  sender->when_room([&] { told = sender->streams(); });
  ASSERT_TRUE(run_until([&] { return told > 0; }));
  ASSERT_TRUE(run_until([&] { return sender->streams() == sender->health().connected * 3; }));
}

TEST_F(SenderTest, DrainedItGivesBackWhatHasNotLeftAndAwaitsTheRest) {
  std::vector<edge::Responder> held;
  serve([&](edge::HttpRequest, edge::Responder responder) { held.push_back(std::move(responder)); }, 1);
  open();
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 3; ++i) {
    sender->send(request(), [&](model::ProviderAnswer answer) { verdicts.push_back(answer.verdict); });
  }
  ASSERT_TRUE(run_until([&] { return held.size() == 1; }));
  sender->drain();
  EXPECT_EQ(verdicts, (std::vector{Verdict::not_processed, Verdict::not_processed}));
  EXPECT_EQ(sender->streams(), 0U);
  held.front().send({});
  ASSERT_TRUE(run_until([&] { return verdicts.size() == 3; }));
  EXPECT_EQ(verdicts.back(), Verdict::accepted);
}

TEST_F(SenderTest, AKeyThatIsNoneIsOneSentence) {
  auto const opened = Sender::open(io.get_executor(), clock,
                                   {.team = "TEAM123456", .key_id = "KEY1234567", .key_pem = Secret{"nonsense"}});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::configuration);
}

}  // namespace
}  // namespace reveille::deliver::apns
