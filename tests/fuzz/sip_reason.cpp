#include "wire/sip/reason.hpp"

using namespace reveille::sip;

// RFC 3326: one Reason field or, with line feeds, more of them.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string message = "CANCEL sip:a@b SIP/2.0\r\nReason: ";
  for (std::size_t at = 0; at < size; ++at)
    message += data[at] == '\n' ? std::string("\r\nReason: ") : std::string(1, static_cast<char>(data[at]));
  message += "\r\n\r\n";
  MessageView view;
  if (!parse_datagram(message, view)) return 0;
  auto const reasons = reasons_of(view);
  if (reasons.size() > 512 || reasons.find('\n') != std::string::npos) __builtin_trap();
  (void)is_completed_elsewhere(reasons);
  return 0;
}
