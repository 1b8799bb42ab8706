#include "decide/registry/refresh.hpp"

using namespace reveille;

// A REGISTER that extends a binding of a record, in place; and of the record with one byte damaged (the first three say
// where, and by what) since its places were found.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 4) return 0;
  auto const read = model::unpack_registrations({reinterpret_cast<char const*>(data) + 3, size - 3});
  auto const now = from_unix_seconds(1'750'000'000);
  auto const record = read ? model::pack(*read) : std::string();
  for (auto const& binding : read ? read->bindings : std::vector<model::Binding>()) {
    auto const places = model::refresh_places(record, *read, binding.contact, binding.instance);
    if (!places) continue;
    model::KnownRefresh const known{.places = *places, .granted = std::chrono::duration<std::uint32_t>(600)};
    std::string good = record, damaged = record;
    damaged[(data[0] * 256U + data[1]) % damaged.size()] ^= static_cast<char>(data[2]);
    (void)decide::extend(damaged, known, binding.cseq + 1, now);
    (void)decide::is_last(damaged, known, binding.cseq, now);
    if (decide::extend(good, known, binding.cseq + 1, now) == decide::Extended::no) continue;
    auto const after = model::unpack_registrations(good);
    if (!after || !decide::is_refreshed_only(*read, *after)) __builtin_trap();
  }
  return 0;
}
