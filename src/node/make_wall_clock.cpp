// The wall clock: what is due by it is due when it jumps, and whoever compares times with us must get true ones. The
// kernel says when it is set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET), so we need not look; where the kernel cannot
// say, and while we are ahead of a clock that was set back, we look once a second.
#include "node/parts.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <ctime>

namespace reveille::node {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto look_every = std::chrono::seconds(1);
constexpr auto look_all_the_same_every = std::chrono::minutes(1);
constexpr std::time_t never = 9'000'000'000;  // the year 2255
constexpr Duration notable_jump = std::chrono::milliseconds(500);
constexpr Duration notable_lead = std::chrono::seconds(5);

class WallClock final : public Part {
 public:
  explicit WallClock(Core& core) : core_(core), timer_(core.io), settings_of_the_clock_(core.io) {
    listen();
    look();
  }
  void stop() override {
    timer_.cancel();
    error_code ignored;
    settings_of_the_clock_.close(ignored);
  }

 private:
  void listen();
  bool arm();
  void hear();
  void look();

  Core& core_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor settings_of_the_clock_;
};

void WallClock::listen() {
  int const timer = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (timer < 0) return;
  error_code error;
  settings_of_the_clock_.assign(timer, error);
  if (error) {
    ::close(timer);
    return;
  }
  if (arm()) return hear();
  settings_of_the_clock_.close(error);
}

// It never expires: it only tells that the clock was set.
bool WallClock::arm() {
  itimerspec const expiry{.it_interval = {}, .it_value = {.tv_sec = never, .tv_nsec = 0}};
  return ::timerfd_settime(settings_of_the_clock_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &expiry,
                           nullptr) == 0;
}

void WallClock::hear() {
  settings_of_the_clock_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    std::uint64_t expirations = 0;
    // ECANCELED is what it is there for, and has been heard once it was read.
    (void)::read(settings_of_the_clock_.native_handle(), &expirations, sizeof(expirations));
    look();
    hear();
  });
}

void WallClock::look() {
  auto const change = core_.clock.follow();
  if (change > notable_jump) {
    spdlog::warn("The system's clock has jumped {} ms ahead.", change / std::chrono::milliseconds(1));
    for (auto const& act : core_.when_clock_jumps) act();
  }
  if (change < -notable_lead)
    core_.health.degrade("clock", fmt::format("The system's clock was set back: times here are {} s ahead, and come "
                                              "closer by a tenth of the time that passes. Restart to end that.",
                                              -change / std::chrono::seconds(1)));
  else
    core_.health.mend("clock");
  bool const will_hear = settings_of_the_clock_.is_open() && change >= Duration::zero();
  timer_.expires_after(will_hear ? look_all_the_same_every : look_every);
  timer_.async_wait([this](error_code error) {
    if (!error) look();
  });
}

}  // namespace

std::unique_ptr<Part> make_wall_clock(Core& core) {
  return std::make_unique<WallClock>(core);
}

}  // namespace reveille::node
