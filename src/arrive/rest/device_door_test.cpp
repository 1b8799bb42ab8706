// DeviceDoor as an app meets it: who is let in, what is read, what comes back. The house behind it is the test's.
#include "arrive/rest/device_door.hpp"

#include "arrive/rest/heard_test.hpp"
#include "arrive/rest/openapi_test.hpp"
#include "base/encoding.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace reveille::arrive {
namespace {

namespace json = boost::json;
using namespace model;
using test::Heard;

constexpr auto phone = "7d1f5a60-2c1e-4b7a-9d55-0c1e2f3a4b5c";
std::string const path = "/v1/devices/" + std::string(phone);
constexpr std::string_view salt = "0123456789abcdef";

class House final : public DevicePort, public CredentialPort {
 public:
  void lookup(AccountId const& account, CredentialPort::Answer answer) override {
    ++lookups;
    if (busy) return answer(failure(ErrorCode::busy, "the directory is elsewhere"));
    auto const found = passwords.find(account.value);
    if (found == passwords.end()) return answer(failure(ErrorCode::not_found, "there is no such account"));
    answer(derive_verifier(account, Secret{found->second}, salt, 1));
  }
  void register_device(AccountId const& account, DeviceUpdate update, DevicePort::Answer<Device> answer) override {
    calls.push_back("put " + account.value + ' ' + update.instance.value);
    updates.push_back(update);
    tell(Device{.instance = update.instance, .voip = {.token = update.voip_token.value_or("")}}, std::move(answer));
  }
  void set_mode(AccountId const& account, InstanceId const& instance, Mode mode,
                DevicePort::Answer<Device> answer) override {
    calls.push_back("mode " + account.value + ' ' + instance.value + ' ' + std::string(name_of(mode)));
    tell(Device{.instance = instance, .reported_mode = mode}, std::move(answer));
  }
  void sign_out(AccountId const& account, InstanceId const& instance, DevicePort::Answer<void> answer) override {
    calls.push_back("out " + account.value + ' ' + instance.value);
    if (refusal) return answer(std::unexpected(*refusal));
    answer({});
  }

  std::map<std::string, std::string> passwords = {{"juliet@localhost", "sec:ret"}, {"romeo@example.org", "sec:ret"}};
  std::vector<std::string> calls = {};
  std::vector<DeviceUpdate> updates = {};
  std::optional<DeviceRefusal> refusal = {};
  bool busy = false;
  unsigned lookups = 0;

 private:
  void tell(Device device, DevicePort::Answer<Device> answer) const {
    if (refusal) return answer(std::unexpected(*refusal));
    answer(std::move(device));
  }
};

struct Connection final : edge::HttpConnection {
  bool is_ending = false;
  [[nodiscard]] std::uint64_t id() const override { return 1; }
  [[nodiscard]] bool is_http2() const override { return true; }
  void set_max_streams(std::uint32_t) override {}
  void go_away(std::int64_t, std::string const&) override { is_ending = true; }
  void stall(std::chrono::milliseconds) override {}
  void drop() override {}
};

class DeviceDoorTest : public testing::Test {
 protected:
  Heard ask_as(std::string authorization, std::string method, std::string where, std::string body = {}) {
    connection = std::make_shared<Connection>();
    edge::HttpRequest request{.method = std::move(method),
                              .path = std::move(where),
                              .body = std::move(body),
                              .remote = remote,
                              .connection = connection};
    if (!authorization.empty()) request.headers.add("authorization", std::move(authorization));
    auto heard = std::make_shared<Heard>();
    door.handle(std::move(request), edge::Responder{heard});
    EXPECT_TRUE(heard->response) << "no answer";
    return *heard;
  }
  static std::string basic(std::string const& user, std::string const& password) {
    return "Basic " + encode_base64(user + ':' + password);
  }
  Heard ask(std::string method, std::string where, std::string body = {}) {
    return ask_as(basic("juliet@localhost", "sec:ret"), std::move(method), std::move(where), std::move(body));
  }
  int sign_in(std::string const& user, std::string const& password) {
    return ask_as(basic(user, password), "DELETE", path).status();
  }

