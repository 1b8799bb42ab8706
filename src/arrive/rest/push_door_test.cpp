// PushDoor as its tenants meet it: who is let in, what is read, what comes back. The service behind it is the test's.
#include "arrive/rest/push_door.hpp"

#include "arrive/rest/heard_test.hpp"
#include "arrive/rest/openapi_test.hpp"
#include "base/encoding.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace reveille::arrive {
namespace {

namespace json = boost::json;
using namespace model;
using test::Heard;

constexpr auto some_uuid = "7d1f5a60-2c1e-4b7a-9d55-0c1e2f3a4b5c";

class Service final : public PushServicePort {
 public:
  void request(Notification notification, WaitUntil wait, Answer<NotificationView> answer) override {
    asked.push_back(std::move(notification));
    waited = wait;
    answer(tell(asked.back().request.id));
  }
  void find(TenantId const& tenant, PushId const& id, WaitUntil, Answer<NotificationView> answer) override {
    calls.push_back("find " + tenant.value + ' ' + id.value);
    answer(tell(id));
  }
  void take_back(TenantId const& tenant, PushId const& id, Answer<NotificationView> answer) override {
    calls.push_back("take back " + tenant.value + ' ' + id.value);
    answer(tell(id));
  }
  void acknowledge(TenantId const& tenant, ClientReceipt const& receipt, Answer<NotificationView> answer) override {
    calls.push_back("acknowledge " + tenant.value + ' ' + receipt.id.value + receipt.tracking.value);
    answer(tell(receipt.id));
  }
  void put_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance, DeviceUpdate update,
                  Answer<OwnedDevice> answer) override {
    calls.push_back("put " + tenant.value + ' ' + account.value + ' ' + instance.value);
    Device device{.instance = instance};
    if (update.voip_token) device.voip = {.token = *update.voip_token};
    if (refusal) return answer(std::unexpected(*refusal));
    answer(OwnedDevice{.account = account, .device = device});
  }
  void set_device_mode(TenantId const& tenant, AccountId const& account, InstanceId const& instance, Mode mode,
                       Answer<OwnedDevice> answer) override {
    calls.push_back("mode " + tenant.value + ' ' + account.value + ' ' + instance.value + ' ' +
                    std::string(name_of(mode)));
    if (refusal) return answer(std::unexpected(*refusal));
    answer(OwnedDevice{.account = account.empty() ? AccountId{"juliet@example"} : account,
                       .device = {.instance = instance}});
  }
  void remove_device(TenantId const& tenant, AccountId const& account, InstanceId const& instance,
                     Answer<void> answer) override {
    calls.push_back("remove " + tenant.value + ' ' + account.value + ' ' + instance.value);
    if (refusal) return answer(std::unexpected(*refusal));
    answer({});
  }
  [[nodiscard]] bool has_credential(TenantId const&, Provider, Environment) const override { return true; }
  [[nodiscard]] bool serves(TenantId const&, Provider provider, Environment environment) const override {
    return provider == Provider::apns && environment == Environment::sandbox;
  }

  std::vector<Notification> asked = {};
  std::vector<std::string> calls = {};
  WaitUntil waited = {};
  PushState state = PushState::accepted;
  std::optional<PushRefusal> refusal = {};

 private:
  Result<NotificationView, PushRefusal> tell(PushId const& id) const {
    if (refusal) return std::unexpected(*refusal);
    return NotificationView{.id = id, .receipt = {.id = id, .state = state}};
  }
};

class Clients final : public PushClientPort {
 public:
  [[nodiscard]] PushClient const* find(std::string_view id) const override {
    auto const found = all.find(std::string(id));
    return found == all.end() ? nullptr : &found->second;
  }
  [[nodiscard]] Secret const& signing_key() const override { return key; }

  std::map<std::string, PushClient> all = {};
  Secret key{"a signing key"};
};

