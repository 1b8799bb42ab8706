// CredentialHealth: tells a credential's fault from the faults of its tokens (B-SIGN-3). When more than 5 % of one
// credential's notifications, and at least 20, fail by their tokens within 10 minutes, it is the credential: no token
// is to blame, and one alarm is raised. 410 is no such failure: the provider's word that a token is dead stands.
//
// Pure; time comes in. Minutes are counted whole, so "within 10 minutes" is 9 to 10.
#pragma once

#include "base/instant.hpp"
#include "decide/wake/push_consequence.hpp"
#include "model/provider.hpp"

#include <array>
#include <cstdint>

namespace reveille::decide {

class CredentialHealth {
 public:
  static constexpr std::uint64_t least_failures = 20;
  static constexpr std::uint64_t failures_in_hundred = 5;

  enum class Raised : std::uint8_t { no, now };
  struct Verdict {
    Alarm fault = Alarm::none;   // credential_fault while it lasts
    Raised raised = Raised::no;  // now: with this answer, so say it once
  };
  Verdict on(model::ProviderVerdict verdict, Instant now);
  // Whether it still is one, though no answer has come since.
  [[nodiscard]] bool is_faulty(Instant now) const;

 private:
  struct Minute {
    std::int64_t number = -1;
    std::uint64_t answers = 0;
    std::uint64_t failures = 0;
  };
  std::array<Minute, 10> minutes_ = {};
  bool faulty_ = false;
};

}  // namespace reveille::decide
