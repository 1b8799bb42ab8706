#include "dispatch/deadlines.hpp"

namespace reveille::dispatch {

DeadlineId Deadlines::add(Instant at, Act act) {
  DeadlineId const id{.at = at, .number = ++last_number_};
  bool const first = acts_.empty() || id < acts_.begin()->first;
  acts_.emplace(id, std::move(act));
  if (first && earlier_) earlier_(at);
  return id;
}

std::optional<Instant> Deadlines::next() const {
  return acts_.empty() ? std::nullopt : std::optional(acts_.begin()->first.at);
}

void Deadlines::run(Instant now) {
  // What acts add for now or earlier waits for the next turn: a chain of such acts cannot hold the thread.
  auto const newest = last_number_;
  for (auto at = acts_.begin(); at != acts_.end() && at->first.at <= now; at = acts_.begin()) {
    if (at->first.number > newest) break;
    auto due = acts_.extract(at);
    due.mapped()();
  }
}

}  // namespace reveille::dispatch
