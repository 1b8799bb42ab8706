#include "arrive/rest/prefer.hpp"

#include <gtest/gtest.h>

namespace reveille::arrive {
namespace {

std::string waits(std::vector<std::string> const& lines) {
  edge::HttpFields fields;
  for (auto const& line : lines) fields.add("prefer", line);
  return preference_of(fields, "wait").value_or("nothing");
}

TEST(Prefer, RFC7240_2_ReadsListsParametersAndQuotes) {
  EXPECT_EQ(waits({"wait=10"}), "10");
  EXPECT_EQ(waits({"respond-async, WAIT = 10"}), "10");
  EXPECT_EQ(waits({"respond-async", "wait=10"}), "10") << "in a field line of its own";
  EXPECT_EQ(waits({"wait=10; a=b, respond-async"}), "10");
  EXPECT_EQ(waits({R"(wait="10")"}), "10");
  EXPECT_EQ(waits({R"(wait="1\0")"}), "10");
  EXPECT_EQ(waits({"wait=10", "wait=20"}), "10") << "the first one counts";
  EXPECT_EQ(waits({"wait"}), "");
  EXPECT_EQ(waits({",, ,wait=10,"}), "10");
}

TEST(Prefer, IsNotTakenInByWhatOnlyLooksLikeIt) {
  EXPECT_EQ(waits({}), "nothing");
  EXPECT_EQ(waits({"x-wait=10"}), "nothing");
  EXPECT_EQ(waits({"foo; wait=10"}), "nothing") << "a parameter of another preference";
  EXPECT_EQ(waits({R"(foo="a, wait=10")"}), "nothing");
  EXPECT_EQ(waits({R"(foo="a\", wait=10")"}), "nothing");
  EXPECT_EQ(waits({R"(foo=")"}), "nothing");
  EXPECT_EQ(waits({R"(foo="\)"}), "nothing");
}

}  // namespace
}  // namespace reveille::arrive
