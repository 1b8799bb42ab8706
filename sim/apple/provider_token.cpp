#include "sim/apple/provider_token.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

namespace reveille::sim::apple {
namespace {

namespace json = boost::json;

constexpr std::size_t id_size = 10;
constexpr Duration max_age = 1h;
constexpr Duration clock_tolerance = 1min;
constexpr Duration between_updates = 20min;

std::optional<json::object> object_in(std::string const& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return std::nullopt;
  bool const fits = std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {},
                                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return fits ? std::optional{authorization.substr(scheme.size())} : std::nullopt;
}

}  // namespace

std::expected<TokenClaims, Reason> check_provider_token(std::optional<std::string_view> authorization,
                                                        ProviderKeys const& keys, std::optional<Environment> served,
                                                        Instant now) {
  if (!authorization) return std::unexpected(Reason::missing_provider_token);
  auto const token = bearer(*authorization);
  if (!token) return std::unexpected(Reason::invalid_provider_token);
  auto const jws = crypto::split_compact(*token);
  auto const header = jws ? object_in(jws->header) : std::nullopt;
  auto const claims = jws ? object_in(jws->payload) : std::nullopt;
  if (!header || !claims) return std::unexpected(Reason::invalid_provider_token);
  auto const team = text_of(*claims, "iss");
  auto const key_id = text_of(*header, "kid");
  if (text_of(*header, "alg") != "ES256" || team.size() != id_size || key_id.size() != id_size) {
    return std::unexpected(Reason::invalid_provider_token);
  }
  auto const known = keys.find(key_id);
  if (known == keys.end() || known->second.team != team ||
      !known->second.key.verify(jws->signed_text, jws->signature)) {
    return std::unexpected(Reason::invalid_provider_token);
  }
  auto const scope = known->second.environment;
  if (scope && served && *scope != *served) return std::unexpected(Reason::bad_environment_key_id_in_token);
  auto const* iat = claims->if_contains("iat");
  if (iat == nullptr || !iat->is_int64()) return std::unexpected(Reason::invalid_provider_token);
  // Before it is made an instant, which holds 292,000 years.
  if (iat->get_int64() > unix_seconds(now + clock_tolerance)) return std::unexpected(Reason::invalid_provider_token);
  auto const issued_at = from_unix_seconds(std::max<std::int64_t>(iat->get_int64(), 0));
  if (now - issued_at > max_age) return std::unexpected(Reason::expired_provider_token);
  return TokenClaims{.team = team, .key_id = key_id, .issued_at = issued_at};
}

std::expected<TokenClaims, Reason> ConnectionTokens::check(std::optional<std::string_view> authorization,
                                                           ProviderKeys const& keys, std::optional<Environment> served,
                                                           Instant now) {
  if (authorization && *authorization == current_) {
    if (now - claims_.issued_at > max_age) return std::unexpected(Reason::expired_provider_token);
    return claims_;
  }
  auto const claims = check_provider_token(authorization, keys, served, now);
  if (!claims) return claims;
  if (!current_.empty()) {
    // The first push binds a connection to one team, and to one family of keys.
    if (claims->team != claims_.team) return std::unexpected(Reason::invalid_provider_token);
    if (claims->key_id != claims_.key_id) return std::unexpected(Reason::unrelated_key_id_in_token);
    if (now - since_ < between_updates) return std::unexpected(Reason::too_many_provider_token_updates);
  }
  current_ = *authorization;
  claims_ = *claims;
  since_ = now;
  return claims_;
}

}  // namespace reveille::sim::apple
