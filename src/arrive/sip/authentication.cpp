#include "arrive/sip/authentication.hpp"

#include "base/give_back_room.hpp"
#include "base/seeded_hash.hpp"

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

// What a request says of its sender, kept where the port may answer later.
struct Authentication::Claim {
  model::AccountId account = {};
  std::string field = {};
  sip::Credentials credentials = {};  // views of `field`
  std::string method = {};
  sip::NonceVerdict nonce = {};
};

Authentication::Authentication(model::CredentialPort& credentials, Clock const& clock, Random& random,
                               DigestPolicy policy)
    : credentials_(credentials),
      clock_(clock),
      random_(random),
      policy_(std::move(policy)),
      mint_(random_key(random), nonce_lifetime),
      seed_(random.number()) {}

Authentication::CountsKey Authentication::key_of(model::AccountId const& account) const {
  return SeededHash{seed_}(account.value);
}

Authentication::Counts* Authentication::counts_of(CountsKey key) {
  auto const found = counts_.find(key);
  return found == counts_.end() ? nullptr : &found->second;
}

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

std::optional<Authentication::Found> Authentication::credentials_in(sip::MessageView const& request, Realm realm,
                                                                    std::string_view domain) const {
  auto const name = realm == Realm::server ? sip::HeaderName::authorization : sip::HeaderName::proxy_authorization;
  for (std::string_view const field : request.all(name)) {
    auto const credentials = sip::parse_credentials(field);
    // RFC 3261 section 22.3: those of another realm are not for us.
    if (!credentials || credentials->scheme != sip::AuthScheme::digest || credentials->realm != domain) continue;
    if (offers(credentials->algorithm) && credentials->qop == sip::Qop::auth && !credentials->username.empty())
      return Found{.field = field, .credentials = *credentials};
  }
  return {};
}

void Authentication::check(sip::MessageView const& request, Realm realm, std::string_view domain, Answer answer) {
  auto const found = credentials_in(request, realm, domain);
  if (!found) return answer(Verdict::challenge, {});
  auto const nonce = mint_.check(found->credentials.nonce, clock_.now(), domain);
  if (nonce.state == sip::NonceState::forged) return answer(Verdict::challenge, {});
  auto claim = std::make_unique<Claim>(
      Claim{.account = model::AccountId{std::string(found->credentials.username) + '@' + std::string(domain)},
            .field = std::string(found->field),
            .method = std::string(request.method_text()),
            .nonce = nonce});
  claim->credentials = *sip::parse_credentials(claim->field);
  auto const& account = claim->account;
  credentials_.lookup(
      account, [this, claim = std::move(claim), answer = std::move(answer)](Result<model::Verifier> verifier) mutable {
        if (!verifier) return answer(verifier.error().code == ErrorCode::busy ? Verdict::busy : Verdict::challenge, {});
        auto const key = key_of(claim->account);
        auto const verdict = judge(key, counts_of(key), claim->credentials, claim->nonce, claim->method,
                                   {.md5 = verifier->ha1_md5, .sha256 = verifier->ha1_sha256});
        answer(verdict, claim->account);
      });
}

Verdict Authentication::check_known(sip::MessageView const& request, model::KnownRegister const& sender) {
  auto const domain = model::domain_of(sender.account);
  auto const found = credentials_in(request, Realm::server, domain);
  if (!found || found->credentials.username != model::user_of(sender.account)) return Verdict::challenge;
  auto const key = key_of(sender.account);
  auto* const counts = counts_of(key);
  auto nonce = mint_.read(found->credentials.nonce, clock_.now());
  if (counts == nullptr || !counts->counts.knows(nonce))
    nonce = mint_.check(found->credentials.nonce, clock_.now(), domain);
  if (nonce.state == sip::NonceState::forged) return Verdict::challenge;
  return judge(key, counts, found->credentials, nonce, request.method_text(), sender.keys);
}

Verdict Authentication::judge(CountsKey key, Counts* known, sip::Credentials const& credentials,
                              sip::NonceVerdict const& nonce, std::string_view method, model::DigestKeys keys) {
  bool const sha256 = sip::base_of(credentials.algorithm) == sip::Algorithm::sha256;
  if (!digester_.verify(credentials, sha256 ? keys.sha256 : keys.md5, method)) return Verdict::challenge;
  if (nonce.state == sip::NonceState::stale) return Verdict::stale;
  Instant const now = clock_.now();
  auto& counts = known == nullptr ? wake(key, nonce) : *known;
  counts.used = now;
  auto const use = counts.counts.use(nonce, credentials.nonce_count);
  if (now - swept_ > sweep_after) forget_old(now);
  switch (use) {
    case sip::NonceCounts::Use::first: return Verdict::authenticated;
    case sip::NonceCounts::Use::replayed: return Verdict::repeated;
    case sip::NonceCounts::Use::forgotten: return Verdict::stale;
  }
  std::unreachable();
}

Authentication::Counts& Authentication::wake(CountsKey key, sip::NonceVerdict const& nonce) {
  auto& counts = counts_[key];
  auto const found = rested_.find(key);
  if (found == rested_.end()) return counts;
  counts.counts = sip::NonceCounts::resumed(found->second, nonce);
  rested_.erase(found);
  give_back_room(rested_);
  return counts;
}

void Authentication::rest(model::AccountId const& account) {
  auto const found = counts_.find(key_of(account));
  if (found == counts_.end()) return;
  rested_.insert_or_assign(found->first, found->second.counts.mark());
  counts_.erase(found);
  give_back_room(counts_);
}

void Authentication::forget_old(Instant now) {
  swept_ = now;
  // A nonce that old is stale whoever uses it, so its counts need not be known.
  boost::unordered::erase_if(counts_, [now](auto const& entry) { return now - entry.second.used > nonce_lifetime; });
  boost::unordered::erase_if(rested_, [now](auto const& entry) { return now - entry.second.made > nonce_lifetime; });
  give_back_room(counts_);
  give_back_room(rested_);
}

}  // namespace reveille::arrive
