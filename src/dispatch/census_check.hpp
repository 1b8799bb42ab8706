// For tests: what the census has counted step by step is what a whole count finds.
#pragma once

#include "dispatch/shard.hpp"

#include <gtest/gtest.h>

namespace reveille::dispatch {

inline void expect_census_is_right(Shard& shard) {
  DeviceCensus whole;
  shard.directory.for_each([&](Entry& entry) {
    auto const kept = entry.counted;
    entry.counted = {};
    whole.count(entry, entry.registrations(), shard.now());
    entry.counted = kept;
  });
  using enum model::DeviceState;
  for (auto const state : {foreground, background, suspended, signed_out})
    EXPECT_EQ(shard.census.in(state), whole.in(state)) << model::name_of(state);
  EXPECT_EQ(shard.census.with_sip(), whole.with_sip());
  EXPECT_EQ(shard.census.with_xmpp(), whole.with_xmpp());
}

}  // namespace reveille::dispatch
