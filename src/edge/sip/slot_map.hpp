// SlotMap: things that are named by handles (base/handle.hpp).
//
// Lifetime: a thing stays at its address until it is erased. A slot is used again, with another generation; after 2^32
// generations of one slot a forgotten handle could name a stranger. Threads: one.
#pragma once

#include "base/handle.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace reveille::edge::sip {

template <class Thing, class Tag>
class SlotMap {
 public:
  using Name = Handle<Tag>;

  explicit SlotMap(std::uint16_t thread) : thread_(thread) {}

  // A name for a thing that may come: `place` it there, or `release` the name.
  [[nodiscard]] Name reserve() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    std::uint32_t const slot = free_.back();
    free_.pop_back();
    auto& generation = slots_[slot].generation;
    if (++generation == 0) ++generation;
    return {.thread = thread_, .slot = slot, .generation = generation};
  }

  template <class... Arguments>
  Thing& place(Name name, Arguments&&... arguments) {
    ++size_;
    return slots_[name.slot].thing.emplace(std::forward<Arguments>(arguments)...);
  }

  void release(Name name) { free_.push_back(name.slot); }

  [[nodiscard]] Thing* find(Name name) {
    if (name.thread != thread_ || name.slot >= slots_.size()) return nullptr;
    auto& slot = slots_[name.slot];
    return slot.generation == name.generation && slot.thing ? &*slot.thing : nullptr;
  }
  [[nodiscard]] Thing const* find(Name name) const { return const_cast<SlotMap*>(this)->find(name); }

  void erase(Name name) {
    if (find(name) == nullptr) return;
    --size_;
    slots_[name.slot].thing.reset();
    free_.push_back(name.slot);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint16_t thread() const { return thread_; }

  // The names of all that is there now.
  [[nodiscard]] std::vector<Name> names() const {
    std::vector<Name> all;
    all.reserve(size_);
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
      if (slots_[slot].thing) all.push_back({.thread = thread_, .slot = slot, .generation = slots_[slot].generation});
    return all;
  }

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<Thing> thing = {};
  };

  std::uint16_t thread_;
  std::size_t size_ = 0;
  std::deque<Slot> slots_ = {};
  std::vector<std::uint32_t> free_ = {};
};

}  // namespace reveille::edge::sip
