// CredentialHealth: tells a credential's fault from the faults of its tokens (B-SIGN-3). When more than 5 % of one
// credential's tokens, and at least 20, fail within 10 minutes, it is the credential: no token is to blame, and one
// alarm is raised. 410 is no such failure: the provider's word that a token is dead stands.
//
// A token counts once, however often it is pushed to; where there are more than can be remembered, each answer counts.
// Pure; time comes in. Minutes are counted whole, so "within 10 minutes" is 9 to 10.
#pragma once

#include "base/instant.hpp"
#include "decide/wake/push_consequence.hpp"
#include "model/provider.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace reveille::decide {

class CredentialHealth {
 public:
  static constexpr std::uint64_t least_failures = 20;
  static constexpr std::uint64_t failures_in_hundred = 5;
  static constexpr std::int64_t minutes_of_window = 10;
  static constexpr Duration window = std::chrono::minutes{minutes_of_window};
  static constexpr std::size_t most_tokens = 20'000;  // a megabyte

  enum class Raised : std::uint8_t { no, now };
  struct Verdict {
    Alarm fault = Alarm::none;   // credential_fault while it lasts
    Raised raised = Raised::no;  // now: with this answer, so say it once
  };
  // `token`: a hash of it.
  Verdict on(model::ProviderVerdict verdict, std::uint64_t token, Instant now);
  // Whether it still is one, though no answer has come since.
  [[nodiscard]] bool is_faulty(Instant now) const;

 private:
  struct Minute {
    std::int64_t number = -1;
    std::uint64_t answers = 0;
    std::uint64_t failures = 0;
  };
  // When a token was heard of last, and last failed: minutes, in which it is counted.
  struct Token {
    std::int64_t answered = -1;
    std::int64_t failed = -1;
  };

  void count(model::ProviderVerdict verdict, std::uint64_t token, std::int64_t minute);
  void count_anew(std::int64_t& counted_in, std::int64_t minute, std::uint64_t Minute::* what);
  [[nodiscard]] Minute& at(std::int64_t minute) {
    return minutes_.at(static_cast<std::size_t>(minute % minutes_of_window));
  }

  std::array<Minute, minutes_of_window> minutes_ = {};
  std::unordered_map<std::uint64_t, Token> tokens_ = {};
  bool faulty_ = false;
};

}  // namespace reveille::decide
