#include "dispatch/tentative.hpp"

#include <utility>

namespace reveille::dispatch {

void Tentative::begin(model::AccountId const& account, std::string_view before, Stake stake) {
  auto const [at, is_first] = under_way_.try_emplace(account);
  if (is_first) at->second.on_disk = before;
  ++at->second.writes;
  at->second.is_promised |= stake == Stake::promise;
}

std::optional<std::string> Tentative::end(model::AccountId const& account, std::string const& after, Fate fate) {
  auto const found = under_way_.find(account);
  if (found == under_way_.end()) return std::nullopt;
  if (fate == Fate::written) found->second.on_disk = after;
  if (--found->second.writes > 0) return std::nullopt;
  auto const last = std::move(found->second);
  under_way_.erase(found);
  bool const goes_back = fate == Fate::refused && last.is_promised;
  return goes_back ? std::optional(last.on_disk) : std::nullopt;
}

}  // namespace reveille::dispatch
