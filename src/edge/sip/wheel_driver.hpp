// WheelDriver: a timing wheel that turns by the real clock, while any timer is armed.
// Lifetime: outlives the timers on its wheel. Threads: the io_context's one thread.
#pragma once

#include "base/instant.hpp"
#include "edge/sip/timing_wheel.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace reveille::edge::sip {

class WheelDriver {
 public:
  WheelDriver(boost::asio::io_context& context, Clock const& clock)
      : clock_(clock), wheel_(clock.now()), timer_(context) {}
  WheelDriver(WheelDriver const&) = delete;
  WheelDriver& operator=(WheelDriver const&) = delete;

  [[nodiscard]] TimingWheel& wheel() { return wheel_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }
  [[nodiscard]] boost::asio::any_io_executor executor() { return timer_.get_executor(); }

  // After a timer was armed: the wheel turns.
  void turn() {
    if (is_turning_ || wheel_.armed() == 0) return;
    is_turning_ = true;
    // A wheel that stood still has nothing to fire in the past; this brings it to the present.
    timer_.expires_after(TimingWheel::tick);
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
      if (error || alive.expired()) return;
      is_turning_ = false;
      wheel_.advance(clock_.now());
      turn();
    });
  }

 private:
  Clock const& clock_;
  TimingWheel wheel_;
  boost::asio::steady_timer timer_;
  bool is_turning_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace reveille::edge::sip