class PushDoorTest : public testing::Test {
 protected:
  PushDoorTest() : made(make_push_client(TenantId{"verona"}, random)) {
    clients.all[made.client.id] = made.client;
    token = sign_access_token(
        {.tenant = TenantId{"verona"}, .client_id = made.client.id, .expires_at = clock.now() + 1h}, clients.key);
  }

  Heard ask_as_stranger(edge::HttpRequest request) {
    auto heard = std::make_shared<Heard>();
    door.handle(std::move(request), edge::Responder{heard});
    EXPECT_TRUE(heard->response) << "no answer";
    return *heard;
  }
  Heard ask(std::string method, std::string path, std::string body = {}, edge::HttpFields more = {}) {
    edge::HttpRequest request{
        .method = std::move(method), .path = std::move(path), .headers = std::move(more), .body = std::move(body)};
    if (auto const mark = request.path.find('?'); mark != std::string::npos) {
      request.query = request.path.substr(mark + 1);
      request.path.resize(mark);
    }
    request.headers.add("authorization", "Bearer " + token);
    return ask_as_stranger(std::move(request));
  }
  Heard ask_token(std::string form, std::string authorization = {}) {
    edge::HttpRequest request{.method = "POST", .path = "/oauth2/token", .body = std::move(form)};
    if (!authorization.empty()) request.headers.add("authorization", std::move(authorization));
    return ask_as_stranger(std::move(request));
  }

  static constexpr auto a_call =
      R"({"target":{"provider":"apns","token":"aa","topic":"app"},"class":"call","payload":{"v":1}})";

  VirtualClock clock;
  SystemRandom random;
  NewPushClient made;
  Service service;
  Clients clients;
  std::string token;
  PushDoor door{service, clients, clock, random};
};

TEST_F(PushDoorTest, GivesATokenForASecretInEitherPlace) {
  auto const pair = made.client.id + ':' + std::string(made.secret.reveal());
  auto const form = "grant_type=client_credentials&client_id=" + made.client.id +
                    "&client_secret=" + std::string(made.secret.reveal());
  for (auto const& heard :
       {ask_token("grant_type=client_credentials", "Basic " + encode_base64(pair)),
        ask_token("grant_type=client_credentials", "basic " + encode_base64(pair)), ask_token(form)}) {
    ASSERT_EQ(heard.status(), 200);
    EXPECT_EQ(heard.body().at("token_type"), "Bearer");
    EXPECT_LE(heard.body().at("expires_in").as_int64(), 3600);
    EXPECT_EQ(heard.response->headers.find("cache-control"), "no-store");
    EXPECT_EQ(heard.response->headers.find("pragma"), "no-cache");
    token = std::string(heard.body().at("access_token").as_string());
    EXPECT_EQ(ask("GET", "/v1/providers").status(), 200);
  }
}

TEST_F(PushDoorTest, GivesNoTokenOtherwise) {
  auto const no = [&](std::string form, std::string authorization, int status, char const* error) {
    auto const heard = ask_token(std::move(form), std::move(authorization));
    EXPECT_EQ(heard.status(), status);
    EXPECT_EQ(heard.body().at("error"), error);
    EXPECT_EQ(heard.response->headers.find("pragma"), "no-cache");
  };
  auto const wrong = "Basic " + encode_base64(made.client.id + ":wrong");
  no("grant_type=client_credentials", wrong, 401, "invalid_client");
  no("grant_type=client_credentials", "Basic !!!", 401, "invalid_client");
  no("grant_type=client_credentials", "", 401, "invalid_client");
  no("grant_type=password", wrong, 400, "unsupported_grant_type");
  no("", wrong, 400, "invalid_request");
}

