// Authentication: who sent a request, by digest (RFC 3261 section 22, RFC 7616, RFC 8760).
//
// The nonce is checked first, which costs one MAC and asks nobody: a flood of made-up credentials ends there. Then the
// account's verifier is asked for, the response is compared, and the nonce count must be new. An account that does not
// exist is refused as a wrong password is. Lifetime: outlives nothing; the port outlives it. Threads: one.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "model/ports.hpp"
#include "wire/sip/digest.hpp"
#include "wire/sip/message.hpp"
#include "wire/sip/nonce.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reveille::arrive {

enum class Realm : std::uint8_t { server, proxy };  // 401 WWW-Authenticate, or 407 Proxy-Authenticate

// The algorithms that are offered, strongest first (RFC 8760 section 2.4).
struct DigestPolicy {
  enum class Required : std::uint8_t { yes, no } required = Required::yes;
  std::vector<sip::Algorithm> algorithms = {sip::Algorithm::sha256, sip::Algorithm::md5};
};

enum class Verdict : std::uint8_t {
  authenticated,
  challenge,  // no credentials, or wrong ones
  stale,      // right but for a nonce that has grown old
  repeated,   // right but for a nonce count that was used before
  busy        // the account cannot be asked now
};

class Authentication {
 public:
  using Answer = std::move_only_function<void(Verdict, model::AccountId const&)>;

  Authentication(model::CredentialPort& credentials, Clock const& clock, Random& random, DigestPolicy policy);

  // Answers at once when the port does. The message is read during the call only.
  void check(sip::MessageView const& request, Realm realm, std::string_view domain, Answer answer);
  // The same for a sender who is expected to be this one, whose keys are at hand: `challenge` also where he may be
  // another, so that the question is to be asked by check().
  [[nodiscard]] Verdict check_known(sip::MessageView const& request, model::KnownRegister const& sender);
  // The account has no connection left: what is kept of its nonces is no more than that no count is used again.
  void rest(model::AccountId const& account);
  // The challenge fields' values for that domain, strongest algorithm first.
  [[nodiscard]] std::vector<std::string> challenges(std::string_view domain, sip::Stale stale);

 private:
  struct Claim;
  using ClaimPointer = std::unique_ptr<Claim>;
  // The request's credentials for that realm and domain.
  struct Found {
    std::string_view field = {};
    sip::Credentials credentials = {};
  };
  [[nodiscard]] std::optional<Found> credentials_in(sip::MessageView const& request, Realm realm,
                                                    std::string_view domain) const;
  [[nodiscard]] bool offers(sip::Algorithm algorithm) const;
  struct Counts {
    sip::NonceCounts counts = {};
    Instant used = {};
  };
  // By a hash that nobody can aim: two accounts that share one share their counts, and hear `stale` at worst.
  using CountsKey = std::uint64_t;
  [[nodiscard]] CountsKey key_of(model::AccountId const& account) const;
  // `known`: what counts_ has of the account, if anything.
  [[nodiscard]] Verdict judge(CountsKey key, Counts* known, sip::Credentials const& credentials,
                              sip::NonceVerdict const& nonce, std::string_view method, model::DigestKeys keys);
  [[nodiscard]] Counts* counts_of(CountsKey key);
  void forget_old(Instant now);
  // As they were, when the account has rested; `nonce` is what it uses now.
  Counts& wake(CountsKey key, sip::NonceVerdict const& nonce);

  model::CredentialPort& credentials_;
  Clock const& clock_;
  Random& random_;
  DigestPolicy policy_;
  sip::NonceMint mint_;
  sip::Digester digester_ = {};
  std::uint64_t seed_ = 0;
  boost::unordered_flat_map<CountsKey, Counts> counts_ = {};
  boost::unordered_flat_map<CountsKey, sip::NonceMark> rested_ = {};
  Instant swept_ = {};
};

}  // namespace reveille::arrive
