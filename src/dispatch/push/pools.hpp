// PushPools: who is sent next. One pool for each credential, with a lane for calls and a lane for all else; in a lane,
// tenants take turns (B-PUSH-5). A tenth of each credential's room, and at least one place of two, is kept for calls,
// and a credential in trouble holds up nobody but itself.
//
// Rows that wait may be forgotten meanwhile: the owner passes over what it no longer wants, and clears them out before
// they are too many. Pure; no clock.
#pragma once

#include "model/push.hpp"
#include "model/push_service.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace reveille::dispatch {

using PushRow = std::uint64_t;

enum class Lane : std::uint8_t { calls, others };

[[nodiscard]] constexpr Lane lane_of(model::PushClass push_class) {
  return push_class == model::PushClass::call ? Lane::calls : Lane::others;
}

// How many may be under way: calls in all, and others while fewer than so many are.
struct PushRoom {
  std::size_t calls = 0;
  std::size_t others = 0;
};

[[nodiscard]] constexpr PushRoom room_for(std::size_t most_under_way) {
  auto const reserve = most_under_way < 2 ? 0 : (most_under_way + 9) / 10;
  return {.calls = most_under_way, .others = most_under_way - reserve};
}

class PushPool {
 public:
  explicit PushPool(PushRoom room) : room_(room) {}

  // From now on; what is under way beyond it stays.
  void set_room(PushRoom room) { room_ = room; }
  // Takes room at once, when there is some and nobody of that lane waits for it.
  [[nodiscard]] bool take_room(Lane lane);
  void wait(Lane lane, model::TenantId const& tenant, PushRow row);
  // The next row that may go, with room taken for it; calls first.
  [[nodiscard]] std::optional<PushRow> next();
  // Gives room back.
  void release() { --under_way_; }
  // Those that are wanted no longer leave the line.
  void clear_out(std::function<bool(PushRow)> const& is_wanted);
  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Queue {
    std::map<model::TenantId, std::deque<PushRow>> tenants = {};
    model::TenantId last_served = {};
    std::size_t size = 0;
  };
  [[nodiscard]] bool has_room(Lane lane) const;
  [[nodiscard]] Queue& queue(Lane lane) { return lanes_.at(static_cast<std::size_t>(lane)); }

  PushRoom room_;
  std::size_t under_way_ = 0;
  std::array<Queue, 2> lanes_ = {};
};

}  // namespace reveille::dispatch
