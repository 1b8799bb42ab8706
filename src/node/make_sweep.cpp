// Forgetting: old traces, and more traces than a disk should hold. A little at a time, so that no call waits for it,
// and while there is something, often enough to keep up with what a busy server adds.
#include "node/parts.hpp"

namespace reveille::node {
namespace {

constexpr auto pause = std::chrono::milliseconds(100);
constexpr auto pause_when_nothing_was_left = std::chrono::minutes(1);
constexpr Duration traces_live = 30 * 24h;
constexpr std::uint64_t most_traces = 1'000'000;  // about 1 GB
constexpr unsigned at_a_time = 100;

class Sweeping final : public Part {
 public:
  explicit Sweeping(Core& core) : core_(core), timer_(core.io) { wait(pause); }
  void stop() override {
    is_stopping_ = true;
    timer_.cancel();
  }

 private:
  void wait(std::chrono::steady_clock::duration time) {
    timer_.expires_after(time);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) sweep();
    });
  }
  void sweep() {
    auto const now = core_.clock.now();
    core_.store->commit(
        {store::Sweep{.now = now, .traces_before = now - traces_live, .most_traces = most_traces, .most = at_a_time}},
        store::Urgency::lazily, [this](Result<void>) { on_swept(); });
  }
  // What a full disk keeps from being swept is swept the next time.
  void on_swept() {
    if (is_stopping_) return;
    auto const before = std::exchange(swept_, core_.store->swept());
    wait(swept_ != before ? pause : pause_when_nothing_was_left);
  }

  Core& core_;
  boost::asio::steady_timer timer_;
  std::uint64_t swept_ = 0;
  bool is_stopping_ = false;
};

}  // namespace

std::unique_ptr<Part> make_sweep(Core& core) {
  return std::make_unique<Sweeping>(core);
}

}  // namespace reveille::node
