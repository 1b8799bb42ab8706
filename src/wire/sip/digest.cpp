#include "wire/sip/digest.hpp"

#include "base/encoding.hpp"
#include "base/secret.hpp"

#include <openssl/evp.h>

#include <utility>

namespace reveille::sip {
namespace {

// Takes the scheme off the front, and calls `each(name, value)` for each auth-param.
std::optional<SyntaxFault> read_fields(std::string_view text, AuthScheme& scheme, auto each) {
  text = trim(text);
  auto const end = text.find_first_of(" \t");
  auto const name = text.substr(0, end);
  if (!is_token(name)) return SyntaxFault::character;
  scheme = equal_ignoring_case(name, "Digest") ? AuthScheme::digest : AuthScheme::other;
  if (scheme == AuthScheme::other) return {};
  if (end == text.npos) return SyntaxFault::missing;
  for (auto rest = text.substr(end);;) {
    while (!rest.empty() && (is_space(rest.front()) || rest.front() == ',')) rest.remove_prefix(1);
    if (rest.empty()) return {};
    auto const equals = rest.find('=');
    if (equals == rest.npos || rest.substr(0, equals).find(',') != rest.npos) return SyntaxFault::missing;
    auto const field = trim_right(rest.substr(0, equals));
    rest = trim_left(rest.substr(equals + 1));
    bool const quoted = !rest.empty() && rest.front() == '"';
    auto const size = quoted ? quoted_length(rest) : std::optional(find_outside(rest, ','));
    if (!size) return SyntaxFault::quote;
    auto const value = trim_right(rest.substr(0, *size));
    rest = trim_left(rest.substr(*size));
    if (!rest.empty() && rest.front() != ',') return SyntaxFault::quote;
    each(field, quoted ? value.substr(1, value.size() - 2) : value);
  }
}

std::optional<std::uint32_t> parse_nonce_count(std::string_view text) {
  if (text.size() != 8) return {};
  std::uint32_t value = 0;
  for (char const c : text) {
    auto const digit = hex_value(c);
    if (digit < 0) return {};
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

Qop qop_named(std::string_view text) {
  if (text.empty()) return Qop::none;
  return equal_ignoring_case(text, "auth") ? Qop::auth : Qop::other;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  using enum Algorithm;
  switch (algorithm) {
    case md5: return "MD5";
    case md5_sess: return "MD5-sess";
    case sha256: return "SHA-256";
    case sha256_sess: return "SHA-256-sess";
    case other: return "";
  }
  std::unreachable();
}

Algorithm algorithm_named(std::string_view text) {
  using enum Algorithm;
  for (auto const algorithm : {md5, md5_sess, sha256, sha256_sess})
    if (equal_ignoring_case(text, name_of(algorithm))) return algorithm;
  return other;
}

Algorithm base_of(Algorithm algorithm) {
  using enum Algorithm;
  switch (algorithm) {
    case md5:
    case md5_sess: return md5;
    case sha256:
    case sha256_sess: return sha256;
    case other: return other;
  }
  std::unreachable();
}

Parsed<Credentials> parse_credentials(std::string_view text) {
  Credentials out;
  auto const fault = read_fields(text, out.scheme, [&out](std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "username")) out.username = value;
    if (equal_ignoring_case(name, "realm")) out.realm = value;
    if (equal_ignoring_case(name, "nonce")) out.nonce = value;
    if (equal_ignoring_case(name, "uri")) out.uri = value;
    if (equal_ignoring_case(name, "response")) out.response = value;
    if (equal_ignoring_case(name, "cnonce")) out.cnonce = value;
    if (equal_ignoring_case(name, "opaque")) out.opaque = value;
    if (equal_ignoring_case(name, "nc")) out.nonce_count_text = value;
    if (equal_ignoring_case(name, "qop")) out.qop = qop_named(value);
    if (equal_ignoring_case(name, "algorithm")) out.algorithm = algorithm_named(value);
  });
  if (fault) return std::unexpected(*fault);
  if (out.scheme == AuthScheme::other) return out;
  if (out.username.empty() || out.nonce.empty() || out.uri.empty() || out.response.empty())
    return std::unexpected(SyntaxFault::missing);
  if (out.qop == Qop::none) return out;
  auto const count = parse_nonce_count(out.nonce_count_text);
  if (!count || out.cnonce.empty()) return std::unexpected(SyntaxFault::number);
  out.nonce_count = *count;
  return out;
}

Parsed<Challenge> parse_challenge(std::string_view text) {
  Challenge out;
  auto const fault = read_fields(text, out.scheme, [&out](std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "realm")) out.realm = value;
    if (equal_ignoring_case(name, "nonce")) out.nonce = value;
    if (equal_ignoring_case(name, "opaque")) out.opaque = value;
    if (equal_ignoring_case(name, "qop")) out.offers_auth = list_holds(value, "auth");
    if (equal_ignoring_case(name, "stale")) out.stale = equal_ignoring_case(value, "true");
    if (equal_ignoring_case(name, "algorithm")) out.algorithm = algorithm_named(value);
  });
  if (fault) return std::unexpected(*fault);
  if (out.scheme == AuthScheme::digest && out.nonce.empty()) return std::unexpected(SyntaxFault::missing);
  return out;
}

