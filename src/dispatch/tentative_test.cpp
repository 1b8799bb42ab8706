#include "dispatch/tentative.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {
namespace {

model::AccountId const juliet{"juliet@localhost"};
model::AccountId const romeo{"romeo@localhost"};

TEST(Tentative, WhatIsRefusedGoesBackToWhatWas) {
  Tentative tentative;
  tentative.begin(juliet, "none", Stake::promise);
  tentative.begin(romeo, "his", Stake::promise);
  EXPECT_EQ(tentative.end(juliet, "one", Fate::refused), "none");
  EXPECT_FALSE(tentative.end(romeo, "hers", Fate::written));
  EXPECT_EQ(tentative.size(), 0U);
}

TEST(Tentative, TheLastOfSeveralCounts) {
  Tentative tentative;
  for (auto const* before : {"none", "one", "two"}) tentative.begin(juliet, before, Stake::promise);
  EXPECT_FALSE(tentative.end(juliet, "one", Fate::written));
  EXPECT_FALSE(tentative.end(juliet, "two", Fate::refused));
  EXPECT_EQ(tentative.end(juliet, "three", Fate::refused), "one");

  for (auto const* before : {"one", "two"}) tentative.begin(juliet, before, Stake::promise);
  EXPECT_FALSE(tentative.end(juliet, "two", Fate::refused));
  EXPECT_FALSE(tentative.end(juliet, "three", Fate::written)) << "it holds what was refused before it";
  EXPECT_EQ(tentative.size(), 0U);
}

TEST(Tentative, WhatIsMerelyNotedStays) {
  Tentative tentative;
  tentative.begin(juliet, "none", Stake::note);
  EXPECT_FALSE(tentative.end(juliet, "mode", Fate::refused));

  tentative.begin(juliet, "none", Stake::note);
  tentative.begin(juliet, "mode", Stake::promise);
  EXPECT_FALSE(tentative.end(juliet, "mode", Fate::written));
  EXPECT_EQ(tentative.end(juliet, "mode and phone", Fate::refused), "mode");
  EXPECT_EQ(tentative.size(), 0U);
}

TEST(Tentative, AnEndWithoutABeginningIsNothing) {
  Tentative tentative;
  EXPECT_FALSE(tentative.end(juliet, "", Fate::refused));
}

}  // namespace
}  // namespace reveille::dispatch
