#include "sim/handset/rtp.hpp"

using namespace reveille::sim::handset;

// Packets apart by their length, a byte. What is read is written as what reads the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  RtpReception reception(0);
  ToneEar ear(lowest_tone);
  PictureEye eye(1);
  for (std::size_t at = 0; at < size; at += 1U + data[at]) {
    auto const length = std::min<std::size_t>(data[at], size - at - 1);
    auto const packet = decode_rtp({reinterpret_cast<char const*>(data) + at + 1, length});
    if (!packet || !reception.take(*packet)) continue;
    ear.hear(packet->payload);
    eye.see(*packet);
    auto const bytes = encode_rtp(*packet);
    if (auto const again = decode_rtp(bytes); !again || again->payload != packet->payload) __builtin_trap();
  }
  return 0;
}
