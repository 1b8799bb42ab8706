// RestPush against a push service that answers as it is told, is away, and comes back.
#include "deliver/push/rest_push.hpp"

#include "base/random.hpp"
#include "deliver/push/push_json.hpp"
#include "edge/development_ca.hpp"
#include "edge/http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

namespace reveille::deliver {
namespace {

namespace fs = std::filesystem;
using model::PushState;

edge::HttpResponse json(int status, std::string body) {
  return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

class RestPushTest : public testing::Test {
 protected:
  RestPushTest()
      : folder(fs::temp_directory_path() / ("reveille-rest-" + SystemRandom{}.hex(8))),
        files(edge::ensure_development_certificate(folder, {}, SystemClock{}.now()).value()) {
    serve();
    auto tls = edge::make_client_tls({.ca_file = files.ca, .alpn = {"h2"}}).value();
    push = std::make_unique<RestPush>(
        io.get_executor(), clock,
        RestPushSettings{.server = {.destination = {.host = "localhost", .port = port, .tls = std::move(tls)}},
                         .client_id = "client",
                         .client_secret = Secret{"secret"}});
  }
  ~RestPushTest() override {
    push.reset();
    server.reset();
    fs::remove_all(folder);
  }

  void serve() {
    auto tls = edge::make_server_tls({.certificate = files.certificate, .key = files.key, .alpn = {"h2"}}).value();
    server = edge::HttpServer::open(io, {.port = port, .tls = std::move(tls), .max_streams = 1000},
                                    [this](edge::HttpRequest request, edge::Responder responder) {
                                      handle(std::move(request), std::move(responder));
                                    })
                 .value();
    port = server->port();
  }

  void handle(edge::HttpRequest request, edge::Responder responder) {
    auto const what = request.method + " " + request.path;
    ++asked[what];
    if (what == "POST /oauth2/token")
      return responder.send(
          json(200, R"({"access_token":"t)" + std::to_string(asked[what]) + R"(","expires_in":3600})"));
    if (what == "GET /v1/providers") return responder.send(json(200, providers));
    seen.push_back(std::move(request));
    on_request(seen.back(), std::move(responder));
  }

  std::shared_ptr<model::PushReceipt> request(std::string id, model::PushClass push_class = model::PushClass::call,
                                              Duration lives = 10s) {
    auto receipt = std::make_shared<model::PushReceipt>();
    model::PushRequest asked_for{
        .id = model::PushId{std::move(id)}, .push_class = push_class, .expires_at = clock.now() + lives};
    push->request(std::move(asked_for), [receipt](model::PushReceipt got) { *receipt = std::move(got); });
    return receipt;
  }

  // A message of the one conversation.
  std::shared_ptr<model::PushReceipt> says(std::string id) {
    auto receipt = std::make_shared<model::PushReceipt>();
    push->request({.id = model::PushId{std::move(id)}, .expires_at = clock.now() + 60s, .conversation = "c"},
                  [receipt](model::PushReceipt got) { *receipt = std::move(got); });
    return receipt;
  }

  bool run_until(std::function<bool()> const& done, std::chrono::milliseconds most = 10s) {
    auto const end = std::chrono::steady_clock::now() + most;
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(20ms);
    return done();
  }

  static constexpr auto accepts = [](edge::HttpRequest const&, edge::Responder responder) {
    responder.send(json(200, R"({"id":"x","state":"accepted_by_provider","verdict":{"provider_status":200}})"));
  };

  fs::path folder;
  edge::CertificateFiles files;
  SystemClock clock;
  boost::asio::io_context io{1};
  std::uint16_t port = 0;
  std::map<std::string, int> asked;
  std::string providers = R"({"providers":["apns","fcm"],"apns":["production"]})";
  std::vector<edge::HttpRequest> seen;
  std::vector<edge::Responder> held;
  std::function<void(edge::HttpRequest const&, edge::Responder)> on_request = accepts;
  std::unique_ptr<edge::HttpServer> server;
  std::unique_ptr<RestPush> push;
};

TEST_F(RestPushTest, OneTokenServesAllThatWaitForIt) {
  std::vector<std::shared_ptr<model::PushReceipt>> receipts;
  for (int i = 0; i < 20; ++i) receipts.push_back(request("p" + std::to_string(i)));
  ASSERT_TRUE(run_until([&] { return receipts.back()->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(asked["POST /oauth2/token"], 1);
  ASSERT_EQ(seen.size(), 20U);
  EXPECT_EQ(seen.front().headers.find("idempotency-key"), "p0");
  EXPECT_EQ(seen.front().headers.find("authorization"), "Bearer t1");
  EXPECT_TRUE(seen.front().headers.find("prefer").value_or("").starts_with("wait="));
}

TEST_F(RestPushTest, LearnsWhichProvidersAreServed) {
  EXPECT_TRUE(push->serves(model::Provider::apns, model::Environment::sandbox)) << "until it has told";
  ASSERT_TRUE(run_until([&] { return push->serves(model::Provider::fcm, model::Environment::production); }));
  EXPECT_TRUE(push->serves(model::Provider::apns, model::Environment::production));
  EXPECT_FALSE(push->serves(model::Provider::apns, model::Environment::sandbox));
}

// The service names no provider that refuses its key at that moment; what it is asked for all the same waits there.
TEST_F(RestPushTest, B_PUSH_4_AsksAlsoWhileTheProviderRefusesTheKey) {
  providers = R"({"providers":[]})";
  ASSERT_TRUE(run_until([&] { return !push->serves(model::Provider::apns, model::Environment::production); }));
  EXPECT_TRUE(push->has_credential(model::Provider::apns, model::Environment::production));
}

TEST(PushJson, ReadsTheEnvironmentsOfApnsAndTheFormWithoutThem) {
  auto const environments = [](std::string_view body) {
    std::string found;
    auto const served = read_providers(body).value();
    for (auto const& one : served) (found += name_of(one.environment)) += ' ';
    return found;
  };
  EXPECT_EQ(environments(R"({"providers":["apns"],"apns":["production"]})"), "production ");
  EXPECT_EQ(environments(R"({"providers":["apns"],"apns":["sandbox"]})"), "sandbox ");
  EXPECT_EQ(environments(R"({"providers":["apns"]})"), "production sandbox ") << "an older service";
  EXPECT_EQ(environments(R"({"providers":[]})"), "");
}

TEST_F(RestPushTest, ARefusalIsTheEnd) {
  on_request = [](auto const&, edge::Responder responder) {
    responder.send(json(422, R"({"type":"urn:reveille:problem:token-dead"})"));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::refused; }));
  EXPECT_EQ(receipt->reason, "token-dead");
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(RestPushTest, ARefusedTokenIsFetchedAnew) {
  on_request = [](auto const& got, edge::Responder responder) {
    if (got.headers.find("authorization") == "Bearer t1") return responder.send({.status = 401});
    accepts(got, std::move(responder));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
}

TEST_F(RestPushTest, AsksAgainWithTheSameKeyWhenTheAnswerWasLost) {
  on_request = [this](auto const& got, edge::Responder responder) {
    if (seen.size() == 1) return got.connection->drop();
    accepts(got, std::move(responder));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].headers.find("idempotency-key"), "p1");
  EXPECT_EQ(seen[1].body, seen[0].body);
}

TEST_F(RestPushTest, WaitsForAServiceThatIsAway) {
  server.reset();
  auto const receipt = request("p1");
  run_until([] { return false; }, 300ms);
  EXPECT_FALSE(push->trouble().empty());
  serve();
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_TRUE(push->trouble().empty());
}

TEST_F(RestPushTest, WhatANewerMessageStandsForWhileTheServiceIsAwayIsToldSo) {
  server.reset();
  auto const older = says("m1");
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  auto const newer = says("m2");
  ASSERT_TRUE(run_until([&] { return older->state == PushState::taken_back; }));
  serve();
  ASSERT_TRUE(run_until([&] { return newer->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(RestPushTest, AnOlderMessageThatIsRefusedLaterDoesNotTakeTheNewerOnesPlace) {
  on_request = [this](edge::HttpRequest const&, edge::Responder responder) { held.push_back(std::move(responder)); };
  auto const older = says("m1");
  ASSERT_TRUE(run_until([&] { return held.size() == 1; }));
  auto const newer = says("m2");
  ASSERT_TRUE(run_until([&] { return held.size() == 2; }));
  on_request = accepts;
  held[1].send(json(503, "{}"));
  held[0].send(json(503, "{}"));
  ASSERT_TRUE(run_until([&] { return newer->at != Instant{} && older->at != Instant{}; }));
  EXPECT_EQ(newer->state, PushState::accepted_by_provider) << newer->reason;
  EXPECT_EQ(older->state, PushState::taken_back) << older->reason;
}

TEST_F(RestPushTest, AMessageThatMayBeThereGivesWayToNoNewerOne) {
  on_request = [this](auto const& got, edge::Responder responder) {
    if (seen.size() == 1) return got.connection->drop();
    accepts(got, std::move(responder));
  };
  auto const older = says("m1");
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  auto const newer = says("m2");
  ASSERT_TRUE(run_until([&] { return newer->state == PushState::accepted_by_provider; }));
  ASSERT_TRUE(run_until([&] { return older->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(asked["POST /v1/notifications"], 3) << "the first one twice, with its key";
}

TEST_F(RestPushTest, AMessageThatWaitsForTheServiceEndsWithItsTimeOrWhenItIsTakenBack) {
  server.reset();
  auto const brief = request("m1", model::PushClass::message, 500ms);
  auto const withdrawn = request("m2", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  push->take_back(model::PushId{"m2"});
  ASSERT_TRUE(run_until([&] { return withdrawn->state == PushState::taken_back; }));
  ASSERT_TRUE(run_until([&] { return brief->state == PushState::expired; }));
  EXPECT_TRUE(brief->reason.starts_with("the push service could not be asked"));
  serve();
  ASSERT_TRUE(run_until([&] { return push->trouble().empty(); }));
  EXPECT_TRUE(seen.empty());
}

TEST_F(RestPushTest, AServiceThatSaysLaterIsAskedLaterByAFewAndThenByAll) {
  on_request = [](edge::HttpRequest const&, edge::Responder responder) {
    auto later = json(429, "{}");
    later.headers.add("retry-after", "1");
    responder.send(std::move(later));
  };
  std::vector<std::shared_ptr<model::PushReceipt>> receipts;
  for (int i = 0; i < 300; ++i) receipts.push_back(request("m" + std::to_string(i), model::PushClass::message, 60s));
  ASSERT_TRUE(run_until([&] { return seen.size() == 300; }));
  run_until([] { return false; }, 500ms);
  EXPECT_EQ(seen.size(), 300U) << "before the time that it named";
  ASSERT_TRUE(run_until([&] { return seen.size() >= 400; }));
  run_until([] { return false; }, 200ms);
  EXPECT_EQ(seen.size(), 400U) << "a few at a time";
  on_request = accepts;
  EXPECT_TRUE(run_until([&] {
    return std::ranges::all_of(receipts,
                               [](auto const& receipt) { return receipt->state == PushState::accepted_by_provider; });
  }));
}

TEST_F(RestPushTest, WhatWasTakenBackWhileTheServiceWasAwayIsNeverAskedFor) {
  server.reset();
  auto const receipt = request("p1");
  run_until([] { return false; }, 300ms);
  push->take_back(model::PushId{"p1"});
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::taken_back; }));
  serve();
  auto const other = request("p2");
  ASSERT_TRUE(run_until([&] { return other->state == PushState::accepted_by_provider; }));
  run_until([] { return false; }, 1s);
  for (auto const& each : seen) EXPECT_NE(each.headers.find("idempotency-key"), "p1");
}

TEST_F(RestPushTest, WhatMayBeThereIsTakenBackThere) {
  on_request = [this](auto const& got, edge::Responder responder) {
    if (got.method == "POST") return held.push_back(std::move(responder));
    responder.send(json(200, R"({"id":"p1","state":"taken_back"})"));
    held.front().send(json(200, R"({"id":"p1","state":"taken_back"})"));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return seen.size() == 1; }));
  push->take_back(model::PushId{"p1"});
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::taken_back; }));
  EXPECT_EQ(seen.back().method, "DELETE");
  EXPECT_EQ(seen.back().path, "/v1/notifications/p1");
}

// Between two looks after it, which may lie minutes apart.
TEST_F(RestPushTest, B_SIGN_3_AMessageThatTheServiceKeepsIsTakenBackAtOnce) {
  on_request = [this](auto const& got, edge::Responder responder) {
    bool const is_gone = asked["DELETE /v1/notifications/m1"] > 0;
    responder.send(json(got.method == "POST" ? 202 : 200,
                        is_gone ? R"({"id":"m1","state":"taken_back"})" : R"({"id":"m1","state":"accepted"})"));
  };
  auto const receipt = request("m1", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return asked["GET /v1/notifications/m1"] == 5; }));
  run_until([] { return false; }, 300ms);
  ASSERT_EQ(asked["GET /v1/notifications/m1"], 5);
  push->take_back(model::PushId{"m1"});
  EXPECT_TRUE(run_until([&] { return asked["DELETE /v1/notifications/m1"] > 0; }, 500ms));
  EXPECT_TRUE(run_until([&] { return receipt->state == PushState::taken_back; }));
}

// Who says 502 stands before the service, and may have passed the request on.
TEST_F(RestPushTest, B_CALL_4_WhatAGatewayGaveUpOnMayBeThere) {
  on_request = [](auto const& got, edge::Responder responder) {
    if (got.method == "DELETE") return responder.send(json(200, R"({"id":"p1","state":"taken_back"})"));
    responder.send({.status = 502});
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  push->take_back(model::PushId{"p1"});
  ASSERT_TRUE(run_until([&] { return receipt->at != Instant{}; }));
  EXPECT_GE(asked["DELETE /v1/notifications/p1"], 1) << "or it goes out all the same";

  auto const brief = request("p2", model::PushClass::call, 500ms);
  ASSERT_TRUE(run_until([&] { return brief->at != Instant{}; }));
  EXPECT_EQ(brief->state, PushState::unknown) << brief->reason;
}

TEST_F(RestPushTest, WhatAnEarlierRunAskedForIsLookedAfter) {
  on_request = [](auto const& got, edge::Responder responder) {
    if (got.method == "GET") return accepts(got, std::move(responder));
    responder.send(json(422, R"({"type":"urn:reveille:problem:idempotency-key-reused"})"));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(seen.back().path, "/v1/notifications/p1");
}

TEST_F(RestPushTest, EndsWithItsTime) {
  server.reset();
  auto const receipt = request("p1", model::PushClass::call, 500ms);
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::expired; }));
  EXPECT_TRUE(receipt->reason.starts_with("the push service could not be asked"));
}

TEST_F(RestPushTest, AMessagesFateIsLookedAfterWithoutHoldingAStream) {
  on_request = [](auto const& got, edge::Responder responder) {
    if (got.method == "GET") return accepts(got, std::move(responder));
    responder.send(json(202, R"({"id":"p1","state":"sending"})"));
  };
  auto const receipt = request("p1", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(seen.front().headers.find("prefer"), "wait=5");
  EXPECT_EQ(seen.back().path, "/v1/notifications/p1");
}

TEST_F(RestPushTest, ATakeBackIsSaidUntilItIsHeard) {
  on_request = [this](auto const&, edge::Responder responder) {
    if (seen.size() == 1) return seen.front().connection->drop();
    if (seen.size() == 2) return responder.send({.status = 503});
    if (seen.size() == 3) return responder.send({.status = 401});
    responder.send({.status = 404});
  };
  push->take_back(model::PushId{"p1"});
  ASSERT_TRUE(run_until([&] { return seen.size() == 4; }));
  run_until([] { return false; }, 500ms);
  EXPECT_EQ(seen.size(), 4U) << "there is nothing to take back, and that was heard";
  for (auto const& each : seen) EXPECT_EQ(each.method + " " + each.path, "DELETE /v1/notifications/p1");
}

TEST_F(RestPushTest, AnAcknowledgementOutlastsTheServicesAbsence) {
  server.reset();
  push->acknowledge(model::PushId{"p1"});
  run_until([] { return false; }, 300ms);
  serve();
  ASSERT_TRUE(run_until([&] { return seen.size() == 1; }));
  EXPECT_EQ(seen.front().path, "/v1/receipts");
  EXPECT_EQ(seen.front().body, R"({"id":"p1"})");
  run_until([] { return false; }, 500ms);
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(RestPushTest, AMessageThatWasSeenWhileTheServiceWasAwayIsNotAskedFor) {
  server.reset();
  auto const held = request("m1", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  on_request = [](auto const&, edge::Responder responder) { responder.send(json(404, "{}")); };
  auto const under_way = request("m2", model::PushClass::message, 60s);
  for (auto const* id : {"m1", "m2"}) push->acknowledge(model::PushId{id});
  serve();
  ASSERT_TRUE(run_until([&] { return held->at != Instant{} && under_way->at != Instant{}; }));
  EXPECT_EQ(held->state, PushState::acknowledged);
  EXPECT_EQ(under_way->state, PushState::acknowledged);
  run_until([] { return false; }, 1s);
  EXPECT_EQ(asked["POST /v1/notifications"], 0) << "a push for what the user has seen";
}

// A refusal that says "not now" comes when the user has seen the message already.
TEST_F(RestPushTest, AMessageThatWasSeenWhileItWasAskedForIsNotAskedForAgain) {
  std::optional<edge::Responder> asking;
  on_request = [&](auto const& got, edge::Responder responder) {
    if (got.path == "/v1/receipts") return responder.send(json(404, "{}"));
    asking.emplace(std::move(responder));
  };
  auto const receipt = request("m1", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return asking.has_value(); }));
  push->acknowledge(model::PushId{"m1"});
  asking->send(json(503, "{}"));
  ASSERT_TRUE(run_until([&] { return receipt->at != Instant{}; }));
  EXPECT_EQ(receipt->state, PushState::acknowledged);
}

// Nobody knows whether it is there: that is asked, and no push asked for again.
TEST_F(RestPushTest, AMessageThatWasSeenAndMayBeThereIsLookedForOnly) {
  on_request = [this](auto const& got, edge::Responder responder) {
    if (seen.size() == 1) return got.connection->drop();
    if (got.method == "POST" && got.path == "/v1/notifications") return accepts(got, std::move(responder));
    responder.send(json(404, "{}"));
  };
  auto const receipt = request("m1", model::PushClass::message, 60s);
  ASSERT_TRUE(run_until([&] { return !push->trouble().empty(); }));
  push->acknowledge(model::PushId{"m1"});
  ASSERT_TRUE(run_until([&] { return receipt->at != Instant{}; }));
  EXPECT_EQ(receipt->state, PushState::acknowledged) << receipt->reason;
  EXPECT_EQ(asked["POST /v1/notifications"], 1) << "a push for what the user has seen";
}

// B-PUSH-3: between looks, its deadline passes.
TEST_F(RestPushTest, AnAcceptedMessageEndsAsTheServiceSaysItDid) {
  auto const end = clock.now() + 2s;
  on_request = [this, end](auto const& got, edge::Responder responder) {
    if (clock.now() < end)
      return responder.send(json(got.method == "POST" ? 202 : 200, R"({"id":"m1","state":"accepted"})"));
    responder.send(json(200, R"({"id":"m1","state":"expired","verdict":{"reason":"deadline passed"}})"));
  };
  auto const receipt = request("m1", model::PushClass::message, 2s);
  ASSERT_TRUE(run_until([&] { return receipt->at != Instant{}; }, 5s));
  EXPECT_EQ(receipt->state, PushState::expired) << receipt->reason;
}

// A service with too many who wait, or behind a gateway that passes no Prefer on.
TEST_F(RestPushTest, AServiceThatDoesNotWaitIsNotAskedWithoutEnd) {
  auto const end = clock.now() + 500ms;
  on_request = [this, end](auto const& got, edge::Responder responder) {
    if (clock.now() >= end) return accepts(got, std::move(responder));
    responder.send(json(got.method == "POST" ? 202 : 200, R"({"id":"p1","state":"sending"})"));
  };
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_LT(asked["GET /v1/notifications/p1"], 15);
}

// The service knows what became of it, and says so to whoever asks again.
TEST_F(RestPushTest, ACallThatWasAcceptedIsAskedAfterBeyondItsDeadline) {
  auto const end = clock.now() + 1s;
  on_request = [this, end](auto const& got, edge::Responder responder) {
    if (got.method == "POST") return responder.send(json(202, R"({"id":"p1","state":"sending"})"));
    if (clock.now() < end) return responder.send({.status = 503});
    accepts(got, std::move(responder));
  };
  auto const receipt = request("p1", model::PushClass::call, 1s);
  ASSERT_TRUE(run_until([&] { return receipt->at != Instant{}; }, 5s));
  EXPECT_EQ(receipt->state, PushState::accepted_by_provider) << receipt->reason;
}

// A connection that swallows what it is given, with neither FIN nor RST.
TEST_F(RestPushTest, AServiceThatFallsSilentCostsACallNoMoreThanASecondOrSo) {
  auto const before = request("p0");
  ASSERT_TRUE(run_until([&] { return before->state == PushState::accepted_by_provider; }));
  on_request = [this](auto const& got, edge::Responder responder) {
    if (seen.size() == 2) {
      held.push_back(std::move(responder));
      return got.connection->stall(60s);
    }
    accepts(got, std::move(responder));
  };
  auto const asked_at = std::chrono::steady_clock::now();
  auto const receipt = request("p1");
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_LT(std::chrono::steady_clock::now() - asked_at, 2s);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[2].headers.find("idempotency-key"), "p1");
  EXPECT_EQ(seen[2].body, seen[1].body);
  EXPECT_NE(seen[2].connection->id(), seen[1].connection->id());
}

// Slow is not dead: a provider that takes its time holds the answer, and the connection lives.
TEST_F(RestPushTest, AnAnswerThatTakesTimeIsWaitedFor) {
  on_request = [this](auto const&, edge::Responder responder) { held.push_back(std::move(responder)); };
  auto const receipt = request("p1");
  run_until([] { return false; }, 2s);
  ASSERT_EQ(held.size(), 1U);
  held.front().send(json(200, R"({"id":"p1","state":"accepted_by_provider","verdict":{"provider_status":200}})"));
  ASSERT_TRUE(run_until([&] { return receipt->state == PushState::accepted_by_provider; }));
  EXPECT_EQ(seen.size(), 1U);
}

}  // namespace
}  // namespace reveille::deliver
