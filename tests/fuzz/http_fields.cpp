#include "arrive/rest/authorization.hpp"
#include "arrive/rest/prefer.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace reveille;

// The fields of a request that we read ourselves.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const value{reinterpret_cast<char const*>(data), size};
  edge::HttpRequest request;
  request.headers.add("prefer", value);
  request.headers.add("authorization", value);
  (void)arrive::preference_of(request.headers, "wait");
  (void)edge::split_query(value);
  auto const basic = arrive::basic_credentials_in(request);
  if (basic && basic->user.find(':') != std::string::npos) __builtin_trap();
  return 0;
}
