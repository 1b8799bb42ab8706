// Expiries: whose time runs out next, for things that last so long that each must cost almost nothing (a suspended
// session is kept for 72 h). One place an owner; it leaves when its owner goes. Lifetime: outlives every place.
// Threads: the shard's.
#pragma once

#include "base/instant.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace reveille::dispatch {

class Entry;

class Expiries {
 public:
  class Place {
   public:
    Place(Expiries& expiries, Entry& entry) : expiries_(expiries), entry_(entry) {}
    ~Place() { expiries_.leave(*this); }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;

    // Nothing: it does not run out.
    void move(std::optional<Instant> at);
    void move_forward(Instant at) {
      if (index_ == nowhere || at < at_) move(at);
    }
    [[nodiscard]] Entry& entry() const { return entry_; }

   private:
    friend class Expiries;
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    Expiries& expiries_;
    Entry& entry_;
    Instant at_ = {};
    std::uint32_t index_ = nowhere;
  };

  [[nodiscard]] std::optional<Instant> next() const;
  // Takes out the first whose time has come; null when there is none.
  [[nodiscard]] Entry* take_due(Instant now);
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  void enter(Place& place, Instant at);
  void leave(Place& place);
  void put(std::size_t index, Place* place);
  void rise(std::size_t index);
  void sink(std::size_t index);

  std::vector<Place*> heap_ = {};  // a binary heap, the earliest first; each place knows its index
};

}  // namespace reveille::dispatch
