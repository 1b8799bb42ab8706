// A push token in the form in which it is kept, compared and sent.
//
// APNs' tokens are bytes, which apps write in hexadecimal, with letters of either case: the same token must be the same
// text, or it has two holders (B-SIGN-2). Tokens of other providers are kept as they come. Pure.
#pragma once

#include "model/device.hpp"

#include <string>
#include <string_view>

namespace reveille::model {

// A device whose provider nobody has named yet: what is hexadecimal is taken for one of Apple's.
[[nodiscard]] std::string kept_token(Provider provider, std::string token);
// False for what that provider can never have given out. The empty token is none, and fits.
[[nodiscard]] bool can_be_token(Provider provider, std::string_view token);

}  // namespace reveille::model
