#include "arrive/rest/basic_authentication.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <utility>

namespace reveille::arrive {
namespace {

using Because = SignInRefusal::Because;

std::unexpected<SignInRefusal> refusal(Because because, Instant until = {}) {
  return std::unexpected(SignInRefusal{.because = because, .until = until});
}

// As long as a real one, and nobody's.
constexpr std::string_view nobodys_key = "----------------------------------------------------------------";

// RFC 7616 section 3.4.2: H(user ":" realm ":" password).
std::string ha1_of(model::AccountId const& account, Secret const& password) {
  Secret const a1{std::string(user_of(account)) + ':' + std::string(domain_of(account)) + ':' +
                  std::string(password.reveal())};
  return encode_hex(crypto::sha256(a1.reveal()));
}

}  // namespace

std::optional<model::AccountId> BasicAuthentication::account_named(std::string_view user) const {
  auto account = model::parse_account(user.contains('@') ? std::string(user) : std::string(user) + '@' + domain_);
  return account ? std::optional(std::move(*account)) : std::nullopt;
}

void BasicAuthentication::check(std::optional<BasicCredentials> const& given, std::string const& source,
                                Answer answer) {
  if (!given) return answer(refusal(Because::none_given));
  // A name that nobody can have is some user of no account.
  auto const account = account_named(given->user).value_or(model::AccountId{});
  if (auto const until = guesses_.locked_until(source, account.value, clock_.now()))
    return answer(refusal(Because::guessing, *until));
  auto judge = [this, account, source, key = ha1_of(account, given->password),
                answer = std::move(answer)](Result<model::Verifier> found) mutable {
    if (!found && found.error().code == ErrorCode::busy) return answer(refusal(Because::busy));
    bool const right = equal_in_constant_time(key, found ? std::string_view(found->ha1_sha256) : nobodys_key);
    if (right) return answer(account);
    guesses_.count(source, account.value, clock_.now());
    answer(refusal(Because::wrong));
  };
  credentials_.lookup(account, std::move(judge));
}

}  // namespace reveille::arrive
