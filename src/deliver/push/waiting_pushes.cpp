#include "deliver/push/waiting_pushes.hpp"

#include <algorithm>
#include <utility>

namespace reveille::deliver {
namespace {

constexpr std::chrono::milliseconds longest_pause{2'000};
constexpr std::chrono::seconds longest_asked_for{30};

}  // namespace

std::optional<model::PushId> WaitingPushes::hold(model::PushId const& id, std::string const& subject,
                                                 std::uint64_t number) {
  drop(id);
  auto gives_way = by_age_.end();
  if (auto const same = subjects_.find(subject); !subject.empty() && same != subjects_.end()) {
    gives_way = by_age_.find(same->second);
    if (gives_way->second.number > number) return id;
  } else if (by_age_.size() >= most) {
    gives_way = by_age_.begin();
  }
  std::optional<model::PushId> out;
  if (gives_way != by_age_.end()) {
    out = gives_way->second.id;
    erase(gives_way);
  }
  by_age_.emplace(++newest_, Held{.id = id, .subject = subject, .number = number});
  ages_[id] = newest_;
  if (!subject.empty()) subjects_[subject] = newest_;
  return out;
}

void WaitingPushes::drop(model::PushId const& id) {
  if (auto const found = ages_.find(id); found != ages_.end()) erase(by_age_.find(found->second));
}

std::vector<model::PushId> WaitingPushes::take() {
  std::vector<model::PushId> taken;
  while (!by_age_.empty() && taken.size() < most_at_once) {
    taken.push_back(by_age_.begin()->second.id);
    erase(by_age_.begin());
  }
  return taken;
}

std::chrono::milliseconds WaitingPushes::next_pause(std::optional<std::chrono::seconds> retry_after) {
  auto const pause = std::exchange(pause_, std::min(pause_ * 2, longest_pause));
  if (!retry_after) return pause;
  return std::max<std::chrono::milliseconds>(pause, std::min(*retry_after, longest_asked_for));
}

void WaitingPushes::erase(std::map<std::uint64_t, Held>::iterator at) {
  ages_.erase(at->second.id);
  if (auto const same = subjects_.find(at->second.subject); same != subjects_.end() && same->second == at->first)
    subjects_.erase(same);
  by_age_.erase(at);
}

}  // namespace reveille::deliver
