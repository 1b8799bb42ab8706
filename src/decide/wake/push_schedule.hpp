// When a notification that was provably not taken is tried again: by its class, with nothing but its deadline as the
// end (B-CALL-4, B-PUSH-4). Apple's "after 15 minutes" is no use to a call, which has seconds.
//
// Pure, constexpr; any thread.
#pragma once

#include "base/instant.hpp"
#include "model/provider.hpp"
#include "model/push.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace reveille::decide {

// The first wait doubles with each try up to the most.
struct RetrySchedule {
  Duration first = {};
  Duration most = {};
};

[[nodiscard]] constexpr RetrySchedule schedule_of(model::PushClass push_class) {
  using enum model::PushClass;
  switch (push_class) {
    case call: return {.first = 50ms, .most = 1s};
    case missed_call:
    case answered_elsewhere: return {.first = 500ms, .most = 30s};
    case message: return {.first = 1s, .most = 15min};
    case clear:
    case background: return {.first = 30s, .most = 20min};
  }
  std::unreachable();
}

// How long to wait after the `tries`-th try (from 1). `spread` (0 to 255) lengthens it by up to a quarter, so that what
// failed together does not come back together. A call never waits for what the provider would like.
[[nodiscard]] constexpr Duration wait_after(model::PushClass push_class, unsigned tries, std::uint8_t spread,
                                            std::optional<Duration> retry_after = {}) {
  auto const schedule = schedule_of(push_class);
  Duration wait = schedule.first;
  for (unsigned i = 1; i < tries && wait < schedule.most; ++i) wait *= 2;
  wait = std::min(wait, schedule.most);
  wait += wait * spread / 1024;
  if (retry_after && push_class != model::PushClass::call) wait = std::max(wait, *retry_after);
  return wait;
}

static_assert(wait_after(model::PushClass::call, 1, 0) == 50ms);
static_assert(wait_after(model::PushClass::call, 3, 0) == 200ms);
static_assert(wait_after(model::PushClass::call, 40, 0) == 1s);
static_assert(wait_after(model::PushClass::call, 1, 0, 900s) == 50ms);
static_assert(wait_after(model::PushClass::message, 1, 0, 900s) == 900s);
static_assert(wait_after(model::PushClass::message, 40, 255) < 19min);

}  // namespace reveille::decide
