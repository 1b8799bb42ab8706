#include "wire/sip/owned_message.hpp"
#include "wire/sip/validate.hpp"
#include "wire/sip/writer.hpp"

#include <cstdlib>

using namespace reveille::sip;

// What was accepted and is forwarded must be accepted again.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const message = Message::parse({reinterpret_cast<char const*>(data), size});
  if (!message || check_request(**message, Handling::forwarding)) return 0;
  std::string out;
  if (Forward(**message).decrement_max_forwards().pop_route().write(out) == Written::too_large) return 0;
  auto const again = Message::parse(out);
  if (!again || check_request(**again, Handling::receiving)) std::abort();
  return 0;
}
