#include "wire/crypto/es256.hpp"

#include "base/encoding.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace reveille::crypto {
namespace {

constexpr int scalar_size = 32;
constexpr std::size_t signature_size = 2 * scalar_size;

template <auto free>
struct Free {
  void operator()(auto* object) const { free(object); }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

BioPtr reading(std::string_view text) {
  return BioPtr{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  long const size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool is_p256(EVP_PKEY const* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) return false;
  return std::string_view{group.data(), size} == "prime256v1";
}

// Never asks a terminal for a pass phrase.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

// RFC 7518 §3.4, steps 2 and 3: R and S as 32-byte big-endian integers, one after the other.
std::string jose_of(unsigned char const* der, long size) {
  SignaturePtr const signature{d2i_ECDSA_SIG(nullptr, &der, size)};
  std::string out(signature_size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, scalar_size) != scalar_size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + scalar_size, scalar_size) != scalar_size) {
    std::abort();
  }
  return out;
}

std::string der_of(std::string_view jose) {
  auto const* bytes = reinterpret_cast<unsigned char const*>(jose.data());
  SignaturePtr const signature{ECDSA_SIG_new()};
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, scalar_size, nullptr),
                 BN_bin2bn(bytes + scalar_size, scalar_size, nullptr));
  unsigned char* der = nullptr;
  int const size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out{reinterpret_cast<char const*>(der), static_cast<std::size_t>(size)};
  OPENSSL_free(der);
  return out;
}

}  // namespace

Result<Es256PublicKey> Es256PublicKey::from_pem(std::string_view pem) {
  auto const bio = reading(pem);
  auto key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return failure(ErrorCode::malformed, "the text holds no PEM public key");
  if (!is_p256(key.get())) return failure(ErrorCode::malformed, "the public key is not on the curve P-256");
  return Es256PublicKey{std::move(key)};
}

bool Es256PublicKey::verify(std::string_view data, std::string_view signature) const {
  if (signature.size() != signature_size) return false;
  std::string const der = der_of(signature);
  ContextPtr const context{EVP_MD_CTX_new()};
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(der.data()), der.size(),
                          reinterpret_cast<unsigned char const*>(data.data()), data.size()) == 1;
}

Result<Es256Key> Es256Key::from_pem(std::string_view pem) {
  auto const bio = reading(pem);
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return failure(ErrorCode::malformed, "the text holds no PEM private key without a pass phrase");
  if (!is_p256(key.get())) return failure(ErrorCode::malformed, "the private key is not on the curve P-256");
  return Es256Key{std::move(key)};
}

Es256Key Es256Key::generate() {
  auto key = owned(EVP_EC_gen("P-256"));
  if (!key) std::abort();
  return Es256Key{std::move(key)};
}

std::string Es256Key::sign(std::string_view data) const {
  std::array<unsigned char, 128> der{};
  std::size_t size = der.size();
  ContextPtr const context{EVP_MD_CTX_new()};
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), der.data(), &size, reinterpret_cast<unsigned char const*>(data.data()),
                     data.size()) != 1) {
    std::abort();
  }
  return jose_of(der.data(), static_cast<long>(size));
}

std::string Es256Key::private_pem() const {
  BioPtr const bio{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) std::abort();
  return text_of(bio.get());
}

std::string Es256Key::public_pem() const {
  BioPtr const bio{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) std::abort();
  return text_of(bio.get());
}

std::string sign_compact(Es256Key const& key, std::string_view header, std::string_view payload) {
  // RFC 7515 §5.1, steps 4 to 7: the signing input is both parts in base64url, joined by a full stop.
  std::string text = encode_base64url(header) + '.' + encode_base64url(payload);
  std::string const signature = encode_base64url(key.sign(text));
  return std::move(text) + '.' + signature;
}

std::optional<CompactJws> split_compact(std::string_view token) {
  auto const first = token.find('.');
  auto const second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) return std::nullopt;
  return CompactJws{.header = std::move(*header),
                    .payload = std::move(*payload),
                    .signature = std::move(*signature),
                    .signed_text = std::string{token.substr(0, second)}};
}

}  // namespace reveille::crypto
