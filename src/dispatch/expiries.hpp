// Expiries: whose time runs out next, for things that last so long that each must cost almost nothing (a suspended
// session is kept for 72 h). One place an owner; it leaves when its owner goes. Lifetime: outlives every place.
// Threads: the shard's.
#pragma once

#include "base/instant.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <utility>

namespace reveille::dispatch {

class Entry;

class Expiries {
 public:
  class Place {
   public:
    Place(Expiries& expiries, Entry& entry) : expiries_(expiries), entry_(entry) {}
    ~Place() { move({}); }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;

    // Nothing: it does not run out.
    void move(std::optional<Instant> at) {
      if (at == at_) return;
      if (at_) expiries_.order_.erase({*at_, this});
      at_ = at;
      if (at_) expiries_.order_.insert({*at_, this});
    }
    void move_forward(Instant at) {
      if (!at_ || at < *at_) move(at);
    }
    [[nodiscard]] Entry& entry() const { return entry_; }

   private:
    Expiries& expiries_;
    Entry& entry_;
    std::optional<Instant> at_ = {};
  };

  [[nodiscard]] std::optional<Instant> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }
  // Takes out the first whose time has come; null when there is none.
  [[nodiscard]] Entry* take_due(Instant now) {
    if (order_.empty() || order_.begin()->first > now) return nullptr;
    auto* const place = order_.begin()->second;
    place->move({});
    return &place->entry();
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  std::set<std::pair<Instant, Place*>> order_ = {};
};

}  // namespace reveille::dispatch