  VirtualClock clock;
  SeededRandom random{3};
  House house;
  std::string remote = "192.0.2.1:4711";
  std::shared_ptr<Connection> connection = {};
  DeviceDoor door{{.devices = house, .credentials = house}, clock, random, "localhost", DeviceDoor::Beside::nobody};
};

TEST_F(DeviceDoorTest, AUserIsNamedByHisAddressOrItsLocalPart) {
  for (auto const* name : {"juliet@localhost", "Juliet@LOCALHOST", "juliet", "JULIET"})
    EXPECT_EQ(sign_in(name, "sec:ret"), 204) << name;
  EXPECT_EQ(sign_in("romeo@example.org", "sec:ret"), 204);
  EXPECT_EQ(ask_as("bAsIc " + encode_base64("juliet:sec:ret"), "DELETE", path).status(), 204);
  for (auto const& call : house.calls) EXPECT_TRUE(call.ends_with(phone)) << call;
}

TEST_F(DeviceDoorTest, NobodyElseIsLetIn) {
  for (auto const& [user, password] : std::vector<std::pair<std::string, std::string>>{{"juliet", "wrong"},
                                                                                       {"juliet", ""},
                                                                                       {"juliet", "sec:ret "},
                                                                                       {"romeo", "sec:ret"},
                                                                                       {"nobody", "sec:ret"},
                                                                                       {"", "sec:ret"},
                                                                                       {"@", "sec:ret"},
                                                                                       {"juliet@", "x"},
                                                                                       {std::string(5000, 'j'), "x"}}) {
    auto const heard = ask_as(basic(user, password), "DELETE", path);
    EXPECT_EQ(heard.status(), 401) << user;
    EXPECT_EQ(heard.problem(), "unauthorised");
    EXPECT_EQ(heard.response->headers.find("www-authenticate"), R"(Basic realm="reveille", charset="UTF-8")");
    EXPECT_TRUE(connection->is_ending) << "the next guess costs a handshake";
  }
  for (auto const* authorization : {"", "Basic", "Basic ", "Basic !!!", "Basic anVsaWV0", "Bearer abc", "Digest x"}) {
    EXPECT_EQ(ask_as(authorization, "DELETE", path).status(), 401) << authorization;
    EXPECT_FALSE(connection->is_ending) << "that was no guess";
  }
  EXPECT_TRUE(house.calls.empty());
}

TEST_F(DeviceDoorTest, GuessingEndsBySourceAndAccount) {
  for (unsigned i = 0; i < Guesses::most; ++i) EXPECT_EQ(sign_in("juliet", "guess"), 401);
  auto const lookups = house.lookups;
  auto const heard = ask_as(basic("juliet@localhost", "sec:ret"), "DELETE", path);
  EXPECT_EQ(heard.status(), 429) << "even the right one";
  EXPECT_EQ(heard.problem(), "too-many-guesses");
  EXPECT_EQ(heard.response->headers.find("retry-after"), "600");
  EXPECT_EQ(house.lookups, lookups);
  remote = "192.0.2.1:9999";
  EXPECT_EQ(sign_in("juliet", "sec:ret"), 429) << "another port is the same source";
  EXPECT_EQ(sign_in("romeo@example.org", "sec:ret"), 204) << "others of that place may come in";
  remote = "192.0.2.2:4711";
  EXPECT_EQ(sign_in("juliet", "sec:ret"), 204) << "nobody is locked out from elsewhere";
  remote = "192.0.2.1:4711";
  clock.advance(Guesses::within);
  EXPECT_EQ(sign_in("juliet", "sec:ret"), 204);
}

TEST_F(DeviceDoorTest, AnIpv6SourceIsItsSubnet) {
  for (unsigned i = 0; i < Guesses::most; ++i) {
    remote = "[2001:db8::" + std::to_string(i) + "]:4711";
    EXPECT_EQ(sign_in("juliet", "guess"), 401);
  }
  remote = "[2001:db8::ffff]:4711";
  EXPECT_EQ(sign_in("juliet", "sec:ret"), 429);
  remote = "[2001:db8:0:1::1]:4711";
  EXPECT_EQ(sign_in("juliet", "sec:ret"), 204);
}

TEST_F(DeviceDoorTest, WatchesSoManySourcesAndNoMore) {
  Guesses guesses{7};
  auto const now = clock.now();
  auto const source = [](std::size_t i) {
    return "10." + std::to_string(i >> 16) + '.' + std::to_string((i >> 8) & 255) + '.' + std::to_string(i & 255) +
           ":1";
  };
  for (std::size_t i = 0; i < Guesses::most_watched + 10; ++i) guesses.count(source(i), "juliet", now);
  EXPECT_EQ(guesses.watched(), Guesses::most_watched);
  guesses.count(source(0), "juliet", now + Guesses::within);
  EXPECT_EQ(guesses.watched(), 1U) << "what is old is forgotten";
}

TEST_F(DeviceDoorTest, SaysSoWhenNobodyCanBeAsked) {
  house.busy = true;
  auto const heard = ask("DELETE", path);
  EXPECT_EQ(heard.status(), 503);
  EXPECT_TRUE(heard.response->headers.find("retry-after"));
}

TEST_F(DeviceDoorTest, ADeviceIsRegisteredFieldByField) {
  auto const heard = ask("PUT", path, R"({"channels":{"voip":{"token":"0123456789abcdef"}},"services":["call"]})");
  ASSERT_EQ(heard.status(), 200);
  EXPECT_EQ(heard.body().at("account"), "juliet@localhost");
  EXPECT_EQ(heard.body().at("instance"), phone);
  EXPECT_EQ(heard.response->body.find("0123456789abcdef"), std::string::npos) << "no token leaves whole";
  auto const& update = house.updates.at(0);
  EXPECT_EQ(update.instance.value, phone);
  EXPECT_EQ(update.voip_token, "0123456789abcdef");
  EXPECT_EQ(update.freshness, Freshness::anew);
  EXPECT_FALSE(update.message_token || update.mode || update.os_version) << "what is not named stays";
  EXPECT_EQ(ask("PUT", path, R"({"account":"Juliet@localhost","app":"x"})").status(), 200);
}

TEST_F(DeviceDoorTest, NobodyRegistersForSomeoneElse) {
  for (auto const* method : {"PUT", "PATCH"}) {
    auto const heard = ask(method, path, R"({"account":"romeo@example.org","mode":"background"})");
    EXPECT_EQ(heard.status(), 422);
    EXPECT_EQ(heard.body().at("field"), "account");
  }
  EXPECT_TRUE(house.calls.empty());
}

TEST_F(DeviceDoorTest, ModeAndSignOut) {
  std::string upper = phone;
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto const heard = ask("PATCH", "/v1/devices/" + upper, R"({"mode":"background"})");
  ASSERT_EQ(heard.status(), 200);
  EXPECT_EQ(heard.body().at("mode"), "background");
  EXPECT_EQ(ask("DELETE", path).status(), 204);
  EXPECT_EQ(house.calls, (std::vector{"mode juliet@localhost " + std::string(phone) + " background",
                                      "out juliet@localhost " + std::string(phone)}));
}

TEST_F(DeviceDoorTest, BlamesWhatIsWrongInABody) {
  auto const blamed = [&](char const* method, char const* body) {
    auto const heard = ask(method, path, body);
    return std::to_string(heard.status()) + ' ' +
           (heard.status() == 422 ? std::string(heard.body().at("field").as_string()) : heard.problem());
  };
  EXPECT_EQ(blamed("PUT", "nonsense"), "400 malformed");
  EXPECT_EQ(blamed("PUT", R"({"platform":"toaster"})"), "422 platform");
  EXPECT_EQ(blamed("PUT", R"({"channels":{"voip":{}}})"), "422 channels.voip.token");
  EXPECT_EQ(blamed("PUT", R"({"tokens":{}})"), "422 tokens");
  EXPECT_EQ(blamed("PATCH", R"({})"), "422 mode");
  EXPECT_EQ(blamed("PATCH", R"({"mode":"asleep"})"), "422 mode");
  EXPECT_EQ(blamed("PATCH", R"({"mode":"background","app":"x"})"), "422 app");
  EXPECT_TRUE(house.calls.empty());
}

TEST_F(DeviceDoorTest, EveryRefusalIsAProblemWithAStatus) {
  std::map<DeviceRefusal, std::pair<int, char const*>> const told{
      {DeviceRefusal::not_found, {404, "not-found"}},
      {DeviceRefusal::too_many_devices, {422, "too-many-devices"}},
      {DeviceRefusal::overloaded, {503, "overloaded"}},
      {DeviceRefusal::storage, {503, "storage"}}};
  for (auto const& [refusal, what] : told) {
    house.refusal = refusal;
    for (auto const& heard :
         {ask("PUT", path, R"({"app":"x"})"), ask("PATCH", path, R"({"mode":"background"})"), ask("DELETE", path)}) {
      EXPECT_EQ(heard.status(), what.first);
      EXPECT_EQ(heard.problem(), what.second);
      EXPECT_EQ(heard.response->headers.find("content-type"), "application/problem+json");
      EXPECT_EQ(heard.response->headers.find("retry-after").has_value(), what.first == 503);
    }
  }
}

TEST_F(DeviceDoorTest, WhatIsNotThereIsSaidToBeSo) {
  for (auto const* where : {"/", "/v1/devices", "/v1/devices/", "/v1/devices/my-phone", "/v1/notifications",
                            "/v1/devicesx/7d1f5a60-2c1e-4b7a-9d55-0c1e2f3a4b5c"})
    EXPECT_EQ(ask("PUT", where, "{}").status(), 404) << where;
  auto const heard = ask("GET", path);
  EXPECT_EQ(heard.status(), 405);
  EXPECT_EQ(heard.response->headers.find("allow"), "PUT, PATCH, DELETE");
  auto const written = ask("DELETE", "/openapi.json");
  EXPECT_EQ(written.status(), 405);
  EXPECT_EQ(written.response->headers.find("allow"), "GET, HEAD");
}

TEST_F(DeviceDoorTest, BesideTenantsItTakesWhatIsAUsers) {
  DeviceDoor beside{{.devices = house, .credentials = house}, clock, random, "localhost", DeviceDoor::Beside::tenants};
  auto const takes = [&](std::string where, std::string authorization) {
    edge::HttpRequest request{.path = std::move(where)};
    if (!authorization.empty()) request.headers.add("authorization", std::move(authorization));
    EXPECT_TRUE(door.takes(request)) << "alone it takes everything";
    return beside.takes(request);
  };
  EXPECT_TRUE(takes(path, basic("juliet", "sec:ret")));
  EXPECT_TRUE(takes(path, "")) << "and names both ways to sign in";
  EXPECT_FALSE(takes(path, "bearer abc"));
  EXPECT_FALSE(takes("/oauth2/token", basic("client", "secret")));
  EXPECT_FALSE(takes("/v1/notifications", basic("juliet", "sec:ret")));
  EXPECT_FALSE(takes("/openapi.json", ""));
  EXPECT_FALSE(takes("/v1/devicesx", ""));
  auto heard = std::make_shared<Heard>();
  beside.handle({.method = "PUT", .path = path}, edge::Responder{heard});
  EXPECT_EQ(heard->response->headers.count("www-authenticate"), 2U);
}

TEST_F(DeviceDoorTest, ItsDescriptionNamesEveryRouteAndRefusal) {
  auto const heard = ask_as("", "GET", "/openapi.json");
  ASSERT_EQ(heard.status(), 200);
  test::Description const description{heard.response->body};
  description.check();
  std::string const device = "/v1/devices/{device}";
  EXPECT_EQ(description.operations(), (std::set{"put " + device, "patch " + device, "delete " + device}));
  using enum DeviceRefusal;
  for (auto const& [method, refusals] :
       std::map<std::string, std::vector<DeviceRefusal>>{{"put", {too_many_devices, overloaded, storage}},
                                                         {"patch", {not_found}},
                                                         {"delete", {not_found, overloaded}}})
    for (auto const refusal : refusals) {
      auto const problem = problem_of(refusal);
      EXPECT_TRUE(description.names(device, method, problem.status, problem.name)) << method << problem.name;
    }
  for (auto const* method : {"put", "patch", "delete"})
    for (auto const& [status, name] : std::map<int, std::string>{{401, "unauthorised"},
                                                                 {404, "not-found"},
                                                                 {405, "method-not-allowed"},
                                                                 {413, "content-too-large"},
                                                                 {429, "too-many-guesses"},
                                                                 {503, "overloaded"}})
      EXPECT_TRUE(description.names(device, method, status, name)) << method << name;
}

}  // namespace
}  // namespace reveille::arrive
