#include "wire/sip/feature_caps.hpp"
#include "wire/sip/push_parameters.hpp"
#include "wire/sip/via.hpp"

#include <cstdlib>

using namespace reveille::sip;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  (void)mark_received(text, {.address = "192.0.2.1", .port = 1});
  (void)read_feature_caps(text);
  auto const contact = parse_contact(text);
  if (!contact) return 0;
  (void)read_push_parameters(contact->address.uri);
  (void)read_device_hints(contact->address.parameters);
  auto const stripped = strip_push_parameters(contact->address);
  if (auto const again = parse_contact(stripped); !again || again->address.uri.parameters.has("pn-prid")) std::abort();
  return 0;
}
