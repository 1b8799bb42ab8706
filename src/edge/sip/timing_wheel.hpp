// TimingWheel: very many timers, armed and disarmed in constant time without allocation.
//
// What:     a hashed wheel (Varghese and Lauck, scheme 6): timers hang in the slot of their tick; one that is more than
//           a turn away is looked at once a turn. A timer fires at most one tick late, never early.
// Lifetime: a timer takes itself off the wheel when it is destroyed, and must not outlive its wheel armed.
// Threads:  one. Timers may be armed, disarmed and destroyed from within on_timer.
#pragma once

#include "base/instant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace reveille::edge::sip {

class WheelTimer;

class TimerListener {
 public:
  // The timer is no longer armed.
  virtual void on_timer(WheelTimer& timer, Instant now) = 0;

 protected:
  ~TimerListener() = default;
};

class WheelTimer {
 public:
  WheelTimer() = default;
  WheelTimer(WheelTimer const&) = delete;
  WheelTimer& operator=(WheelTimer const&) = delete;
  ~WheelTimer() { unlink(); }

  [[nodiscard]] bool is_armed() const { return next_ != nullptr; }
  [[nodiscard]] Instant at() const { return at_; }

  // What the listener knows its timer by.
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint8_t detail = 0;

 private:
  friend class TimingWheel;

  void unlink();
  void link_before(WheelTimer& other);

  WheelTimer* previous_ = nullptr;
  WheelTimer* next_ = nullptr;
  std::size_t* armed_ = nullptr;  // the wheel's count
  TimerListener* listener_ = nullptr;
  Instant at_ = {};
};

class TimingWheel {
 public:
  static constexpr Duration tick = 10ms;
  static constexpr std::size_t slots = 4096;

  explicit TimingWheel(Instant now);
  TimingWheel(TimingWheel const&) = delete;
  TimingWheel& operator=(TimingWheel const&) = delete;

  // Replaces what the timer was armed for.
  void arm(WheelTimer& timer, TimerListener& listener, Instant at);
  void disarm(WheelTimer& timer) { timer.unlink(); }
  // Fires what is due, in the order of the ticks.
  void advance(Instant now);
  [[nodiscard]] std::size_t armed() const { return armed_; }

 private:
  [[nodiscard]] static std::int64_t tick_of(Instant at) { return at.time_since_epoch() / tick; }
  void fire(std::int64_t tick_number, Instant now);

  std::array<WheelTimer, slots> heads_;  // each the head of a ring
  std::int64_t done_;                    // the last tick whose timers have fired
  std::size_t armed_ = 0;
};

}  // namespace reveille::edge::sip
