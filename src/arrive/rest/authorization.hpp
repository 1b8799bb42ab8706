// What a request's Authorization field says (RFC 9110 section 11.6.2).
#pragma once

#include "base/secret.hpp"
#include "edge/http/exchange.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::arrive {

// What follows the scheme; nothing for another scheme. Schemes are not told apart by case (section 11.1).
[[nodiscard]] std::optional<std::string_view> credentials_of(edge::HttpRequest const& request, std::string_view scheme);

struct BasicCredentials {
  std::string user = {};
  Secret password = {};
};
// RFC 7617 section 2. Nothing where there are none, or they are no user and password.
[[nodiscard]] std::optional<BasicCredentials> basic_credentials_in(edge::HttpRequest const& request);

}  // namespace reveille::arrive
