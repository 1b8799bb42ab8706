// B-IM-1…3: who gets a message, what becomes of it when nobody does, and whom it wakes.
#include "decide/messages/recipients.hpp"
#include "decide/messages/wake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reveille::decide {
namespace {

using model::DeviceState;
using model::MessageKind;
using testing::ElementsAre;
using testing::IsEmpty;

// RFC 6121 section 8.5, table 1; but for what is kept and goes to a full address, which B-IM-1 sends to every device,
// of type normal to a resource that is not there too.
TEST(Recipients, AsTheTableOfTheRfcAndWhatIsKeptToEveryDevice) {
  std::vector<Resource> const present = {{.name = "phone", .priority = 5, .available = true},
                                         {.name = "desk", .priority = 0, .available = true},
                                         {.name = "shy", .priority = -1, .available = true},
                                         {.name = "silent"}};
  auto const kept = [&](MessageKind kind, std::string_view resource) {
    return recipients_of({.kind = kind, .is_kept = true}, resource, present).resources;
  };
  auto const to = [&](MessageKind kind, std::string_view resource) {
    return recipients_of({.kind = kind}, resource, present).resources;
  };
  for (auto const kind : {MessageKind::chat, MessageKind::normal}) {
    EXPECT_THAT(to(kind, ""), ElementsAre("phone", "desk"));
    EXPECT_THAT(kept(kind, "gone"), ElementsAre("phone", "desk"));
    EXPECT_THAT(to(kind, "shy"), ElementsAre("shy"));
    EXPECT_THAT(to(kind, "silent"), ElementsAre("silent"));
    EXPECT_THAT(kept(kind, ""), ElementsAre("phone", "desk"));
    EXPECT_THAT(kept(kind, "desk"), ElementsAre("desk", "phone"));
    EXPECT_THAT(kept(kind, "shy"), ElementsAre("shy", "phone", "desk"));
    EXPECT_THAT(kept(kind, "silent"), ElementsAre("silent", "phone", "desk"));
  }
  EXPECT_THAT(to(MessageKind::chat, "gone"), ElementsAre("phone", "desk"));
  EXPECT_THAT(to(MessageKind::normal, "gone"), IsEmpty());
  EXPECT_THAT(to(MessageKind::headline, ""), ElementsAre("phone", "desk"));
  EXPECT_THAT(to(MessageKind::headline, "gone"), IsEmpty());
  for (auto const kind : {MessageKind::groupchat, MessageKind::error}) {
    EXPECT_THAT(to(kind, ""), IsEmpty());
    EXPECT_THAT(to(kind, "gone"), IsEmpty());
    EXPECT_THAT(to(kind, "phone"), ElementsAre("phone"));
  }
}

TEST(Recipients, AMessageToNobodyWaitsIsRefusedOrDropped) {
  auto const otherwise = [](MessageKind kind, bool kept) {
    return recipients_of({.kind = kind, .is_kept = kept}, {}, {}).otherwise;
  };
  EXPECT_EQ(otherwise(MessageKind::chat, true), Otherwise::wait);
  EXPECT_EQ(otherwise(MessageKind::normal, true), Otherwise::wait);
  EXPECT_EQ(otherwise(MessageKind::chat, false), Otherwise::drop);
  EXPECT_EQ(recipients_of({.kind = MessageKind::chat, .has_body = true}, {}, {}).otherwise, Otherwise::refuse);
  EXPECT_EQ(recipients_of({.has_body = true}, "gone", {}).otherwise, Otherwise::refuse);
  EXPECT_EQ(otherwise(MessageKind::groupchat, false), Otherwise::refuse);
  EXPECT_EQ(otherwise(MessageKind::headline, false), Otherwise::drop);
  EXPECT_EQ(otherwise(MessageKind::error, false), Otherwise::drop);
}

model::Device iphone(std::string os) {
  return {.instance = model::InstanceId{"11111111-2222-4333-8444-555555555555"},
          .platform = model::Platform::ios,
          .os_version = std::move(os),
          .provider = model::Provider::apns,
          .voip = {.token = "voip-token"},
          .message = {.token = "message-token"},
          .services = {.call = true, .im = true}};
}

TEST(MessageWake, OnlySleepersOnlyForWordsAndWithItsReason) {
  PushOffer const offer{.switched_on = true, .apns = true, .fcm = true};
  model::MessageTraits const words{.kind = MessageKind::chat, .has_body = true, .is_kept = true};
  auto const why = [&](model::Device const& device, DeviceState state, model::MessageTraits const& message,
                       PushOffer its_offer) {
    return should_wake_for_message(device, state, message, its_offer, from_unix_seconds(1'800'000'000)).because;
  };
  auto const device = iphone("18.0");
  EXPECT_EQ(why(device, DeviceState::suspended, words, offer), model::Why::message_body);
  EXPECT_EQ(why(device, DeviceState::background, words, offer), model::Why::message_body);
  EXPECT_EQ(why(device, DeviceState::foreground, words, offer), model::Why::device_in_foreground);
  EXPECT_EQ(why(device, DeviceState::signed_out, words, offer), model::Why::device_signed_out);
  EXPECT_EQ(why(device, DeviceState::suspended, {.is_kept = true}, offer), model::Why::no_body);
  auto calls_only = device;
  calls_only.services.im = false;
  EXPECT_EQ(why(calls_only, DeviceState::suspended, words, offer), model::Why::service_not_used);
  EXPECT_NE(why(device, DeviceState::suspended, words, {}), model::Why::message_body);
  auto dead = device;
  dead.message.dead_since = from_unix_seconds(1'700'000'000);
  EXPECT_NE(why(dead, DeviceState::suspended, words, offer), model::Why::message_body);
  EXPECT_EQ(message_channel_of(device), model::ChannelName::message);
  auto old = iphone("12.5");
  old.layout = model::ChannelLayout::shared;
  EXPECT_EQ(message_channel_of(old), model::ChannelName::voip);
}

TEST(MessagePayload, IsTheOneOfTheInterface) {
  EXPECT_EQ(write_payload({.conversation = "c", .archive_id = "a", .unread = 3}),
            R"({"v":1,"type":"message","conversation":"c","archive_id":"a","unread":3})");
}

}  // namespace
}  // namespace reveille::decide
