// The push service's JSON: what is read, what is blamed, and what is said.
#include "arrive/rest/push_json.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace reveille::arrive {
namespace {

namespace json = boost::json;
using namespace model;

constexpr auto some_uuid = "7d1f5a60-2c1e-4b7a-9d55-0c1e2f3a4b5c";
Instant const now = from_unix_seconds(1'800'000'000);

// A whole request, with one member changed or (null) taken away.
json::object with(std::string_view name, json::value value) {
  json::object request{{"target", json::object{{"provider", "apns"},
                                               {"token", "aa"},
                                               {"topic", "app"},
                                               {"team", "TEAM123456"},
                                               {"environment", "sandbox"}}},
                       {"class", "message"},
                       {"payload", json::object{{"v", 1}}}};
  if (!name.empty()) request[name] = std::move(value);
  return request;
}

std::string blamed(std::string_view name, json::value value) {
  auto const read = read_notification(json::serialize(with(name, std::move(value))), now);
  if (read) return "nothing";
  EXPECT_EQ(read.error().name, "invalid-field");
  EXPECT_EQ(read.error().status, 422);
  return read.error().field;
}

TEST(PushJson, ReadsAWholeRequest) {
  auto body = with("expires_at", "2027-01-15T08:00:30Z");
  body["channel"] = "voip";
  body["account"] = "Juliet@Example";
  body["instance"] = "7D1F5A60-2C1E-4B7A-9D55-0C1E2F3A4B5C";
  body["conversation"] = "c1";
  body["tracking_id"] = "t1";
  body["badge"] = 7;
  body["alert"] = json::object{{"title", "Romeo"}, {"body", "But soft"}};
  auto const read = read_notification(json::serialize(body), now);
  ASSERT_TRUE(read) << read.error().detail;
  auto const& request = read->request;
  EXPECT_EQ(request.target.provider, Provider::apns);
  EXPECT_EQ(request.target.environment, Environment::sandbox);
  EXPECT_EQ(request.target.team, "TEAM123456");
  EXPECT_EQ(request.channel, ChannelName::voip);
  EXPECT_EQ(request.account.value, "juliet@example");
  EXPECT_EQ(request.instance.value, some_uuid);
  EXPECT_EQ(request.expires_at, now + 30s);
  EXPECT_EQ(request.badge, 7U);
  EXPECT_EQ(request.alert_title, "Romeo");
  EXPECT_EQ(request.payload, R"({"v":1})");
}

TEST(PushJson, FillsInWhatIsUsual) {
  std::pair<char const*, Duration> const lives[] = {{"call", 30s},        {"message", 24h},
                                                    {"missed_call", 24h}, {"answered_elsewhere", 24h},
                                                    {"clear", 1h},        {"background", 1h}};
  for (auto const& [name, life] : lives) {
    auto const read = read_notification(json::serialize(with("class", name)), now);
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->request.expires_at, now + life) << name;
    EXPECT_EQ(read->request.channel, std::string_view(name) == "call" ? ChannelName::voip : ChannelName::message);
  }
  EXPECT_EQ(read_notification(json::serialize(with("payload", nullptr)), now)->request.payload, "{}");
}

TEST(PushJson, BlamesWhatNoProviderCouldBeSent) {
  auto target = with("", nullptr).at("target").as_object();
  target["token"] = "not hexadecimal";
  EXPECT_EQ(blamed("target", target), "target.token");
  target["provider"] = "fcm";
  EXPECT_EQ(blamed("target", target), "nothing");
  for (auto const* text : {"a\r\nb", "a\x01", "a\x7f", " a", "a "}) {
    target["topic"] = text;
    EXPECT_EQ(blamed("target", target), "target.topic");
    EXPECT_EQ(blamed("conversation", text), "conversation");
    EXPECT_EQ(blamed("tracking_id", text), "tracking_id");
  }
  EXPECT_EQ(blamed("conversation", "ein Gespräch"), "nothing");
}

TEST(PushJson, BlamesTheFieldThatIsWrong) {
  EXPECT_EQ(blamed("class", "shout"), "class");
  EXPECT_EQ(blamed("class", nullptr), "class");
  EXPECT_EQ(blamed("channel", "fax"), "channel");
  EXPECT_EQ(blamed("target", nullptr), "target");
  EXPECT_EQ(blamed("target", "phone"), "target");
  EXPECT_EQ(blamed("target", json::object{{"provider", "apns"}}), "target.token");
  EXPECT_EQ(blamed("target", json::object{{"provider", "telex"}}), "target.provider");
  EXPECT_EQ(blamed("device", some_uuid), "target") << "both, or neither";
  EXPECT_EQ(blamed("device", nullptr), "nothing");
  EXPECT_EQ(blamed("device", "my phone"), "device");
  EXPECT_EQ(blamed("account", "nobody"), "account");
  EXPECT_EQ(blamed("expires_at", "tomorrow"), "expires_at");
  EXPECT_EQ(blamed("expires_at", "2027-03-15T08:00:00Z"), "expires_at") << "more than 30 days ahead";
  EXPECT_EQ(blamed("badge", -1), "badge");
  EXPECT_EQ(blamed("badge", 1.5), "badge");
  EXPECT_EQ(blamed("payload", json::array{}), "payload");
  EXPECT_EQ(blamed("payload", json::object{{"x", std::string(6000, 'x')}}), "payload");
  EXPECT_EQ(blamed("conversation", json::string(65, 'x')), "conversation");
  EXPECT_EQ(blamed("tracking_id", json::string("a\0b", 3)), "tracking_id");
  EXPECT_EQ(blamed("alert", json::object{{"titel", "x"}}), "alert.titel");
  EXPECT_EQ(blamed("claas", "call"), "claas") << "a misspelt member is not ignored";
  EXPECT_EQ(blamed("<script>", 1), "(unnamed)") << "the peer's own words are not repeated";
}

TEST(PushJson, TakesNoOtherBody) {
  for (std::string const body : {"", "[]", "null", "{", "{\"a\":1}x", "\xff", R"({"a":"\ud800"})"}) {
    auto const read = read_notification(body, now);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().name, "malformed") << body;
    EXPECT_EQ(read.error().status, 400);
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += R"({"a":)";
  EXPECT_FALSE(read_notification(deep, now));
}

TEST(PushJson, ReadsADeviceFieldByField) {
  auto const read = read_device(
      R"({"account":"juliet@example","app":"org.example","platform":"ios","os_version":"18.0","provider":"apns",
          "environment":"sandbox","team":"TEAM123456","mode":"background","away_in_background":true,
          "channels":{"layout":"split","voip":{"token":"aa"},"message":{"token":"bb"}},"services":["call"],
          "content_key":{"kid":"1","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}})");
  ASSERT_TRUE(read) << read.error().detail;
  auto const& update = read->update;
  EXPECT_EQ(update.voip_token, "aa");
  EXPECT_EQ(update.message_token, "bb");
  EXPECT_EQ(update.uses_call, true);
  EXPECT_EQ(update.uses_im, false);
  EXPECT_EQ(update.away_in_background, true);
  ASSERT_TRUE(update.content_key);
  EXPECT_EQ(update.content_key->key.size(), 32U);

  auto const little = read_device(R"({"account":"juliet@example"})");
  ASSERT_TRUE(little);
  EXPECT_FALSE(little->update.app || little->update.voip_token || little->update.uses_call)
      << "what is not named stays as it is";
}

TEST(PushJson, BlamesADevicesFields) {
  auto const field = [](std::string_view body) {
    auto const read = read_device(body);
    return read ? "nothing" : read.error().field;
  };
  EXPECT_EQ(field(R"({})"), "nothing");
  EXPECT_EQ(field(R"({"account":"j"})"), "account");
  EXPECT_EQ(field(R"({"account":"j@e","platform":"toaster"})"), "platform");
  EXPECT_EQ(field(R"({"account":"j@e","channels":{"voip":{}}})"), "channels.voip.token");
  EXPECT_EQ(field(R"({"account":"j@e","channels":{"fax":{}}})"), "channels.fax");
  EXPECT_EQ(field(R"({"account":"j@e","services":["call","fax"]})"), "services");
  EXPECT_EQ(field(R"({"account":"j@e","services":"call"})"), "services");
  EXPECT_EQ(field(R"({"account":"j@e","content_key":{"kid":"1","k":"AAAA"}})"), "content_key.k");
  EXPECT_EQ(read_device_mode(R"({"account":"j@e"})").error().field, "mode");
  EXPECT_EQ(read_device_mode(R"({"account":"j@e","mode":"background","app":"x"})").error().field, "app");
}

TEST(PushJson, AReceiptNamesOneThing) {
  EXPECT_EQ(read_receipt(R"({"id":"x"})")->id.value, "x");
  EXPECT_EQ(read_receipt(R"({"tracking_id":"t"})")->tracking.value, "t");
  EXPECT_EQ(read_receipt(R"({"id":"x","tracking_id":"t"})").error().field, "id");
  EXPECT_EQ(read_receipt(R"({})").error().field, "id");
}

TEST(PushJson, TellsAVerdictOnceThereIsOne) {
  NotificationView view{.id = PushId{"p1"}, .push_class = PushClass::call, .expires_at = now};
  view.milestones = {{.name = Milestone::accepted, .at = now}, {.name = Milestone::sent, .at = now + 25ms}};
  EXPECT_EQ(brief_json(view), R"({"id":"p1","state":"accepted"})");
  view.receipt = {.state = PushState::refused,
                  .provider_status = 410,
                  .reason = "Unregistered",
                  .token = TokenVerdict::dead,
                  .dead_since = now};
  auto const told = json::parse(full_json(view)).as_object();
  EXPECT_EQ(told.at("verdict").as_object().at("token"), "dead");
  EXPECT_EQ(told.at("verdict").as_object().at("provider_status"), 410);
  EXPECT_EQ(told.at("verdict").as_object().at("dead_since"), "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(told.at("milestones").as_array().at(1).as_object().at("ms"), 25);
}

// interfaces.md section 3: as in a trace.
TEST(PushJson, AMilestoneSaysAsNullWhatItDoesNotKnow) {
  NotificationView view{.id = PushId{"p1"}};
  view.milestones = {{.name = Milestone::refused, .at = now, .why = Why::token_dead}};
  auto const milestone = [&] {
    return json::serialize(json::parse(full_json(view)).as_object().at("milestones").as_array().at(0));
  };
  EXPECT_EQ(milestone(),
            R"({"at":"2027-01-15T08:00:00.000Z","ms":0,"name":"refused","device":null,"why":"token_dead"})");
  view.instance = InstanceId{"phone"};
  view.milestones[0].why = Why::none;
  EXPECT_EQ(milestone(), R"({"at":"2027-01-15T08:00:00.000Z","ms":0,"name":"refused","device":"phone","why":null})");
}

}  // namespace
}  // namespace reveille::arrive
