#include "wire/sip/owned_message.hpp"
#include "wire/sip/validate.hpp"
#include "wire/sip/writer.hpp"

using namespace reveille::sip;

// What was accepted and is forwarded is accepted again.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const message = Message::parse({reinterpret_cast<char const*>(data), size});
  std::string out;
  if (!message || check_request(**message, Handling::forwarding)) return 0;
  if (Forward(**message).decrement_max_forwards().pop_route().write(out) != Written::yes) return 0;
  return check_request(**Message::parse(out), Handling::receiving) ? __builtin_trap(), 0 : 0;
}
