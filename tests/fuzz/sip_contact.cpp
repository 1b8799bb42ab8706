#include "model/contact.hpp"
#include "wire/sip/push_parameters.hpp"
#include "wire/sip/via.hpp"

using namespace reveille::sip;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  (void)mark_received(text, {.address = "192.0.2.1", .port = 1});
  auto const contact = parse_contact(text);
  if (!contact) return 0;
  (void)read_push_parameters(contact->address.uri);
  (void)reveille::model::read_contact(*contact, reveille::model::AccountId{"juliet@localhost"});
  auto const stripped = strip_push_parameters(contact->address);
  auto const again = parse_contact(stripped);
  return again && !again->address.uri.parameters.has("pn-prid") ? 0 : (__builtin_trap(), 0);
}
