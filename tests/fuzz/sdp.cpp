#include "wire/sdp/offer_answer.hpp"

#include <cstdint>
#include <cstdlib>

using namespace reveille::sdp;

// What is written is what was read; an answer to anything is a session too.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const session = parse_session({reinterpret_cast<char const*>(data), size});
  if (!session) return 0;
  if (auto const again = parse_session(format_session(*session)); again && *again != *session) std::abort();
  LocalMedia const local{
      .connection = {.address = "h"}, .security = Security::optional, .streams = {{.port = 1, .codecs = {{}}}}};
  if (auto const answer = make_answer(*session, local); answer && agreed(*answer, *session).size() > 1) std::abort();
  return 0;
}
