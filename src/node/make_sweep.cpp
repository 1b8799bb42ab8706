// Forgetting: old traces, and more traces than a disk should hold. A little at a time, so that no call waits for it,
// and often enough to keep up with what a busy server adds.
#include "node/parts.hpp"

namespace reveille::node {
namespace {

constexpr auto pause = std::chrono::seconds(1);
constexpr Duration traces_live = 30 * 24h;
constexpr std::uint64_t most_traces = 1'000'000;  // about 1 GB
constexpr unsigned at_a_time = 250;

class Sweeping final : public Part {
 public:
  explicit Sweeping(Core& core) : core_(core), timer_(core.io) { wait(); }
  void stop() override { timer_.cancel(); }

 private:
  void wait() {
    timer_.expires_after(pause);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) sweep();
    });
  }
  void sweep() {
    auto const now = core_.clock.now();
    // What a full disk keeps from being swept is swept the next time.
    core_.store->commit(
        {store::Sweep{.now = now, .traces_before = now - traces_live, .most_traces = most_traces, .most = at_a_time}},
        store::Urgency::lazily, [](Result<void>) {});
    wait();
  }

  Core& core_;
  boost::asio::steady_timer timer_;
};

}  // namespace

std::unique_ptr<Part> make_sweep(Core& core) {
  return std::make_unique<Sweeping>(core);
}

}  // namespace reveille::node
