#include "decide/wake/credential_health.hpp"

#include <utility>

namespace reveille::decide {
namespace {

bool is_word_on_token(model::ProviderVerdict verdict) {
  using enum model::ProviderVerdict;
  return verdict == accepted || verdict == token_gone || verdict == token_wrong;
}

}  // namespace

CredentialHealth::Verdict CredentialHealth::on(model::ProviderVerdict verdict, Instant now) {
  std::int64_t const minute = unix_seconds(now) / 60;
  if (is_word_on_token(verdict)) {
    auto& current = minutes_.at(static_cast<std::size_t>(minute) % minutes_.size());
    if (current.number != minute) current = {.number = minute};
    ++current.answers;
    if (verdict == model::ProviderVerdict::token_wrong) ++current.failures;
  }
  bool const was_faulty = std::exchange(faulty_, is_faulty(now));
  return {.fault = faulty_ ? Alarm::credential_fault : Alarm::none,
          .raised = faulty_ && !was_faulty ? Raised::now : Raised::no};
}

bool CredentialHealth::is_faulty(Instant now) const {
  std::int64_t const minute = unix_seconds(now) / 60;
  std::uint64_t answers = 0;
  std::uint64_t failures = 0;
  for (auto const& one : minutes_) {
    if (one.number <= minute - static_cast<std::int64_t>(minutes_.size())) continue;
    answers += one.answers;
    failures += one.failures;
  }
  return failures >= least_failures && failures * 100 > answers * failures_in_hundred;
}

}  // namespace reveille::decide
