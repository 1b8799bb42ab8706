// Deadlines: what a shard has to do at a given time.
//
// Only what is going on has a deadline (a call, a burst of messages): a sleeping phone has none. Lifetime: the shard's;
// a deadline that is dropped or has passed is forgotten. Threads: the shard's. The owner of the shard drives it with
// one timer: next() says until when, run() performs what is due, `earlier` says that next() has moved forward.
#pragma once

#include "base/instant.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace reveille::dispatch {

struct DeadlineId {
  Instant at = {};
  std::uint64_t number = 0;  // 0: none

  auto operator<=>(DeadlineId const&) const = default;
};

class Deadlines {
 public:
  using Act = std::move_only_function<void()>;

  DeadlineId add(Instant at, Act act);
  // Nothing happens when it has passed already.
  void drop(DeadlineId id) { acts_.erase(id); }
  [[nodiscard]] std::optional<Instant> next() const;
  // Performs what was due at `now`, in order of time. Acts may add and drop deadlines.
  void run(Instant now);
  void set_earlier(std::move_only_function<void(Instant)> earlier) { earlier_ = std::move(earlier); }
  [[nodiscard]] std::size_t size() const { return acts_.size(); }

 private:
  std::map<DeadlineId, Act> acts_;
  std::uint64_t last_number_ = 0;
  std::move_only_function<void(Instant)> earlier_;
};

}  // namespace reveille::dispatch
