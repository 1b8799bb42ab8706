#include "arrive/sip/authentication.hpp"

#include <algorithm>
#include <utility>

namespace reveille::arrive {
namespace {

constexpr Duration nonce_lifetime = 1h;
constexpr Duration sweep_after = 10min;

Secret random_key(Random& random) {
  std::string key(32, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  return Secret{std::move(key)};
}

}  // namespace

// What a request says of its sender. Texts are copied where the port may answer later.
struct Authentication::Claim {
  model::AccountId account = {};
  std::string value = {};  // of the field; the credentials are views of it
  std::string method = {};
  sip::NonceVerdict nonce = {};
};

Authentication::Authentication(model::CredentialPort& credentials, Clock const& clock, Random& random,
                               DigestPolicy policy)
    : credentials_(credentials),
      clock_(clock),
      random_(random),
      policy_(std::move(policy)),
      mint_(random_key(random), nonce_lifetime) {}

bool Authentication::offers(sip::Algorithm algorithm) const {
  return std::ranges::find(policy_.algorithms, sip::base_of(algorithm)) != policy_.algorithms.end();
}

std::vector<std::string> Authentication::challenges(std::string_view domain, sip::Stale stale) {
  std::string const nonce = mint_.make(clock_.now(), random_.number(), domain);
  std::vector<std::string> values;
  for (auto const algorithm : policy_.algorithms)
    values.push_back(sip::format_challenge(domain, nonce, algorithm, stale));
  return values;
}

std::optional<Authentication::Claim> Authentication::claim_in(sip::MessageView const& request, Realm realm,
                                                              std::string_view domain) const {
  auto const field = realm == Realm::server ? sip::HeaderName::authorization : sip::HeaderName::proxy_authorization;
  for (std::string_view const value : request.all(field)) {
    auto const credentials = sip::parse_credentials(value);
    // RFC 3261 section 22.3: those of another realm are not for us.
    if (!credentials || credentials->scheme != sip::AuthScheme::digest || credentials->realm != domain) continue;
    if (!offers(credentials->algorithm) || credentials->qop != sip::Qop::auth || credentials->username.empty())
      continue;
    return Claim{.account = model::AccountId{std::string(credentials->username) + '@' + std::string(domain)},
                 .value = std::string(value),
                 .method = std::string(request.method_text())};
  }
  return {};
}

void Authentication::check(sip::MessageView const& request, Realm realm, std::string_view domain, Answer answer) {
  auto claim = claim_in(request, realm, domain);
  if (!claim) return answer(Verdict::challenge, {});
  auto const credentials = *sip::parse_credentials(claim->value);
  claim->nonce = mint_.check(credentials.nonce, clock_.now(), domain);
  if (claim->nonce.state == sip::NonceState::forged) return answer(Verdict::challenge, {});
  auto const account = claim->account;
  credentials_.lookup(
      account, [this, claim = std::move(*claim), answer = std::move(answer)](Result<model::Verifier> found) mutable {
        if (!found) return answer(found.error().code == ErrorCode::busy ? Verdict::busy : Verdict::challenge, {});
        answer(judge(claim, *found), claim.account);
      });
}

Verdict Authentication::judge(Claim const& claim, model::Verifier const& verifier) {
  auto const credentials = *sip::parse_credentials(claim.value);
  bool const sha256 = sip::base_of(credentials.algorithm) == sip::Algorithm::sha256;
  if (!digester_.verify(credentials, sha256 ? verifier.ha1_sha256 : verifier.ha1_md5, claim.method))
    return Verdict::challenge;
  if (claim.nonce.state == sip::NonceState::stale) return Verdict::stale;
  return count(claim);
}

Verdict Authentication::count(Claim const& claim) {
  Instant const now = clock_.now();
  if (now - swept_ > sweep_after) forget_old(now);
  auto const credentials = *sip::parse_credentials(claim.value);
  auto& counts = counts_[claim.account];
  counts.used = now;
  auto const use = counts.counts.use(claim.nonce, credentials.nonce_count);
  return use == sip::NonceCounts::Use::first ? Verdict::authenticated : Verdict::stale;
}

void Authentication::forget_old(Instant now) {
  swept_ = now;
  // A nonce that old is stale whoever uses it, so its counts need not be known.
  std::erase_if(counts_, [now](auto const& entry) { return now - entry.second.used > nonce_lifetime; });
}

}  // namespace reveille::arrive
