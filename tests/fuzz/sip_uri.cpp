#include "wire/sip/uri.hpp"

#include <cstdlib>

using namespace reveille::sip;

// What is written is what was read.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const uri = parse_uri({reinterpret_cast<char const*>(data), size});
  if (!uri) return 0;
  auto const text = format_uri(*uri);
  auto const again = parse_uri(text);
  if (!again || !equivalent(*uri, *again) || address_of(*uri) != address_of(*again)) std::abort();
  return 0;
}
