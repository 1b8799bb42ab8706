#include "dispatch/expiries.hpp"

namespace reveille::dispatch {

void Expiries::Place::move(std::optional<Instant> at) {
  expiries_.leave(*this);
  if (at) expiries_.enter(*this, *at);
}

std::optional<Instant> Expiries::next() const {
  return heap_.empty() ? std::nullopt : std::optional(heap_.front()->at_);
}

Entry* Expiries::take_due(Instant now) {
  if (heap_.empty() || heap_.front()->at_ > now) return nullptr;
  auto& place = *heap_.front();
  leave(place);
  return &place.entry();
}

void Expiries::enter(Place& place, Instant at) {
  place.at_ = at;
  heap_.push_back(&place);
  put(heap_.size() - 1, &place);
  rise(heap_.size() - 1);
}

void Expiries::leave(Place& place) {
  if (place.index_ == Place::nowhere) return;
  std::size_t const index = place.index_;
  place.index_ = Place::nowhere;
  auto* const last = heap_.back();
  heap_.pop_back();
  if (last == &place) return;
  put(index, last);
  rise(index);
  sink(last->index_);
}

void Expiries::put(std::size_t index, Place* place) {
  heap_[index] = place;
  place->index_ = static_cast<std::uint32_t>(index);
}

void Expiries::rise(std::size_t index) {
  for (auto* const place = heap_[index]; index > 0;) {
    auto const above = (index - 1) / 2;
    if (heap_[above]->at_ <= place->at_) return;
    put(index, heap_[above]);
    put(above, place);
    index = above;
  }
}

void Expiries::sink(std::size_t index) {
  for (auto* const place = heap_[index]; 2 * index + 1 < heap_.size();) {
    auto below = 2 * index + 1;
    if (below + 1 < heap_.size() && heap_[below + 1]->at_ < heap_[below]->at_) ++below;
    if (place->at_ <= heap_[below]->at_) return;
    put(index, heap_[below]);
    put(below, place);
    index = below;
  }
}

}  // namespace reveille::dispatch
