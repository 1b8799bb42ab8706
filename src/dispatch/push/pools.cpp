#include "dispatch/push/pools.hpp"

#include <ranges>

namespace reveille::dispatch {

bool PushPool::has_room(Lane lane) const {
  return under_way_ < (lane == Lane::calls ? room_.calls : room_.others);
}

bool PushPool::take_room(Lane lane) {
  if (queue(lane).size > 0 || !has_room(lane)) return false;
  ++under_way_;
  return true;
}

void PushPool::wait(Lane lane, model::TenantId const& tenant, PushRow row) {
  auto& lane_queue = queue(lane);
  lane_queue.tenants[tenant].push_back(row);
  ++lane_queue.size;
}

std::optional<PushRow> PushPool::next() {
  for (auto const lane : {Lane::calls, Lane::others}) {
    auto& lane_queue = queue(lane);
    if (lane_queue.size == 0 || !has_room(lane)) continue;
    // The tenant after the one that was served last, in the order of their names.
    auto turn = lane_queue.tenants.upper_bound(lane_queue.last_served);
    if (turn == lane_queue.tenants.end()) turn = lane_queue.tenants.begin();
    auto const row = turn->second.front();
    turn->second.pop_front();
    lane_queue.last_served = turn->first;
    if (turn->second.empty()) lane_queue.tenants.erase(turn);
    --lane_queue.size;
    ++under_way_;
    return row;
  }
  return {};
}

void PushPool::clear_out(std::function<bool(PushRow)> const& is_wanted) {
  for (auto& lane : lanes_)
    for (auto& rows : lane.tenants | std::views::values)
      lane.size -= std::erase_if(rows, [&](PushRow row) { return !is_wanted(row); });
  for (auto& lane : lanes_) std::erase_if(lane.tenants, [](auto const& rows) { return rows.second.empty(); });
}

std::size_t PushPool::waiting() const {
  return lanes_[0].size + lanes_[1].size;
}

}  // namespace reveille::dispatch