TEST_F(PushDoorTest, GivesNoTokenForWhatSaysTwoThings) {
  std::string const secret{made.secret.reveal()};
  auto const basic = "Basic " + encode_base64(made.client.id + ':' + secret);
  auto const in_form = "&client_id=" + made.client.id + "&client_secret=" + secret;
  std::string const grant = "grant_type=client_credentials";
  for (auto const& [form, authorization] : {std::pair{grant + '&' + grant, basic},
                                            {grant + in_form, basic},
                                            {grant + "&client_secret=x", basic},
                                            {grant + in_form + "&client_id=" + made.client.id, std::string{}},
                                            {grant + "&scope=a&scope=b", basic}}) {
    auto const heard = ask_token(form, authorization);
    EXPECT_EQ(heard.status(), 400) << form;
    EXPECT_EQ(heard.body().at("error"), "invalid_request");
  }
  EXPECT_EQ(ask_token(grant + "&client_secret=&client_id=" + made.client.id, basic).status(), 200)
      << "without a value it is none";
}

TEST_F(PushDoorTest, LetsNobodyInWithoutAGoodToken) {
  auto const refused = [&](std::string authorization) {
    edge::HttpRequest request{.method = "GET", .path = "/v1/providers"};
    if (!authorization.empty()) request.headers.add("authorization", std::move(authorization));
    auto const heard = ask_as_stranger(std::move(request));
    EXPECT_EQ(heard.status(), 401);
    EXPECT_EQ(heard.problem(), "unauthorised");
    EXPECT_EQ(heard.response->headers.find("www-authenticate"), "Bearer");
  };
  refused("");
  refused("Bearer");
  refused("Bearer ");
  refused("Bearer nonsense");
  refused("Basic " + token);
  auto changed = token;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  refused("Bearer " + changed);
  clock.advance(61min);
  refused("Bearer " + token);
}

TEST_F(PushDoorTest, ARemovedClientIsOutAtOnce) {
  clients.all.clear();
  EXPECT_EQ(ask("GET", "/v1/providers").status(), 401);
}

TEST_F(PushDoorTest, ARequestBecomesANotificationOfItsTenant) {
  auto const heard = ask("POST", "/v1/notifications", a_call, {{"idempotency-key", some_uuid}});
  ASSERT_EQ(heard.status(), 202);
  EXPECT_EQ(heard.body().at("id"), some_uuid);
  EXPECT_EQ(heard.body().at("state"), "accepted");
  auto const& asked = service.asked.at(0);
  EXPECT_EQ(asked.tenant.value, "verona");
  EXPECT_EQ(asked.request.push_class, PushClass::call);
  EXPECT_EQ(asked.request.channel, ChannelName::voip) << "a call's usual one";
  EXPECT_EQ(asked.request.payload, R"({"v":1})");
  EXPECT_FALSE(service.waited);
}

TEST_F(PushDoorTest, AKeyMakesTheId) {
  std::string upper = some_uuid;
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  (void)ask("POST", "/v1/notifications", a_call, {{"idempotency-key", upper}});
  (void)ask("POST", "/v1/notifications", a_call, {{"idempotency-key", "order 66"}});
  (void)ask("POST", "/v1/notifications", a_call, {{"idempotency-key", "order 66"}});
  (void)ask("POST", "/v1/notifications", a_call);
  (void)ask("POST", "/v1/notifications", a_call);
  auto const id = [&](std::size_t i) { return service.asked.at(i).request.id.value; };
  EXPECT_EQ(id(0), some_uuid);
  EXPECT_EQ(id(1), id(2));
  EXPECT_TRUE(is_uuid(id(1)));
  EXPECT_NE(id(3), id(4));
  EXPECT_EQ(service.asked.at(1).fingerprint, service.asked.at(2).fingerprint);
  for (auto const& key : {std::string{}, std::string(256, 'x')}) {
    auto const heard = ask("POST", "/v1/notifications", a_call, {{"idempotency-key", key}});
    EXPECT_EQ(heard.status(), 400);
    EXPECT_EQ(heard.problem(), "invalid-header");
    EXPECT_EQ(heard.body().at("field"), "Idempotency-Key");
  }
}