std::string format_challenge(std::string_view realm, std::string_view nonce, Algorithm algorithm, Stale stale) {
  std::string out = "Digest realm=";
  ((out += quote(realm)) += ",nonce=") += quote(nonce);
  ((out += ",algorithm=") += name_of(algorithm)) += ",qop=\"auth\"";
  if (stale == Stale::yes) out += ",stale=true";
  return out;
}

std::string format_credentials(Credentials const& credentials) {
  std::string out = "Digest ";
  auto const put = [&out](std::string_view name, std::string_view value) {
    (((out += name) += "=\"") += value) += "\", ";
  };
  put("username", credentials.username);
  put("realm", credentials.realm);
  put("nonce", credentials.nonce);
  put("uri", credentials.uri);
  put("response", credentials.response);
  if (!credentials.opaque.empty()) put("opaque", credentials.opaque);
  if (credentials.qop == Qop::auth) {
    put("cnonce", credentials.cnonce);
    ((out += "qop=auth, nc=") += credentials.nonce_count_text) += ", ";
  }
  return (out += "algorithm=") += name_of(credentials.algorithm);
}

void Digester::FreeContext::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}
void Digester::FreeDigest::operator()(evp_md_st* digest) const {
  EVP_MD_free(digest);
}

Digester::Digester()
    : md5_(EVP_MD_fetch(nullptr, "MD5", nullptr)),
      sha256_(EVP_MD_fetch(nullptr, "SHA2-256", nullptr)),
      context_(EVP_MD_CTX_new()) {}
Digester::Digester(Digester&&) noexcept = default;
Digester& Digester::operator=(Digester&&) noexcept = default;
Digester::~Digester() = default;

// The parts with colons between them. An algorithm that the library refuses (MD5 in a FIPS build) gives an empty
// digest, which equals no response.
HexDigest Digester::hash(Algorithm algorithm, std::initializer_list<std::string_view> parts) {
  HexDigest out;
  auto* const kind = base_of(algorithm) == Algorithm::md5 ? md5_.get() : sha256_.get();
  if (kind == nullptr || base_of(algorithm) == Algorithm::other) return out;
  joined_.clear();
  for (auto const part : parts) (joined_ += part) += ':';
  joined_.pop_back();
  if (EVP_DigestInit_ex2(context_.get(), kind, nullptr) != 1) return out;
  EVP_DigestUpdate(context_.get(), joined_.data(), joined_.size());
  std::array<unsigned char, 32> bytes{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) != 1) return out;
  constexpr std::string_view digits = "0123456789abcdef";
  for (unsigned i = 0; i < size; ++i) {
    out.text[out.size++] = digits[bytes[i] >> 4U];
    out.text[out.size++] = digits[bytes[i] & 15U];
  }
  return out;
}

// RFC 7616 section 3.4.2: A1 = unq(username) ":" unq(realm) ":" passwd.
HexDigest Digester::ha1(Algorithm algorithm, std::string_view username, std::string_view realm,
                        std::string_view password) {
  return hash(algorithm, {username, realm, password});
}

HexDigest Digester::response(Credentials const& credentials, std::string_view ha1, std::string_view method) {
  auto const algorithm = credentials.algorithm;
  // Section 3.4.2, -sess: A1 = H( user ":" realm ":" passwd ) ":" nonce ":" cnonce.
  auto session = HexDigest{};
  if (algorithm != base_of(algorithm)) {
    session = hash(algorithm, {ha1, credentials.nonce, credentials.cnonce});
    ha1 = session.view();
  }
  // Section 3.4.3: A2 = Method ":" request-uri.
  auto const ha2_text = ha2(base_of(algorithm), method, credentials.uri);
  // Section 3.4.1; without qop, RFC 3261 section 22.4, item 8, keeps the form of RFC 2069.
  if (credentials.qop == Qop::none) return hash(algorithm, {ha1, credentials.nonce, ha2_text});
  return hash(algorithm, {ha1, credentials.nonce, credentials.nonce_count_text, credentials.cnonce, "auth", ha2_text});
}

std::string_view Digester::ha2(Algorithm algorithm, std::string_view method, std::string_view uri) {
  if (ha2_.algorithm != algorithm || ha2_.method != method || ha2_.uri != uri)
    ha2_ = {.algorithm = algorithm,
            .method = std::string(method),
            .uri = std::string(uri),
            .digest = hash(algorithm, {method, uri})};
  return ha2_.digest.view();
}

bool Digester::verify(Credentials const& credentials, std::string_view ha1, std::string_view method) {
  if (credentials.scheme != AuthScheme::digest || credentials.qop == Qop::other) return false;
  if (credentials.algorithm == Algorithm::other) return false;
  auto const expected = response(credentials, ha1, method);
  return expected.size > 0 && equal_in_constant_time(expected.view(), credentials.response);
}

}  // namespace reveille::sip
