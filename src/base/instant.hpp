// Instant: a point in time; Clock: where points in time come from.
//
// An Instant is microseconds since 1970-01-01T00:00:00Z, on a clock that never goes back: the process's clock runs as
// the steady clock does and follows the wall clock, at once when that is ahead (a machine that was paused, a first
// setting by NTP), by standing still for a tenth of the time when it is behind. So one type serves timers, stored
// deadlines and traces. Pure code never reads a clock: it is given `now`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille {

using namespace std::chrono_literals;

using Duration = std::chrono::microseconds;

struct InstantClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<InstantClock, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = InstantClock::time_point;

// The whole seconds, milliseconds or microseconds since 1970 of an instant, and back.
[[nodiscard]] constexpr std::int64_t unix_seconds(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
}
[[nodiscard]] constexpr std::int64_t unix_milliseconds(Instant at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}
[[nodiscard]] constexpr std::int64_t unix_microseconds(Instant at) {
  return at.time_since_epoch().count();
}
[[nodiscard]] constexpr Instant from_unix_seconds(std::int64_t seconds) {
  return Instant{Duration{std::chrono::seconds{seconds}}};
}
[[nodiscard]] constexpr Instant from_unix_milliseconds(std::int64_t milliseconds) {
  return Instant{Duration{std::chrono::milliseconds{milliseconds}}};
}
[[nodiscard]] constexpr Instant from_unix_microseconds(std::int64_t microseconds) {
  return Instant{Duration{microseconds}};
}

// RFC 3339, UTC, with milliseconds: "2026-11-24T05:06:07.089Z".
[[nodiscard]] std::string format_rfc3339(Instant at);
// Reads what RFC 3339 section 5.6 allows (any offset, any number of fraction digits); nothing when the text is not of
// that form.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
};

// How far the process's clock leads the steady clock, after `passed` since it was asked last; `measured` is how far the
// wall clock does now.
[[nodiscard]] Duration followed(Duration lead, Duration measured, Duration passed);

// The process's clock. Threads: any; follow() one.
class SystemClock final : public Clock {
 public:
  SystemClock();
  [[nodiscard]] Instant now() const override;
  // To be called when the wall clock was set, and about once a second while this one is ahead of it. Gives by how much
  // the clock has jumped, and by how much it is still ahead of the wall clock, as a negative number.
  Duration follow();

 private:
  std::atomic<Duration> lead_;
  mutable std::atomic<Duration> latest_;  // what was said last
  Duration followed_at_;                  // by the steady clock
};

// A clock that a test moves by hand. Threads: one.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Instant start = from_unix_seconds(1'800'000'000)) : now_(start) {}
  [[nodiscard]] Instant now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Instant at) { now_ = at; }

 private:
  Instant now_;
};

}  // namespace reveille
