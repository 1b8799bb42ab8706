// A push token in the form in which it is kept, compared and sent.
//
// APNs' tokens are bytes, which apps write in hexadecimal, with letters of either case: the same token must be the same
// text, or it has two holders (B-SIGN-2). Tokens of other providers are kept as they come. Pure.
#pragma once

#include "model/registration.hpp"

#include <optional>
#include <string>

namespace reveille::model {

// A device whose provider nobody has named yet: what is hexadecimal is taken for one of Apple's.
[[nodiscard]] std::string kept_token(Provider provider, std::string token);
// The first channel with a token that the provider can never have given out, once the update is merged; of those that
// the update has a part in. `known` is the device before it; null: there was none.
[[nodiscard]] std::optional<ChannelName> unfit_channel(Device const* known, DeviceUpdate const& update);

}  // namespace reveille::model
