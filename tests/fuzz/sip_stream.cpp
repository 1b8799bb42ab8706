#include "wire/sip/stream_framer.hpp"

using enum reveille::sip::StreamFramer::Event;

// The first byte says into which pieces the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  reveille::sip::StreamFramer framer;
  reveille::sip::MessageView message;
  std::string bytes(reinterpret_cast<char const*>(data), size);
  for (std::size_t at = 1, piece = size == 0 ? 1 : data[0] + 1U; at < size; at += piece) {
    framer.feed({bytes.data() + at, std::min(piece, size - at)});
    for (auto heard = framer.next(message); heard != need_more && heard != fatal;) heard = framer.next(message);
  }
  return 0;
}
