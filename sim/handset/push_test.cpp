#include "sim/handset/push.hpp"

#include <gtest/gtest.h>

namespace reveille::sim::handset {
namespace {

TEST(Push, ReadsACall) {
  auto const push = parse_push(R"({"at":1,"id":"p1","headers":{"apns-push-type":"voip","apns-topic":"org.example.voip"},
    "payload":{"aps":{},"reveille":{"v":1,"type":"call","call_uuid":"u","tracking_id":"t","media":"video",
    "from":{"name":"Romeo \"R\"","address":"romeo@localhost"},"nodes":["127.0.0.1:5061",7],"deadline":"2026-11-24T05:06:07Z"}}})");
  ASSERT_TRUE(push);
  EXPECT_EQ(push->id, "p1");
  EXPECT_EQ(push->type, PushType::voip);
  EXPECT_EQ(push->subject, PushSubject::call);
  EXPECT_EQ(push->call_uuid, "u");
  EXPECT_EQ(push->from_name, "Romeo \"R\"");
  EXPECT_EQ(push->media, CallMedia::video);
  EXPECT_EQ(push->nodes, std::vector<std::string>{"127.0.0.1:5061"});
  EXPECT_EQ(push->deadline, parse_rfc3339("2026-11-24T05:06:07Z"));
}

TEST(Push, ReadsAMessage) {
  auto const push = parse_push(R"({"id":"p2","headers":{"apns-push-type":"alert","apns-collapse-id":"c"},"payload":{
    "aps":{"alert":{"title":"Romeo","body":"New message"},"badge":3,"mutable-content":1},
    "reveille":{"v":1,"type":"message","conversation":"romeo@localhost","archive_id":"a","unread":3}}})");
  ASSERT_TRUE(push);
  EXPECT_EQ(push->collapse_id, "c");
  EXPECT_EQ(push->title, "Romeo");
  EXPECT_EQ(push->badge, 3U);
  EXPECT_TRUE(push->mutable_content && push->has_alert);
  EXPECT_FALSE(push->content_available);
  EXPECT_EQ(push->unread, 3U);
}

TEST(Push, FieldsOfAnotherTypeCountAsAbsent) {
  auto const push =
      parse_push(R"({"id":7,"headers":{"apns-push-type":"alert"},"payload":{"aps":{"alert":"x","badge":"many"},
    "reveille":{"type":7,"from":[],"nodes":{},"deadline":"soon","unread":-1}}})");
  ASSERT_TRUE(push);
  EXPECT_EQ(push->id, "");
  EXPECT_EQ(push->body, "x");
  EXPECT_FALSE(push->badge || push->unread || push->deadline);
  EXPECT_EQ(push->subject, PushSubject::unknown);
}

TEST(Push, RefusesWhatIsNone) {
  for (auto const* line : {"", "[]", "{", "{}", R"({"headers":{"apns-push-type":"mdm"}})"})
    EXPECT_FALSE(parse_push(line)) << line;
}

}  // namespace
}  // namespace reveille::sim::handset
