#include "decide/calls/record.hpp"
#include "decide/xmpp/im.hpp"
#include "dispatch/push/record.hpp"
#include "model/push_client.hpp"
#include "model/roster.hpp"

// Records of a damaged disk. What can be read is written as what reads the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace reveille;
  std::string_view const bytes{reinterpret_cast<char const*>(data), size};
  auto const check = [bytes](auto... unpack) {
    auto const one = [bytes](auto read) {
      auto const record = read(bytes);
      if (auto const again = record ? read(pack(*record)) : record; record && (!again || pack(*again) != pack(*record)))
        __builtin_trap();
    };
    (one(unpack), ...);
  };
  check(model::unpack_registrations, model::unpack_verifier, model::unpack_roster, model::unpack_push_client,
        dispatch::unpack_push_record, decide::unpack_call_record, decide::unpack_session);
  return 0;
}
