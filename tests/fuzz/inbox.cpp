#include "dispatch/im_runtime.hpp"

// A record of any damage is read as something, and that reads again as the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace reveille::dispatch;
  auto const inbox = unpack_inbox({reinterpret_cast<char const*>(data), size});
  if (unpack_inbox(pack(inbox)) != inbox) __builtin_trap();
  return 0;
}
