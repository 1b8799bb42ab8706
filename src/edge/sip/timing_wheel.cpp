#include "edge/sip/timing_wheel.hpp"

#include <algorithm>

namespace reveille::edge::sip {

void WheelTimer::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
  if (armed_ != nullptr) --*armed_;
}

void WheelTimer::link_before(WheelTimer& other) {
  previous_ = other.previous_;
  next_ = &other;
  previous_->next_ = this;
  other.previous_ = this;
}

TimingWheel::TimingWheel(Instant now) : done_(tick_of(now)) {
  for (auto& head : heads_) head.previous_ = head.next_ = &head;
}

void TimingWheel::arm(WheelTimer& timer, TimerListener& listener, Instant at) {
  timer.unlink();
  timer.at_ = at;
  timer.listener_ = &listener;
  timer.armed_ = &armed_;
  ++armed_;
  // Rounded up, so that it is due when its tick has passed; what is overdue comes with the next tick.
  std::int64_t const due = std::max(tick_of(at + tick - Duration{1}), done_ + 1);
  timer.link_before(heads_[static_cast<std::size_t>(due) % slots]);
}

void TimingWheel::fire(std::int64_t tick_number, Instant now) {
  auto& head = heads_[static_cast<std::size_t>(tick_number) % slots];
  // What is due moves to a ring of its own first: on_timer may arm timers into this very slot.
  WheelTimer due;
  due.previous_ = due.next_ = &due;
  for (WheelTimer* timer = head.next_; timer != &head;) {
    WheelTimer* const following = timer->next_;
    if (tick_of(timer->at_ + tick - Duration{1}) <= tick_number) {
      timer->unlink();
      ++armed_;
      timer->link_before(due);
    }
    timer = following;
  }
  while (due.next_ != &due) {
    WheelTimer& timer = *due.next_;
    timer.unlink();
    timer.listener_->on_timer(timer, now);
  }
  due.next_ = nullptr;
}

void TimingWheel::advance(Instant now) {
  std::int64_t const present = tick_of(now);
  // After a long sleep one turn reaches every slot.
  if (present - done_ > static_cast<std::int64_t>(slots)) done_ = present - static_cast<std::int64_t>(slots);
  while (done_ < present) {
    // Before firing, so that what is armed now for the past comes with a tick still ahead.
    ++done_;
    fire(done_, now);
  }
}

}  // namespace reveille::edge::sip