TEST_F(PushDoorTest, WaitsAsLongAsItIsAskedToAndNoLongerThanAMinute) {
  auto const waits = [&](char const* prefer) {
    (void)ask("POST", "/v1/notifications", a_call, {{"prefer", prefer}});
    return service.waited ? *service.waited - clock.now() : Duration{-1};
  };
  EXPECT_EQ(waits("wait=7"), 7s);
  EXPECT_EQ(waits("respond-async, wait=7"), 7s);
  EXPECT_EQ(waits("wait=9999"), 60s);
  EXPECT_EQ(waits("wait=soon"), Duration{-1});
  EXPECT_EQ(waits("return=minimal"), Duration{-1});
  service.state = PushState::accepted_by_provider;
  EXPECT_EQ(ask("POST", "/v1/notifications", a_call, {{"prefer", "wait=7"}}).status(), 200);
  EXPECT_EQ(ask("POST", "/v1/notifications", a_call).status(), 202) << "who does not wait is told less";
}

TEST_F(PushDoorTest, ANotificationIsReadAndTakenBackByAnySpellingOfItsId) {
  std::string upper = some_uuid;
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(ask("GET", "/v1/notifications/" + upper).status(), 200);
  EXPECT_EQ(ask("DELETE", "/v1/notifications/" + upper).status(), 200);
  EXPECT_EQ(ask("POST", "/v1/receipts", R"({"id":")" + upper + R"("})").status(), 200);
  EXPECT_EQ(service.calls,
            (std::vector{"find verona " + std::string(some_uuid), "take back verona " + std::string(some_uuid),
                         "acknowledge verona " + std::string(some_uuid)}));
}

TEST_F(PushDoorTest, DevicesComeAndGo) {
  auto const path = "/v1/devices/" + std::string(some_uuid);
  auto const put = ask("PUT", path, R"({"account":"Juliet@Example","channels":{"voip":{"token":"0123456789abcdef"}}})");
  ASSERT_EQ(put.status(), 200);
  EXPECT_EQ(put.response->body.find("0123456789abcdef"), std::string::npos) << "no token leaves whole";
  EXPECT_EQ(ask("PATCH", path, R"({"account":"juliet@example","mode":"background"})").status(), 200);
  EXPECT_EQ(ask("DELETE", path + "?account=Juliet%40Example").status(), 204);
  EXPECT_EQ(ask("DELETE", path).status(), 204);
  EXPECT_EQ(ask("DELETE", path + "?account=nobody").problem(), "invalid-field");
  EXPECT_EQ(ask("DELETE", "/v1/devices/my-phone").problem(), "not-found");
  auto const named = "verona juliet@example " + std::string(some_uuid);
  EXPECT_EQ(service.calls, (std::vector{"put " + named, "mode " + named + " background", "remove " + named,
                                        "remove verona  " + std::string(some_uuid)}));
}

TEST_F(PushDoorTest, AModeNeedsNoAccountAndARegistrationDoes) {
  auto const path = "/v1/devices/" + std::string(some_uuid);
  auto const said = ask("PATCH", path, R"({"mode":"background"})");
  EXPECT_EQ(said.status(), 200);
  EXPECT_EQ(said.body().at("account"), "juliet@example") << "whose it is, is told";
  EXPECT_EQ(service.calls, (std::vector{"mode verona  " + std::string(some_uuid) + " background"}));
  service.refusal = PushRefusal::not_found;
  EXPECT_EQ(ask("PATCH", path, R"({"mode":"background"})").status(), 404);
  service.refusal = PushRefusal::no_device;
  EXPECT_EQ(ask("PATCH", path, R"({"mode":"background"})").problem(), "no-such-device");
  auto const put = ask("PUT", path, R"({"app":"org.example"})");
  EXPECT_EQ(put.status(), 422);
  EXPECT_EQ(put.body().at("field"), "account");
}

