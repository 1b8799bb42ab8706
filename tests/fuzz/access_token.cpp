#include "model/push_client.hpp"
#include "wire/crypto/es256.hpp"

// Nobody makes a token that the key has not signed.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text{reinterpret_cast<char const*>(data), size};
  reveille::Secret const key{"of the fuzzer, and not in the corpus"};
  if (reveille::model::check_access_token(text, key, {})) __builtin_trap();
  (void)reveille::crypto::split_compact(text);
  return 0;
}
