// Date: "Sat, 13 Nov 2010 23:29:00 GMT" (RFC 3261 sections 20.17 and 25.1: SIP-date is RFC 1123's form, in GMT only).
// Pure; threads: any.
#pragma once

#include "base/instant.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

// Whole seconds; what is below is cut off. Years 0 to 9999.
[[nodiscard]] std::string format_date(Instant at);
// Nothing when the text is not of the form, the day does not exist, or the zone is not GMT.
[[nodiscard]] std::optional<Instant> parse_date(std::string_view text);

}  // namespace reveille::sip
