#include "wire/xmpp/jid.hpp"

#include <cstdint>
#include <cstdlib>

// What was prepared once stays as it is.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const jid = reveille::xmpp::parse_jid({reinterpret_cast<char const*>(data), size});
  if (jid && reveille::xmpp::parse_jid(jid->text()) != *jid) std::abort();
  return 0;
}
