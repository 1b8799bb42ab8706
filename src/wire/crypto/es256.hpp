// ES256: ECDSA with P-256 and SHA-256 in JOSE's form, r ‖ s of 32 bytes each (RFC 7518 section 3.4), and the JSON Web
// Signature around it (RFC 7515 section 7.1, compact form).
//
// Lifetime: a key is parsed once and shared; copies are cheap and refer to the same key. Threads: any.
// Errors: malformed for a PEM text that holds no P-256 key of the kind asked for.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

typedef struct evp_pkey_st EVP_PKEY;

namespace reveille::crypto {

// The half that checks.
class Es256PublicKey {
 public:
  [[nodiscard]] static Result<Es256PublicKey> from_pem(std::string_view pem);

  // True only for a 64-byte r ‖ s that this key's owner made over `data`.
  [[nodiscard]] bool verify(std::string_view data, std::string_view signature) const;

 private:
  friend class Es256Key;
  explicit Es256PublicKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// The half that signs.
class Es256Key {
 public:
  // PKCS #8 ("BEGIN PRIVATE KEY", what Apple's .p8 holds) or SEC 1 ("BEGIN EC PRIVATE KEY").
  [[nodiscard]] static Result<Es256Key> from_pem(std::string_view pem);
  // A fresh key from the operating system's generator.
  [[nodiscard]] static Es256Key generate();

  [[nodiscard]] std::string sign(std::string_view data) const;
  [[nodiscard]] Es256PublicKey public_half() const { return Es256PublicKey{key_}; }
  [[nodiscard]] std::string private_pem() const;
  [[nodiscard]] std::string public_pem() const;

 private:
  explicit Es256Key(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}
  std::shared_ptr<EVP_PKEY> key_;
};

// A compact JWS of a header and a payload, both JSON texts.
[[nodiscard]] std::string sign_compact(Es256Key const& key, std::string_view header, std::string_view payload);

// The parts of a compact JWS, decoded; nothing is checked but the form.
struct CompactJws {
  std::string header = {};     // JSON
  std::string payload = {};    // JSON
  std::string signature = {};  // raw
  std::string signed_text = {};
};
[[nodiscard]] std::optional<CompactJws> split_compact(std::string_view token);

}  // namespace reveille::crypto
