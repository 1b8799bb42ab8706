#include "wire/crypto/seal.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

namespace reveille::crypto {
namespace {

constexpr std::size_t tag_size = 16;
constexpr auto longest = static_cast<std::size_t>(std::numeric_limits<int>::max());

unsigned char const* bytes_of(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

EVP_CIPHER_CTX* fresh_context() {
  thread_local std::unique_ptr<EVP_CIPHER_CTX, FreeContext> const context{EVP_CIPHER_CTX_new()};
  if (EVP_CIPHER_CTX_reset(context.get()) != 1) std::abort();
  return context.get();
}

// Fetched once: an implicit fetch costs more than the sealing.
EVP_CIPHER const* algorithm() {
  static EVP_CIPHER const* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-SIV", nullptr);
  if (cipher == nullptr) std::abort();
  return cipher;
}

}  // namespace

std::string seal(std::string_view key, std::string_view text, std::string_view context) {
  if (key.size() != seal_key_size || text.size() > longest || context.size() > longest) std::abort();
  auto* const cipher = fresh_context();
  std::string out(tag_size + text.size(), '\0');
  std::string tag(tag_size, '\0');
  int size = 0;
  bool const ok =
      EVP_EncryptInit_ex2(cipher, algorithm(), bytes_of(key), nullptr, nullptr) == 1 &&
      EVP_EncryptUpdate(cipher, nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher, bytes_of(out) + tag_size, &size, bytes_of(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size), bytes_of(tag)) == 1;
  if (!ok) std::abort();
  return out.replace(0, tag_size, tag);
}

std::optional<std::string> open_sealed(std::string_view key, std::string_view sealed, std::string_view context) {
  if (key.size() != seal_key_size) std::abort();
  if (sealed.size() <= tag_size || sealed.size() > longest || context.size() > longest) return std::nullopt;
  auto* const cipher = fresh_context();
  std::string tag(sealed.substr(0, tag_size));
  auto const body = sealed.substr(tag_size);
  std::string out(body.size(), '\0');
  int size = 0;
  bool const ready =
      EVP_DecryptInit_ex2(cipher, algorithm(), bytes_of(key), nullptr, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), bytes_of(tag)) == 1 &&
      EVP_DecryptUpdate(cipher, nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1;
  if (!ready) std::abort();
  // Says no to what is not ours; TLS on this thread must not find that as an error of its own.
  ERR_set_mark();
  bool const is_ours =
      EVP_DecryptUpdate(cipher, bytes_of(out), &size, bytes_of(body), static_cast<int>(body.size())) == 1;
  ERR_pop_to_mark();
  return is_ours ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace reveille::crypto
