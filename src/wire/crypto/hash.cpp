#include "wire/crypto/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace reveille::crypto {
namespace {

// Fetched once: EVP_sha256() and the like look the algorithm up again at each use.
EVP_MD const* fetched(Hash algorithm) {
  static EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  switch (algorithm) {
    case Hash::md5: return md5;
    case Hash::sha1: return sha1;
    case Hash::sha256: return sha256;
    case Hash::sha512: return sha512;
  }
  std::unreachable();
}

std::string text_of(std::array<unsigned char, EVP_MAX_MD_SIZE> const& bytes, unsigned size) {
  return {reinterpret_cast<char const*>(bytes.data()), size};
}

}  // namespace

std::string hash(Hash algorithm, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (EVP_Digest(data.data(), data.size(), out.data(), &size, fetched(algorithm), nullptr) != 1) std::abort();
  return text_of(out, size);
}

std::string hmac(Hash algorithm, std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  // A null key pointer means "the previous key" to OpenSSL, so an empty key still needs an address.
  char const* key_bytes = key.empty() ? "" : key.data();
  auto const* result = HMAC(fetched(algorithm), key_bytes, static_cast<int>(key.size()),
                            reinterpret_cast<unsigned char const*>(data.data()), data.size(), out.data(), &size);
  if (result == nullptr) std::abort();
  return text_of(out, size);
}

}  // namespace reveille::crypto
