// BasicAuthentication: which user a request is from, by HTTP Basic over TLS (RFC 7617).
//
// The password is hashed once, like a digest's A1, and compared with the HA1 that is kept: no password is stored, and
// a wrong one costs no more than a right one. An account that does not exist is refused as a wrong password is, after
// the same work. Guessing is bounded (Guesses). Lifetime: the port outlives it. Threads: one.
#pragma once

#include "arrive/rest/authorization.hpp"
#include "arrive/rest/guesses.hpp"
#include "base/instant.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "model/ports.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace reveille::arrive {

struct SignInRefusal {
  enum class Because : std::uint8_t {
    none_given,  // no credentials: ask for them
    wrong,       // no such user, or another password
    guessing,    // too many wrong ones: none is looked at until then
    busy         // the account cannot be asked now
  } because = Because::none_given;
  Instant until = {};
};

class BasicAuthentication {
 public:
  using Answer = std::move_only_function<void(Result<model::AccountId, SignInRefusal>)>;

  // A user name without a domain is one of `domain`.
  BasicAuthentication(model::CredentialPort& credentials, Clock const& clock, Random& random, std::string domain)
      : credentials_(credentials), clock_(clock), domain_(std::move(domain)), guesses_(random.number()) {}

  // `source` is the peer's address with its port. Answers at once when the port does.
  void check(std::optional<BasicCredentials> const& given, std::string const& source, Answer answer);

 private:
  [[nodiscard]] std::optional<model::AccountId> account_named(std::string_view user) const;

  model::CredentialPort& credentials_;
  Clock const& clock_;
  std::string domain_;
  Guesses guesses_;
};

}  // namespace reveille::arrive