TEST_F(PushDoorTest, WhatIsNotThereIsSaidToBeSo) {
  for (auto const* path : {"/", "/v1", "/v1/notification", "/v1/notificationsx", "/v1/receipts/x", "/v1/providers/x"}) {
    auto const heard = ask("POST", path);
    EXPECT_EQ(heard.status(), 404) << path;
    EXPECT_EQ(heard.problem(), "not-found");
    EXPECT_EQ(heard.response->headers.find("content-type"), "application/problem+json");
  }
  std::map<std::pair<std::string, std::string>, std::string> const wrong{
      {{"GET", "/v1/notifications"}, "POST"},
      {{"PUT", "/v1/notifications/" + std::string(some_uuid)}, "GET, DELETE"},
      {{"GET", "/v1/devices/" + std::string(some_uuid)}, "PUT, PATCH, DELETE"},
      {{"GET", "/v1/receipts"}, "POST"},
      {{"POST", "/v1/providers"}, "GET"},
      {{"POST", "/openapi.json"}, "GET, HEAD"},
      {{"DELETE", "/openapi.json"}, "GET, HEAD"},
      {{"GET", "/oauth2/token"}, "POST"}};
  for (auto const& [what, allowed] : wrong) {
    auto const heard = ask(what.first, what.second);
    EXPECT_EQ(heard.status(), 405) << what.second;
    EXPECT_EQ(heard.problem(), "method-not-allowed");
    EXPECT_EQ(heard.response->headers.find("allow"), allowed);
  }
}

TEST_F(PushDoorTest, TellsWhichEnvironmentsOfApnsAreServed) {
  auto const body = ask("GET", "/v1/providers").body();
  EXPECT_EQ(json::serialize(body), R"({"providers":["apns"],"apns":["sandbox"]})");
}

TEST_F(PushDoorTest, EveryRefusalIsAProblemWithAStatus) {
  std::map<PushRefusal, std::pair<int, char const*>> const told{
      {PushRefusal::not_found, {404, "not-found"}},
      {PushRefusal::key_reused, {422, "idempotency-key-reused"}},
      {PushRefusal::no_device, {422, "no-such-device"}},
      {PushRefusal::no_token, {422, "no-token"}},
      {PushRefusal::token_dead, {422, "token-dead"}},
      {PushRefusal::no_credential, {422, "no-credential"}},
      {PushRefusal::too_many, {429, "too-many-open"}},
      {PushRefusal::overloaded, {503, "overloaded"}},
      {PushRefusal::storage, {503, "storage"}},
      {PushRefusal::unfit_target, {422, "unfit-target"}},
      {PushRefusal::unfit_voip_token, {422, "invalid-field"}},
      {PushRefusal::unfit_message_token, {422, "invalid-field"}},
      {PushRefusal::too_large, {422, "payload-too-large"}},
      {PushRefusal::voip_is_for_calls, {422, "voip-is-for-calls"}},
      {PushRefusal::service_not_used, {422, "service-not-used"}},
      {PushRefusal::too_many_devices, {422, "too-many-devices"}}};
  for (auto const& [refusal, what] : told) {
    service.refusal = refusal;
    auto const heard = ask("POST", "/v1/notifications", a_call);
    EXPECT_EQ(heard.status(), what.first);
    EXPECT_EQ(heard.problem(), what.second);
    EXPECT_EQ(heard.body().at("status"), what.first);
    EXPECT_EQ(heard.response->headers.find("retry-after").has_value(), what.first == 429 || what.first == 503);
  }
  service.refusal = PushRefusal::not_found;
  EXPECT_EQ(ask("DELETE", "/v1/devices/" + std::string(some_uuid)).status(), 404);
}

TEST_F(PushDoorTest, ItsDescriptionNamesEveryRouteAndLeadsNowhereElse) {
  auto const heard = ask_as_stranger({.method = "GET", .path = "/openapi.json"});
  ASSERT_EQ(heard.status(), 200);
  test::Description const description{heard.response->body};
  description.check();
  std::string const notification = "/v1/notifications/{id}";
  std::string const device = "/v1/devices/{device}";
  EXPECT_EQ(description.operations(),
            (std::set<std::string>{"post /oauth2/token", "get /openapi.json", "post /v1/notifications",
                                   "get " + notification, "delete " + notification, "put " + device, "patch " + device,
                                   "delete " + device, "post /v1/receipts", "get /v1/providers"}));
  for (auto const& operation : description.operations()) {
    auto const space = operation.find(' ');
    for (int const status : {400, 413, 431, 500})
      EXPECT_TRUE(description.names(operation.substr(space + 1), operation.substr(0, space), status,
                                    problem_of_http(status).name))
          << operation << status;
  }
}

