#include "wire/sdp/offer_answer.hpp"

using namespace reveille::sdp;

// What is written is what was read; anything that can be read can be answered.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const session = parse_session({reinterpret_cast<char const*>(data), size});
  if (!session) return 0;
  if (auto const again = parse_session(format_session(*session)); again && *again != *session) __builtin_trap();
  LocalStream const audio{.port = 1, .codecs = {{.encoding = "PCMU", .clock_rate = 8000}}, .key = "a2V5"};
  (void)make_answer(*session, {.connection = {.address = "h"}, .security = Security::optional, .streams = {audio}});
  return 0;
}
