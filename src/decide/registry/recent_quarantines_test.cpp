#include "decide/registry/recent_quarantines.hpp"

#include <gtest/gtest.h>

namespace reveille::decide {
namespace {

using namespace model;

struct RecentQuarantinesTest : testing::Test {
  RecentQuarantines recent;
  Instant now = from_unix_microseconds(1'800'000'000'000'000);

  // The tokens that are lifted with that answer.
  std::string hear(std::string const& token, TokenVerdict verdict, PushReceipt receipt = {}, Device device = {}) {
    receipt.state = receipt.state == PushState::accepted ? PushState::refused : receipt.state;
    if (receipt.provider_status == 0) receipt.provider_status = 400;
    if (receipt.reason.empty()) receipt.reason = "BadDeviceToken";
    receipt.token = verdict;
    receipt.at = now;
    device.provider = Provider::apns;
    std::string lifted;
    for (auto const& one : recent.on(AccountId{token + "@localhost"}, device, token, receipt)) {
      EXPECT_EQ(one.account.value, one.token + "@localhost");
      lifted += one.token;
    }
    return lifted;
  }
};

TEST_F(RecentQuarantinesTest, B_SIGN_3_ARefusalThatLeavesTheTokenAliveLiftsThoseBefore) {
  for (auto const* token : {"a", "b", "c"}) EXPECT_EQ(hear(token, TokenVerdict::quarantined), "");
  EXPECT_EQ(hear("d", TokenVerdict::alive), "abc");
  EXPECT_EQ(hear("d", TokenVerdict::alive), "");
}

TEST_F(RecentQuarantinesTest, OnlyOfTheLastTenMinutes) {
  hear("a", TokenVerdict::quarantined);
  now += 6min;
  hear("b", TokenVerdict::quarantined);
  now += 6min;
  EXPECT_EQ(hear("c", TokenVerdict::alive), "b");
}

TEST_F(RecentQuarantinesTest, OtherCredentialsAndOtherAnswersLiftNothing) {
  hear("a", TokenVerdict::quarantined);
  EXPECT_EQ(hear("x", TokenVerdict::alive, {}, {.environment = Environment::sandbox}), "");
  EXPECT_EQ(hear("x", TokenVerdict::alive, {}, {.team = "OTHERTEAM1"}), "");
  EXPECT_EQ(hear("x", TokenVerdict::alive, {.reason = "PayloadTooLarge"}), "");
  EXPECT_EQ(hear("x", TokenVerdict::alive, {.provider_status = 403}), "");
  EXPECT_EQ(hear("x", TokenVerdict::alive, {.state = PushState::accepted_by_provider}), "");
  EXPECT_EQ(hear("x", TokenVerdict::dead), "");
  EXPECT_EQ(hear("x", TokenVerdict::alive), "a");
}

TEST_F(RecentQuarantinesTest, SoManyAndNoMore) {
  for (std::size_t i = 0; i <= RecentQuarantines::most; ++i)
    hear(i == 0 ? "old" : i == 1 ? "first" : "x", TokenVerdict::quarantined);
  auto const lifted = hear("y", TokenVerdict::alive);
  EXPECT_TRUE(lifted.starts_with("firstx"));
  EXPECT_EQ(lifted.size(), 5 + RecentQuarantines::most - 1);
}

}  // namespace
}  // namespace reveille::decide
