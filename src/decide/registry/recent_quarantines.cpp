#include "decide/registry/recent_quarantines.hpp"

#include <utility>

namespace reveille::decide {

std::vector<RecentQuarantines::Quarantine> RecentQuarantines::on(model::AccountId const& account,
                                                                 model::Device const& device, std::string_view token,
                                                                 model::PushReceipt const& receipt) {
  std::vector<Quarantine> lifted;
  bool const is_providers_word = receipt.state == model::PushState::refused && receipt.provider_status != 0;
  if (!is_providers_word || receipt.token == model::TokenVerdict::dead) return lifted;
  while (!remembered_.empty() && remembered_.front().quarantine.given + CredentialHealth::window < receipt.at)
    remembered_.pop_front();
  Cause cause{.provider = device.provider,
              .environment = device.environment,
              .team = device.team,
              .status = receipt.provider_status,
              .reason = receipt.reason};
  if (receipt.token == model::TokenVerdict::quarantined) {
    if (remembered_.size() >= most) remembered_.pop_front();
    remembered_.push_back({.quarantine = {.account = account,
                                          .instance = device.instance,
                                          .token = std::string(token),
                                          .given = receipt.at},
                           .cause = std::move(cause)});
    return lifted;
  }
  std::erase_if(remembered_, [&](Remembered& one) {
    if (one.cause != cause) return false;
    lifted.push_back(std::move(one.quarantine));
    return true;
  });
  return lifted;
}

}  // namespace reveille::decide
