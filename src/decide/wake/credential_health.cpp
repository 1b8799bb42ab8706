#include "decide/wake/credential_health.hpp"

#include <utility>

namespace reveille::decide {
namespace {

bool is_word_on_token(model::ProviderVerdict verdict) {
  using enum model::ProviderVerdict;
  return verdict == accepted || verdict == token_gone || verdict == token_wrong;
}

}  // namespace

void CredentialHealth::count(model::ProviderVerdict verdict, std::uint64_t token, std::int64_t minute) {
  if (at(minute).number != minute) {
    at(minute) = {.number = minute};
    std::erase_if(tokens_, [&](auto const& one) { return one.second.answered <= minute - minutes_of_window; });
  }
  Token unknown;
  bool const is_remembered = tokens_.size() < most_tokens || tokens_.contains(token);
  auto& known = is_remembered ? tokens_[token] : unknown;
  count_anew(known.answered, minute, &Minute::answers);
  if (verdict == model::ProviderVerdict::token_wrong) count_anew(known.failed, minute, &Minute::failures);
}

// A token is counted in the newest minute only.
void CredentialHealth::count_anew(std::int64_t& counted_in, std::int64_t minute, std::uint64_t Minute::* what) {
  auto const before = std::exchange(counted_in, minute);
  if (before >= 0 && at(before).number == before) --(at(before).*what);
  ++(at(minute).*what);
}

CredentialHealth::Verdict CredentialHealth::on(model::ProviderVerdict verdict, std::uint64_t token, Instant now) {
  if (is_word_on_token(verdict)) count(verdict, token, unix_seconds(now) / 60);
  bool const was_faulty = std::exchange(faulty_, is_faulty(now));
  return {.fault = faulty_ ? Alarm::credential_fault : Alarm::none,
          .raised = faulty_ && !was_faulty ? Raised::now : Raised::no};
}

bool CredentialHealth::is_faulty(Instant now) const {
  std::int64_t const minute = unix_seconds(now) / 60;
  std::uint64_t answers = 0;
  std::uint64_t failures = 0;
  for (auto const& one : minutes_) {
    if (one.number <= minute - minutes_of_window) continue;
    answers += one.answers;
    failures += one.failures;
  }
  return failures >= least_failures && failures * 100 > answers * failures_in_hundred;
}

}  // namespace reveille::decide
