// The reason phrases of the status codes that Reveille sends (IANA registry "SIP Parameters, Response Codes").
#pragma once

#include <string_view>

namespace reveille::sip {

[[nodiscard]] constexpr bool is_provisional(int status) {
  return status >= 100 && status < 200;
}
[[nodiscard]] constexpr bool is_success(int status) {
  return status >= 200 && status < 300;
}
[[nodiscard]] constexpr bool is_final(int status) {
  return status >= 200;
}

// A phrase for any status; that of the class for one without an entry.
[[nodiscard]] std::string_view reason_of(int status);

}  // namespace reveille::sip
