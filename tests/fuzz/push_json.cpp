#include "arrive/rest/push_json.hpp"

using namespace reveille::arrive;

// Whatever a tenant sends is read or blamed, and either can be told.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const body{reinterpret_cast<char const*>(data), size};
  if (auto const read = read_notification(body, {}); !read) (void)response_of(read.error());
  if (auto const read = read_device(body)) (void)json_of(read->account, {.instance = read->update.instance});
  if (auto const read = read_device_mode(body); read && !read->update.mode) __builtin_trap();
  if (auto const read = read_receipt(body); read && read->id.empty() == read->tracking.empty()) __builtin_trap();
  return 0;
}
