#include "deliver/push/notices.hpp"

#include <algorithm>
#include <utility>

namespace reveille::deliver {
namespace {

constexpr std::size_t most_at_once = 100;
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{2'000};

}  // namespace

void PushNotices::add(PushNotice notice) {
  if (closed_) return;
  if (waiting_.size() >= most) waiting_.pop_front();
  waiting_.push_back(std::move(notice));
  tell_waiting();
}

void PushNotices::close() {
  closed_ = true;
  timer_.cancel();
  waiting_.clear();
}

void PushNotices::tell_waiting() {
  auto const now = clock_.now();
  while (!is_pausing_ && !closed_ && !waiting_.empty() && under_way_ < most_at_once) {
    auto notice = std::move(waiting_.front());
    waiting_.pop_front();
    if (notice.until <= now) continue;
    ++under_way_;
    tell_(notice,
          [self = shared_from_this(), notice](Heard heard) mutable { self->on_told(std::move(notice), heard); });
  }
}

void PushNotices::on_told(PushNotice notice, Heard heard) {
  --under_way_;
  if (closed_) return;
  if (heard == Heard::no) {
    if (waiting_.size() < most) waiting_.push_front(std::move(notice));
    return pause();
  }
  pause_ = first_pause;
  tell_waiting();
}

void PushNotices::pause() {
  if (std::exchange(is_pausing_, true)) return;
  timer_.expires_after(pause_);
  pause_ = std::min(pause_ * 2, longest_pause);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->closed_) return;
    self->is_pausing_ = false;
    self->tell_waiting();
  });
}

}  // namespace reveille::deliver
