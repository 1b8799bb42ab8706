// What a request prefers (RFC 7240 section 2): `Prefer: respond-async, wait=10; q="a,b"`, in one field line or several.
//
// Pure; any thread.
#pragma once

#include "edge/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::arrive {

// The value of a preference, empty where it has none; nothing where it is not named. Named twice, the first one counts.
[[nodiscard]] std::optional<std::string> preference_of(edge::HttpFields const& fields, std::string_view name);

}  // namespace reveille::arrive
