#include "wire/sip/push_parameters.hpp"
#include "wire/sip/via.hpp"

#include <cstdlib>

using namespace reveille::sip;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  (void)mark_received(text, {.address = "192.0.2.1", .port = 1});
  auto const contact = parse_contact(text);
  if (!contact) return 0;
  if (auto const push = read_push_parameters(contact->address.uri); push && *push && !(*push)->provider) return 0;
  if (strip_push_parameters(contact->address).find(";pn-prid") != std::string::npos) std::abort();
  return 0;
}
