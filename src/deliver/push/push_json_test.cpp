#include "deliver/push/push_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace reveille::deliver {
namespace {

TEST(PushAnswers, a_token_lives_a_day_at_most) {
  auto const lives = [](std::string const& seconds) {
    return read_token(R"({"access_token":"t","expires_in":)" + seconds + "}")->lives;
  };
  EXPECT_EQ(lives("3600"), 1h);
  EXPECT_EQ(lives("9223372036854775807"), 24h);
  EXPECT_EQ(lives("-9223372036854775808"), Duration{0});
  EXPECT_FALSE(read_token(R"({"access_token":"t","expires_in":"soon"})"));
  EXPECT_FALSE(read_token(R"({"access_token":"","expires_in":60})"));
}

TEST(PushAnswers, a_problem_without_a_name_is_unknown) {
  EXPECT_EQ(read_problem(R"({"type":"urn:reveille:problem:no-token"})"), "no-token");
  EXPECT_EQ(read_problem(R"({"type":"urn:reveille:problem:"})"), "unknown");
  EXPECT_EQ(read_problem(R"({"type":"about:blank"})"), "unknown");
  EXPECT_EQ(read_problem("<html>"), "unknown");
}

}  // namespace
}  // namespace reveille::deliver
