// WaitingPushes: requests other than calls that the push service could not take yet, and when it is asked again.
//
// What:     a service that is away is asked by a few at a time, after a pause that all share and that doubles from
//           50 ms to 2 s, or lasts as long as the service says (Retry-After, RFC 9110 section 10.2.3; at most 30 s).
//           Once it has answered, the rest follow. A newer request of the same subject takes the older one's place.
// Lifetime, threads: its owner's. Memory: at most `most` requests; the oldest gives way.
#pragma once

#include "model/push.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace reveille::deliver {

class WaitingPushes {
 public:
  static constexpr std::size_t most = 20'000;
  static constexpr std::size_t most_at_once = 100;

  // Gives the one that is not to be asked for any more, which may be this one: `number` grows from request to request,
  // and they may be held in another order. A request without a subject takes nobody's place.
  [[nodiscard]] std::optional<model::PushId> hold(model::PushId const& id, std::string const& subject,
                                                  std::uint64_t number);
  void drop(model::PushId const& id);
  // Those to be asked for now, oldest first.
  [[nodiscard]] std::vector<model::PushId> take();
  // How long to wait after a failure, and what the service itself has asked for.
  [[nodiscard]] std::chrono::milliseconds next_pause(std::optional<std::chrono::seconds> retry_after);
  void on_answer() { pause_ = first_pause; }
  [[nodiscard]] std::size_t size() const { return by_age_.size(); }

 private:
  static constexpr std::chrono::milliseconds first_pause{50};
  struct Held {
    model::PushId id = {};
    std::string subject = {};
    std::uint64_t number = 0;
  };
  void erase(std::map<std::uint64_t, Held>::iterator at);

  std::map<std::uint64_t, Held> by_age_ = {};
  std::unordered_map<model::PushId, std::uint64_t> ages_ = {};
  std::unordered_map<std::string, std::uint64_t> subjects_ = {};
  std::uint64_t newest_ = 0;
  std::chrono::milliseconds pause_ = first_pause;
};

}  // namespace reveille::deliver
