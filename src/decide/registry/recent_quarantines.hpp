// RecentQuarantines: the tokens that were quarantined lately, so that it can be taken back when the credential turns
// out to be to blame (B-SIGN-3). The push service says so with the first refusal that it does not lay to the token: the
// provider's answer is the same, and the token stays alive.
//
// Lifetime: as long as its owner; in memory only. Threads: its owner's. Pure; time comes with the receipts.
#pragma once

#include "decide/wake/credential_health.hpp"
#include "model/device.hpp"
#include "model/push.hpp"

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

class RecentQuarantines {
 public:
  // Beyond that the oldest are forgotten, and stay quarantined.
  static constexpr std::size_t most = CredentialHealth::most_tokens;

  struct Quarantine {
    model::AccountId account = {};
    model::InstanceId instance = {};
    std::string token = {};
    Instant given = {};
  };

  // Every receipt of a push to that device. What is returned is to be lifted.
  [[nodiscard]] std::vector<Quarantine> on(model::AccountId const& account, model::Device const& device,
                                           std::string_view token, model::PushReceipt const& receipt);

 private:
  // What a credential is told by here, and what the provider said.
  struct Cause {
    model::Provider provider = model::Provider::none;
    model::Environment environment = model::Environment::production;
    std::string team = {};
    unsigned status = 0;
    std::string reason = {};

    bool operator==(Cause const&) const = default;
  };
  struct Remembered {
    Quarantine quarantine = {};
    Cause cause = {};
  };

  std::deque<Remembered> remembered_ = {};  // oldest first
};

}  // namespace reveille::decide
