// PushNotices: what the push service is told and nobody waits for: taken back, acknowledged.
//
// Both may be said twice, so each is repeated until the service has heard it or the notification's life is over: at
// once, then after a pause that all share and that doubles from 50 ms to 2 s while the service cannot be told. At most
// `most` are kept; the oldest go first, whose notifications are the likeliest to be over.
// Lifetime: shared; close() ends it, and what is left unsaid with it. Threads: the executor's one.
#pragma once

#include "base/instant.hpp"
#include "model/push.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace reveille::deliver {

struct PushNotice {
  enum class Kind : std::uint8_t { take_back, acknowledge };
  Kind kind = Kind::take_back;
  model::PushId id = {};
  model::PushClass push_class = model::PushClass::call;  // whose connection it goes by
  Instant until = {};
};

class PushNotices : public std::enable_shared_from_this<PushNotices> {
 public:
  enum class Heard : std::uint8_t { yes, no };
  using Told = std::move_only_function<void(Heard)>;
  // Says it once. The answer may come at any time, but not from inside the call.
  using Tell = std::function<void(PushNotice const&, Told)>;

  static constexpr std::size_t most = 10'000;

  PushNotices(boost::asio::any_io_executor executor, Clock const& clock, Tell tell)
      : clock_(clock), tell_(std::move(tell)), timer_(executor) {}

  void add(PushNotice notice);
  void close();
  [[nodiscard]] std::size_t unheard() const { return waiting_.size() + under_way_; }

 private:
  void tell_waiting();
  void on_told(PushNotice notice, Heard heard);
  void pause();

  Clock const& clock_;
  Tell tell_;
  boost::asio::steady_timer timer_;
  std::deque<PushNotice> waiting_;
  std::chrono::milliseconds pause_{50};
  std::size_t under_way_ = 0;
  bool is_pausing_ = false;
  bool closed_ = false;
};

}  // namespace reveille::deliver
