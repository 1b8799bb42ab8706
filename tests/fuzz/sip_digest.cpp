#include "wire/sip/digest.hpp"
#include "wire/sip/nonce.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static reveille::sip::Digester digester;
  static reveille::sip::NonceMint mint(reveille::Secret(std::string(32, 'k')), reveille::Duration(1'000'000));
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  (void)reveille::sip::parse_challenge(text);
  auto const credentials = reveille::sip::parse_credentials(text);
  if (!credentials) return 0;
  (void)digester.verify(*credentials, "00", "REGISTER");
  (void)mint.check(credentials->nonce, {}, credentials->realm);
  return 0;
}
