#include "wire/sip/stream_framer.hpp"

#include <algorithm>

using enum reveille::sip::StreamFramer::Event;

// The first byte says into which pieces the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  reveille::sip::StreamFramer framer;
  reveille::sip::MessageView message;
  std::string bytes(reinterpret_cast<char const*>(data), size);
  std::size_t const piece = size == 0 ? 1 : data[0] + 1U;
  for (std::size_t at = 1; at < size; at += piece) {
    framer.feed({bytes.data() + at, std::min(piece, size - at)});
    for (auto event = framer.next(message); event != need_more && event != fatal; event = framer.next(message))
      continue;
  }
  return 0;
}
