#include "model/account.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"

#include <algorithm>

namespace reveille::model {
namespace {

constexpr std::size_t longest_part = 255;
constexpr std::string_view forbidden_in_localpart = "\"&'/:<>@ \t";

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > longest_part || host.front() == '.' || host.front() == '-') return false;
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '[' || c == ']' || c == ':';
  });
}

bool is_localpart(std::string_view user) {
  if (user.empty() || user.size() > longest_part) return false;
  return std::ranges::all_of(user, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f &&
           forbidden_in_localpart.find(c) == std::string_view::npos;
  });
}

ScramKeys scram_keys(std::string const& salted, std::string_view salt, std::uint32_t iterations,
                     std::string (*hmac)(std::string_view, std::string_view), std::string (*hash)(std::string_view)) {
  // RFC 5802 section 3: StoredKey := H(HMAC(SaltedPassword, "Client Key")), ServerKey := HMAC(SaltedPassword, "Server
  // Key").
  return {.salt = std::string(salt),
          .iterations = iterations,
          .stored_key = hash(hmac(salted, "Client Key")),
          .server_key = hmac(salted, "Server Key")};
}

}  // namespace

std::string_view user_of(AccountId const& account) {
  auto const at = account.value.find('@');
  return at == std::string::npos ? std::string_view{} : std::string_view(account.value).substr(0, at);
}

std::string_view domain_of(AccountId const& account) {
  auto const at = account.value.find('@');
  return at == std::string::npos ? std::string_view{} : std::string_view(account.value).substr(at + 1);
}

Result<AccountId> parse_account(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  for (std::string_view scheme : {"sip:", "sips:", "xmpp:"})
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  std::string address{text};
  // FIXME: RFC 7622 section 3.3.1 wants the whole of UsernameCaseMapped; here only ASCII is mapped.
  std::ranges::transform(address, address.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  AccountId account{std::move(address)};
  if (!is_localpart(user_of(account)) || !is_host(domain_of(account)))
    return failure(ErrorCode::malformed, "an address has the form user@domain", std::string(text));
  return account;
}

Verifier derive_verifier(AccountId const& account, Secret const& password, std::string_view salt,
                         std::uint32_t iterations) {
  std::string const a1 =
      std::string(user_of(account)) + ':' + std::string(domain_of(account)) + ':' + std::string(password.reveal());
  return {.ha1_md5 = encode_hex(crypto::md5(a1)),
          .ha1_sha256 = encode_hex(crypto::sha256(a1)),
          .scram_sha1 = scram_keys(crypto::pbkdf2_sha1(password.reveal(), salt, iterations), salt, iterations,
                                   crypto::hmac_sha1, crypto::sha1),
          .scram_sha256 = scram_keys(crypto::pbkdf2_sha256(password.reveal(), salt, iterations), salt, iterations,
                                     crypto::hmac_sha256, crypto::sha256)};
}

}  // namespace reveille::model
