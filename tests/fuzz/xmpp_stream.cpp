#include "wire/xmpp/xml.hpp"

#include <cstddef>
#include <cstdint>

// The first byte says into which pieces the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  reveille::xmpp::StreamParser parser;
  std::size_t const piece = size == 0 ? 1 : data[0] + 1U;
  for (std::size_t at = 1; at < size; at += piece) {
    std::string_view input(reinterpret_cast<char const*>(data) + at, std::min(piece, size - at));
    while (parser.next(input)) continue;
  }
  return 0;
}
