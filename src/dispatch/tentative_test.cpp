#include "dispatch/tentative.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {
namespace {

model::AccountId const juliet{"juliet@localhost"};
model::AccountId const romeo{"romeo@localhost"};

TEST(Tentative, WhatIsRefusedGoesBackToWhatWas) {
  Tentative tentative;
  tentative.begin(juliet, "none");
  tentative.begin(romeo, "his");
  EXPECT_EQ(tentative.end(juliet, "one", Fate::refused), "none");
  EXPECT_FALSE(tentative.end(romeo, "hers", Fate::written));
  EXPECT_EQ(tentative.size(), 0U);
}

TEST(Tentative, TheLastOfSeveralCounts) {
  Tentative tentative;
  for (auto const* before : {"none", "one", "two"}) tentative.begin(juliet, before);
  EXPECT_FALSE(tentative.end(juliet, "one", Fate::written));
  EXPECT_FALSE(tentative.end(juliet, "two", Fate::refused));
  EXPECT_EQ(tentative.end(juliet, "three", Fate::refused), "one");

  for (auto const* before : {"one", "two"}) tentative.begin(juliet, before);
  EXPECT_FALSE(tentative.end(juliet, "two", Fate::refused));
  EXPECT_FALSE(tentative.end(juliet, "three", Fate::written)) << "it holds what was refused before it";
  EXPECT_EQ(tentative.size(), 0U);
}

TEST(Tentative, AnEndWithoutABeginningIsNothing) {
  Tentative tentative;
  EXPECT_FALSE(tentative.end(juliet, "", Fate::refused));
}

}  // namespace
}  // namespace reveille::dispatch
