// Trimming: when many phones have fallen asleep, the memory that they took while they were awake goes back to the
// system, which the allocator does not do by itself. It takes some milliseconds, so it waits until few are awake.
#include "node/parts.hpp"

#include <malloc.h>

namespace reveille::node {
namespace {

constexpr auto look_every = std::chrono::seconds(10);
constexpr std::size_t many = 1000;

class Trimming final : public Part {
 public:
  explicit Trimming(Core& core) : core_(core), timer_(core.io) {
    ::malloc_trim(0);  // what reading the database took
    wait();
  }
  void stop() override { timer_.cancel(); }

 private:
  void wait() {
    timer_.expires_after(look_every);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) look();
    });
  }
  void look() {
    auto const lost = core_.shard->census.lost();
    auto const awake = core_.shard->census.with_sip() + core_.shard->census.with_xmpp();
    bool const is_calm = lost == seen_;
    seen_ = lost;
    if (is_calm && lost - given_back_ >= many && awake < (lost - given_back_) / 2) {
      given_back_ = lost;
      ::malloc_trim(0);
    }
    wait();
  }

  Core& core_;
  boost::asio::steady_timer timer_;
  std::uint64_t seen_ = 0;
  std::uint64_t given_back_ = 0;
};

}  // namespace

std::unique_ptr<Part> make_trim(Core& core) {
  return std::make_unique<Trimming>(core);
}

}  // namespace reveille::node