TEST_F(PushDoorTest, BlamesWhatTheRequestNamed) {
  auto const field = [&](PushRefusal refusal, std::string const& method, std::string const& at, std::string body) {
    service.refusal = refusal;
    return ask(method, at, std::move(body)).body().at("field");
  };
  auto const by_device = R"({"device":")" + std::string(some_uuid) + R"(","class":"call"})";
  for (auto const refusal : {PushRefusal::unfit_target, PushRefusal::no_credential}) {
    EXPECT_EQ(field(refusal, "POST", "/v1/notifications", a_call), "target");
    EXPECT_EQ(field(refusal, "POST", "/v1/notifications", by_device), "device");
  }
  auto const device = "/v1/devices/" + std::string(some_uuid);
  auto const body = R"({"account":"juliet@example","channels":{"voip":{"token":"x"}}})";
  EXPECT_EQ(field(PushRefusal::unfit_voip_token, "PUT", device, body), "channels.voip.token");
  EXPECT_EQ(field(PushRefusal::unfit_message_token, "PUT", device, body), "channels.message.token");
}

// What the service may refuse, it refuses here in the words that the description has.
TEST_F(PushDoorTest, ItsDescriptionNamesEveryRefusal) {
  test::Description const description{push_openapi()};
  using enum PushRefusal;
  std::string const device = "/v1/devices/{device}";
  std::string const notification = "/v1/notifications/{id}";
  struct Case {
    std::string method = {};
    std::string path = {};
    std::string body = {};
    std::vector<PushRefusal> refusals = {};
  };
  std::vector<Case> const cases = {
      {"POST",
       "/v1/notifications",
       a_call,
       {key_reused, no_device, no_token, token_dead, no_credential, unfit_target, too_large, voip_is_for_calls,
        too_many, overloaded, storage}},
      {"GET", notification, "", {not_found, overloaded, storage}},
      {"DELETE", notification, "", {not_found, overloaded, storage}},
      {"PUT",
       device,
       R"({"account":"juliet@example"})",
       {unfit_voip_token, unfit_message_token, too_many_devices, overloaded, storage}},
      {"PATCH", device, R"({"mode":"background"})", {not_found, no_device, overloaded, storage}},
      {"DELETE", device, "", {not_found, overloaded, storage}},
      {"POST", "/v1/receipts", R"({"tracking_id":"t"})", {not_found, overloaded, storage}}};
  for (auto const& one : cases) {
    auto method = one.method;
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return std::tolower(c); });
    auto const path = one.path.substr(0, one.path.find('{')) + (one.path.ends_with('}') ? some_uuid : "");
    auto const is_named = [&](Heard const& heard) {
      EXPECT_TRUE(description.names(one.path, method, heard.status(), heard.problem())) << one.path << heard.problem();
    };
    for (auto const refusal : one.refusals) {
      service.refusal = refusal;
      is_named(ask(one.method, path, one.body));
    }
    is_named(ask_as_stranger({.method = one.method, .path = path}));
    if (!one.body.empty()) is_named(ask(one.method, path, "no JSON"));
    if (!one.body.empty()) is_named(ask(one.method, path, R"({"nonsense":1})"));
    if (one.path == device) is_named(ask(one.method, "/v1/devices/none", one.body));
    is_named(ask("BREW", path));
  }
  EXPECT_TRUE(description.names(device, "delete", 422,
                                ask("DELETE", "/v1/devices/" + std::string(some_uuid) + "?account=nobody").problem()));
  auto const key = ask("POST", "/v1/notifications", a_call, {{"idempotency-key", ""}});
  EXPECT_TRUE(description.names("/v1/notifications", "post", key.status(), key.problem()));
}

}  // namespace
}  // namespace reveille::arrive
