#include "decide/wake/payload.hpp"

#include "decide/wake/delivery_table.hpp"
#include "decide/wake/should_wake.hpp"

#include <gtest/gtest.h>

namespace reveille::decide {
namespace {

using namespace model;

TEST(Payload, quotes_what_could_break_out) {
  EXPECT_EQ(quote_json("a\"b\\c\n\x7f"), "\"a\\\"b\\\\c\\u000a\\u007f\"");
  EXPECT_EQ(quote_json("Zoë 🎻"), "\"Zoë 🎻\"");
}

TEST(Payload, is_utf8_whatever_a_caller_sends) {
  EXPECT_EQ(quote_json("\xff\xc0\xaf"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quote_json("\xed\xa0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "a surrogate";
  EXPECT_EQ(quote_json("caf\xe9"), "\"caf\xEF\xBF\xBD\"") << "Latin-1";
  EXPECT_EQ(quote_json("\xf0\x9f\x8e"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut short";
}

TEST(Payload, B_CALL_6_fits_whatever_names_callers_choose) {
  std::string const evil(10'000, '\x01');
  CallPayload const payload{.call_uuid = std::string(36, 'u'),
                            .tracking_id = std::string(36, 't'),
                            .from_name = evil,
                            .from_address = evil,
                            .media = "video",
                            .nodes = std::vector<std::string>(100, "very-long-node-name.example.org:5061"),
                            .deadline = {}};
  EXPECT_LT(write_payload(payload).size(), 4096U - 512U);
}

Device phone() {
  return {.instance = InstanceId{"i"},
          .platform = Platform::ios,
          .os_version = "18",
          .provider = Provider::apns,
          .voip = {.token = "v"},
          .message = {.token = "m"},
          .services = {.call = true}};
}

TEST(Wake, says_why_a_phone_sleeps_on) {
  auto const now = from_unix_seconds(1'800'000'000);
  PushOffer const all{.switched_on = true, .apns = true, .fcm = true};
  auto device = phone();
  EXPECT_EQ(should_wake_for_call(device, all, now), (Wake{WakeVerdict::wake, Why::incoming_call}));
  EXPECT_EQ(should_wake_for_call(device, {}, now).because, Why::push_switched_off);
  EXPECT_EQ(should_wake_for_call(device, {.switched_on = true, .fcm = true}, now).because, Why::no_credential);
  device.voip.quarantined_until = now + 1s;
  EXPECT_EQ(should_wake_for_call(device, all, now).because, Why::token_quarantined);
  device.voip.dead_since = now;
  EXPECT_EQ(should_wake_for_call(device, all, now).because, Why::token_dead);
  device.voip = {};
  EXPECT_EQ(should_wake_for_call(device, all, now).because, Why::no_token);
  device.services = {.im = true};
  EXPECT_EQ(should_wake_for_call(device, all, now).because, Why::service_not_used);
  device.services = {};
  EXPECT_EQ(should_wake_for_call(device, all, now).because, Why::device_signed_out);
}

TEST(DeliveryTable, B_TABLE_3_nothing_but_a_call_on_voip_from_ios_13_on) {
  auto device = phone();
  device.layout = ChannelLayout::shared;
  EXPECT_FALSE(has_one_channel(device)) << "whatever it declares";
  EXPECT_EQ(notice_channel_of(device), ChannelName::message);
  device.os_version = "12.5";
  EXPECT_TRUE(has_one_channel(device));
  EXPECT_EQ(notice_channel_of(device), ChannelName::voip);
  for (auto const& cell : delivery_table)
    if (cell.client == Client::asleep_two_channels && cell.occasion != Occasion::call)
      EXPECT_NE(cell.channel, ChannelName::voip);
}

}  // namespace
}  // namespace reveille::decide
