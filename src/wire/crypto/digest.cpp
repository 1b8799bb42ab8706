#include "wire/crypto/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <memory>

namespace reveille::crypto {
namespace {

unsigned char const* bytes_of(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: in OpenSSL 3 an implicit fetch costs more than the hash of a short text.
EVP_MD const* fetched(char const* name) {
  EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  if (md == nullptr) std::abort();
  return md;
}

EVP_MD const* md5_algorithm() {
  static EVP_MD const* const md = fetched("MD5");
  return md;
}
EVP_MD const* sha1_algorithm() {
  static EVP_MD const* const md = fetched("SHA1");
  return md;
}
EVP_MD const* sha256_algorithm() {
  static EVP_MD const* const md = fetched("SHA256");
  return md;
}

std::string hash(EVP_MD const* algorithm, std::string_view bytes) {
  thread_local std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  bool const ok = EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                  EVP_DigestFinal_ex(context.get(), bytes_of(out), nullptr) == 1;
  if (!ok) std::abort();
  return out;
}

std::string keyed(EVP_MD const* algorithm, std::string_view key, std::string_view bytes) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  unsigned size = 0;
  // HMAC wants a key pointer that is not null, even for an empty key.
  char const* const key_bytes = key.empty() ? "" : key.data();
  if (HMAC(algorithm, key_bytes, static_cast<int>(key.size()), bytes_of(bytes), bytes.size(), bytes_of(out), &size) ==
      nullptr)
    std::abort();
  return out;
}

std::string stretched(EVP_MD const* algorithm, std::string_view password, std::string_view salt,
                      std::uint32_t iterations) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), algorithm,
                        static_cast<int>(out.size()), bytes_of(out)) != 1)
    std::abort();
  return out;
}

}  // namespace

std::string md5(std::string_view bytes) {
  return hash(md5_algorithm(), bytes);
}
std::string sha1(std::string_view bytes) {
  return hash(sha1_algorithm(), bytes);
}
std::string sha256(std::string_view bytes) {
  return hash(sha256_algorithm(), bytes);
}

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
  return keyed(sha1_algorithm(), key, bytes);
}
std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return keyed(sha256_algorithm(), key, bytes);
}

std::string pbkdf2_sha1(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  return stretched(sha1_algorithm(), password, salt, iterations);
}
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  return stretched(sha256_algorithm(), password, salt, iterations);
}

}  // namespace reveille::crypto
