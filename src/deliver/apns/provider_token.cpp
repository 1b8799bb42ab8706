#include "deliver/apns/provider_token.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

namespace reveille::deliver::apns {

namespace json = boost::json;

Instant ProviderToken::issued_at(Instant now) const {
  constexpr auto grid = std::chrono::duration_cast<std::chrono::seconds>(token_grid).count();
  auto const moment = from_unix_seconds(unix_seconds(now) / grid * grid);
  return renewed_ <= now ? std::max(moment, renewed_) : moment;
}

void ProviderToken::renew(Instant now) {
  if (now - issued_at(now) >= least_between_tokens) renewed_ = from_unix_seconds(unix_seconds(now));
}

std::string const& ProviderToken::authorization(Instant now) {
  auto const moment = issued_at(now);
  if (moment == signed_for_) return authorization_;
  auto const header = json::serialize(json::object{{"alg", "ES256"}, {"kid", key_id_}});
  auto const claims = json::serialize(json::object{{"iss", team_}, {"iat", unix_seconds(moment)}});
  authorization_ = "bearer " + crypto::sign_compact(key_, header, claims);
  signed_for_ = moment;
  return authorization_;
}

TokenStep next_token_step(Instant issued, Instant first_used, Instant wanted, Instant now) {
  if (issued == wanted) return TokenStep::keep;
  if (now - first_used >= least_between_tokens) return TokenStep::renew;
  return now - issued < token_too_old ? TokenStep::keep : TokenStep::replace_connection;
}

}  // namespace reveille::deliver::apns
