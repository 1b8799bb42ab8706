// From a push request to what APNs reads; provider tokens on their clock grid; the meaning of each reason.
#include "deliver/apns/request.hpp"

#include "deliver/apns/answer.hpp"
#include "deliver/apns/payload.hpp"
#include "deliver/apns/provider_token.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace reveille::deliver::apns {
namespace {

namespace json = boost::json;
using model::ChannelName;
using model::PushClass;
using Verdict = model::ProviderVerdict;

model::PushRequest asked(PushClass push_class, ChannelName channel) {
  return {.id = model::PushId{"00000000-0000-8000-8000-000000000001"},
          .target = {.token = "abcd", .topic = "org.example.phone"},
          .push_class = push_class,
          .channel = channel,
          .expires_at = from_unix_seconds(1'800'000'013),
          .conversation = "c0ffee",
          .tracking = model::TrackingId{"t-1"},
          .payload = R"({"v":1,"type":"x"})"};
}

json::object payload_of(ApnsRequest const& request) {
  return json::parse(request.payload).get_object();
}

TEST(ApnsRequest, ACallOnVoipShowsNothingOfItsOwn) {
  auto const made = make_request(asked(PushClass::call, ChannelName::voip)).value();
  EXPECT_EQ(made.push_type, PushType::voip);
  EXPECT_EQ(made.topic, "org.example.phone.voip");
  EXPECT_EQ(made.priority, Priority::immediate);
  EXPECT_EQ(made.expiration, 1'800'000'013);
  EXPECT_EQ(made.collapse_id, "");
  EXPECT_EQ(made.payload, R"({"aps":{},"reveille":{"v":1,"type":"x"}})");
}

TEST(ApnsRequest, AMessageIsShownAndCollapsesByConversation) {
  auto request = asked(PushClass::message, ChannelName::message);
  request.alert_title = "Romeo";
  request.alert_body = "But \"soft\"\n";
  request.badge = 3;
  auto const made = make_request(request).value();
  EXPECT_EQ(made.push_type, PushType::alert);
  EXPECT_EQ(made.topic, "org.example.phone");
  EXPECT_EQ(made.collapse_id, "c0ffee");
  auto const aps = payload_of(made).at("aps").get_object();
  EXPECT_EQ(aps.at("alert").at("title").get_string(), "Romeo");
  EXPECT_EQ(aps.at("alert").at("body").get_string(), "But \"soft\"\n");
  EXPECT_EQ(aps.at("badge").to_number<int>(), 3);
}

TEST(ApnsRequest, WithoutContentThereIsStillANotification) {
  auto const made = make_request(asked(PushClass::message, ChannelName::message)).value();
  EXPECT_EQ(payload_of(made).at("aps").at("alert").at("body").get_string(), "New message");
}

TEST(ApnsRequest, WhatWakesTheAppSilentlyHasPriority5) {
  auto request = asked(PushClass::clear, ChannelName::message);
  auto const silent = make_request(request).value();
  EXPECT_EQ(silent.push_type, PushType::background);
  EXPECT_EQ(silent.priority, Priority::considerate);
  EXPECT_EQ(silent.payload, R"({"aps":{"content-available":1},"reveille":{"v":1,"type":"x"}})");
  request.badge = 0;
  EXPECT_EQ(make_request(request).value().push_type, PushType::alert);
}

TEST(ApnsRequest, NoticesOfACallReplaceWhatItShowed) {
  for (auto const each : {PushClass::call, PushClass::missed_call, PushClass::answered_elsewhere}) {
    EXPECT_EQ(make_request(asked(each, ChannelName::message)).value().collapse_id, "t-1");
  }
}

TEST(ApnsRequest, ACollapseIdThatAppleWouldNotTakeGoesAsItsHash) {
  auto const collapse_id = [](std::string tracking) {
    auto request = asked(PushClass::missed_call, ChannelName::message);
    request.tracking = model::TrackingId{std::move(tracking)};
    EXPECT_TRUE(check_request(request));
    return make_request(request).value().collapse_id;
  };
  std::string const longest(64, 'x');
  EXPECT_EQ(collapse_id(longest), longest);
  EXPECT_EQ(collapse_id("of two words"), "of two words");
  EXPECT_EQ(collapse_id("abc "), "5488613c42b0d34d60f7aa9e94be317a3ee102a2bbd91ccc73cc79fbc2269955");
  EXPECT_EQ(collapse_id(" abc").size(), 64U);
  EXPECT_EQ(collapse_id(longest + "/1").size(), 64U);
  EXPECT_NE(collapse_id(longest + "/1"), collapse_id(longest + "/2")) << "two calls are two";
}

TEST(ApnsRequest, RefusesATopicThatNoFieldCanHold) {
  for (auto const* topic : {"org.example.phone\n", " org.example.phone", "org.example.phone "}) {
    auto request = asked(PushClass::message, ChannelName::message);
    request.target.topic = topic;
    EXPECT_EQ(make_request(request).error().code, ErrorCode::malformed) << topic;
  }
}

TEST(ApnsRequest, RefusesWhatCannotBeSent) {
  auto request = asked(PushClass::call, ChannelName::voip);
  request.target.token = "no hex/../";
  EXPECT_EQ(make_request(request).error().code, ErrorCode::malformed);
  request = asked(PushClass::call, ChannelName::voip);
  request.payload = "[1]";
  EXPECT_EQ(make_request(request).error().code, ErrorCode::malformed);
  request = asked(PushClass::call, ChannelName::voip);
  request.payload = R"({"x":")" + std::string(6000, 'x') + R"("})";
  EXPECT_EQ(make_request(request).error().code, ErrorCode::too_large);
}

TEST(ApnsRequest, IsCheckedBeforeItIsAccepted) {
  auto request = asked(PushClass::message, ChannelName::message);
  EXPECT_TRUE(check_request(request));
  request.alert_body = std::string(4000, '\x01');
  EXPECT_TRUE(check_request(request)) << "it is cut";
  request.payload = R"({"x":")" + std::string(4500, 'x') + R"("})";
  EXPECT_EQ(check_request(request).error().code, ErrorCode::too_large);
  request.channel = ChannelName::voip;
  EXPECT_TRUE(check_request(request)) << "5120 bytes there";
  request.target.token = "no hex";
  EXPECT_EQ(check_request(request).error().code, ErrorCode::malformed);
  for (auto const* text : {"a\r\nb: c", "a\x7f"}) {
    request = asked(PushClass::message, ChannelName::message);
    request.conversation = text;
    EXPECT_EQ(make_request(request).error().code, ErrorCode::malformed);
    request = asked(PushClass::message, ChannelName::message);
    request.target.topic = text;
    EXPECT_EQ(check_request(request).error().code, ErrorCode::malformed);
  }
}

// B-CALL-6: it fits whatever names callers choose.
TEST(Payload, FitsWhateverNamesCallersChoose) {
  std::string many;
  for (int i = 0; i < 3000; ++i) many += "ž\"\\\x01🙂";
  json::object const reveille{{"from", {{"name", many}, {"address", "sip:romeo@example.org"}}}, {"v", 1}};
  auto const made =
      build_payload({.reveille = json::serialize(reveille), .title = many, .body = many + "\xff\xc0"}, 4096).value();
  EXPECT_LE(made.size(), 4096u);
  EXPECT_GT(made.size(), 1000u);
  boost::system::error_code error;
  auto const read = json::parse(made, error);  // Boost.JSON refuses malformed UTF-8
  ASSERT_FALSE(error);
  EXPECT_EQ(read.at("reveille").at("from").at("address").get_string(), "sip:romeo@example.org");
  EXPECT_TRUE(read.at("aps").at("alert").at("title").get_string().ends_with("…"));
}

TEST(Payload, CutsAtACharactersEndForEveryLimit) {
  PayloadParts const parts{.body = "a🙂ž€b🙂ž€c🙂ž€d🙂ž€e"};
  for (std::size_t limit = 30; limit < 100; ++limit) {
    auto const made = build_payload(parts, limit);
    if (!made) continue;
    EXPECT_LE(made->size(), limit);
    boost::system::error_code error;
    (void)json::parse(*made, error);
    EXPECT_FALSE(error) << *made;
  }
  EXPECT_EQ(build_payload(parts, 5).error().code, ErrorCode::too_large);
}

TEST(ProviderToken, LiesOnAGridOf40Minutes) {
  auto const start = from_unix_seconds(2400 * 700'000);
  ProviderToken one{crypto::Es256Key::generate(), "TEAM123456", "KEY1234567"};
  auto const first = one.authorization(start);
  EXPECT_EQ(one.authorization(start + 39min), first);
  EXPECT_NE(one.authorization(start + 40min), first);
  auto const jws = crypto::split_compact(first.substr(7));
  ASSERT_TRUE(jws.has_value());
  EXPECT_EQ(jws->payload, R"({"iss":"TEAM123456","iat":1680000000})");
}

TEST(ProviderToken, IsSignedForNowWhenApnsCallsItTooOld) {
  auto const start = from_unix_seconds(2400 * 700'000);
  ProviderToken one{crypto::Es256Key::generate(), "TEAM123456", "KEY1234567"};
  one.renew(start + 19min);
  EXPECT_EQ(one.issued_at(start + 19min), start) << "Apple takes no other before 20 minutes";
  one.renew(start + 25min);
  EXPECT_EQ(one.issued_at(start + 25min), start + 25min);
  one.renew(start + 30min);
  EXPECT_EQ(one.issued_at(start + 30min), start + 25min);
  EXPECT_EQ(one.issued_at(start + 40min), start + 40min) << "the grid again";
}

TEST(ProviderToken, ChangesOnAConnectionNoMoreOftenThanAppleAllows) {
  auto const grid = from_unix_seconds(2400 * 700'000);
  EXPECT_EQ(next_token_step(grid, grid + 39min, grid, grid + 39min), TokenStep::keep);
  // Used for a minute when the grid moves on: kept, as it is young enough.
  EXPECT_EQ(next_token_step(grid, grid + 39min, grid + 40min, grid + 41min), TokenStep::keep);
  EXPECT_EQ(next_token_step(grid, grid + 39min, grid + 40min, grid + 56min), TokenStep::replace_connection);
  EXPECT_EQ(next_token_step(grid, grid + 39min, grid + 40min, grid + 60min), TokenStep::renew);
  EXPECT_EQ(next_token_step(grid, grid + 5min, grid + 40min, grid + 40min), TokenStep::renew);
}

TEST(Answer, EveryDocumentedReasonIsKnownByItsName) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last_reason); ++i) {
    auto const reason = static_cast<Reason>(i);
    EXPECT_EQ(reason_named(name_of(reason)), reason);
    EXPECT_NE(meaning_of(reason).verdict, Verdict::accepted);
    EXPECT_NE(meaning_of(reason).verdict, Verdict::fate_unknown);
  }
  EXPECT_EQ(reason_named("BadEnvironmentKeyInToken"), Reason::bad_environment_key_id_in_token);
  EXPECT_FALSE(reason_named("Nonsense"));
}

TEST(Answer, OnlyApplesOwnWordKillsAToken) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last_reason); ++i) {
    auto const reason = static_cast<Reason>(i);
    bool const kills = meaning_of(reason).verdict == Verdict::token_gone;
    EXPECT_EQ(kills, reason == Reason::unregistered || reason == Reason::expired_token);
  }
}

TEST(Answer, AnUndocumentedReasonIsJudgedByItsStatus) {
  auto const verdict = [](int status) {
    return read_answer({.outcome = edge::Outcome::response, .status = status, .body = R"({"reason":"New"})"})
        .answer.verdict;
  };
  EXPECT_EQ(verdict(400), Verdict::request_refused);
  EXPECT_EQ(verdict(403), Verdict::credential_refused);
  EXPECT_EQ(verdict(429), Verdict::device_throttled);
  EXPECT_EQ(verdict(502), Verdict::provider_failing);
  auto const hostile = read_answer({.status = 400, .body = "{\"reason\":\"\\u0000\\n" + std::string(500, 'x') + "\"}"});
  EXPECT_EQ(hostile.answer.reason.size(), 64u);
  EXPECT_EQ(hostile.answer.reason.substr(0, 3), "??x");
}

}  // namespace
}  // namespace reveille::deliver::apns
