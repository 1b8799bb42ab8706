// Digest authentication: reading credentials and challenges, and computing the response (RFC 3261 section 22, RFC 7616,
// RFC 8760).
//
// What:     MD5 and SHA-256, each also in its -sess form, with qop=auth or, for RFC 2069 peers, without qop.
// Lifetime: Credentials and Challenge are views of the field's text. Hashes are lower-case hexadecimal in place.
// Errors:   SyntaxFault for what cannot be read; a scheme or algorithm that is not ours is a value, so that the server
//           can challenge anew (RFC 4475 section 3.3.7).
// Threads:  a Digester is confined to one thread; everything else: any.
#pragma once

#include "wire/sip/syntax.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace reveille::sip {

enum class Algorithm : std::uint8_t { md5, md5_sess, sha256, sha256_sess, other };

// "MD5", "SHA-256-sess"; empty for `other`.
[[nodiscard]] std::string_view name_of(Algorithm algorithm);
[[nodiscard]] Algorithm algorithm_named(std::string_view text);
// The algorithm that HA1 is kept by: -sess forms use the same.
[[nodiscard]] Algorithm base_of(Algorithm algorithm);

// A digest in lower-case hexadecimal: 32 characters of MD5 or 64 of SHA-256.
struct HexDigest {
  std::array<char, 64> text = {};
  std::uint8_t size = 0;

  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
};

enum class AuthScheme : std::uint8_t { digest, other };
enum class Qop : std::uint8_t { none, auth, other };

// Authorization or Proxy-Authorization. Texts are without quotes.
struct Credentials {
  AuthScheme scheme = AuthScheme::digest;
  Algorithm algorithm = Algorithm::md5;
  Qop qop = Qop::none;
  std::uint32_t nonce_count = 0;
  std::string_view username = {};
  std::string_view realm = {};
  std::string_view nonce = {};
  std::string_view uri = {};
  std::string_view response = {};
  std::string_view cnonce = {};
  std::string_view opaque = {};
  std::string_view nonce_count_text = {};
};

// WWW-Authenticate or Proxy-Authenticate.
struct Challenge {
  AuthScheme scheme = AuthScheme::digest;
  Algorithm algorithm = Algorithm::md5;
  bool offers_auth = false;  // qop holds "auth"
  bool stale = false;
  std::string_view realm = {};
  std::string_view nonce = {};
  std::string_view opaque = {};
};

[[nodiscard]] Parsed<Credentials> parse_credentials(std::string_view text);
[[nodiscard]] Parsed<Challenge> parse_challenge(std::string_view text);

enum class Stale : std::uint8_t { no, yes };

// The value of a challenge: one algorithm each (RFC 8760 section 2.4), qop=auth.
[[nodiscard]] std::string format_challenge(std::string_view realm, std::string_view nonce, Algorithm algorithm,
                                           Stale stale);
// The value of an answer, with `response` computed before.
[[nodiscard]] std::string format_credentials(Credentials const& credentials);

// Computes digests. Holds OpenSSL's contexts so that a response costs no allocation.
class Digester {
 public:
  Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;
  ~Digester();

  // H(username ":" realm ":" password): what is stored in the place of the password.
  [[nodiscard]] HexDigest ha1(Algorithm algorithm, std::string_view username, std::string_view realm,
                              std::string_view password);
  // The response to the credentials' nonce. `ha1` is of base_of(credentials.algorithm).
  [[nodiscard]] HexDigest response(Credentials const& credentials, std::string_view ha1, std::string_view method);
  // True when the credentials' response is the right one; the time taken does not tell how much of it is.
  [[nodiscard]] bool verify(Credentials const& credentials, std::string_view ha1, std::string_view method);

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  struct FreeDigest {
    void operator()(evp_md_st* digest) const;
  };
  HexDigest hash(Algorithm algorithm, std::initializer_list<std::string_view> parts);
  // H(method ":" uri). The last one is remembered: phones of one domain register with one URI.
  std::string_view ha2(Algorithm algorithm, std::string_view method, std::string_view uri);
  struct Ha2 {
    Algorithm algorithm = Algorithm::other;
    std::string method = {};
    std::string uri = {};
    HexDigest digest = {};
  };

  std::unique_ptr<evp_md_st, FreeDigest> md5_;
  std::unique_ptr<evp_md_st, FreeDigest> sha256_;
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
  std::string joined_ = {};
  Ha2 ha2_ = {};
};

}  // namespace reveille::sip
