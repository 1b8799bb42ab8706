// Feature-Caps: which push services a node offers (RFC 6809 section 6, RFC 8599 sections 4.2 and 14.2).
// Lifetime: of the text. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

struct FeatureCaps {
  std::string_view pns = {};                 // sip.pns: "apns"
  std::optional<std::uint32_t> pnsreg = {};  // sip.pnsreg: seconds before expiry at which the phone registers itself
  std::string_view pnspurr = {};             // sip.pnspurr
  std::string_view vapid = {};               // sip.vapid
};

// `*;+sip.pns="apns";+sip.pnsreg="130"`: one field for one push service.
[[nodiscard]] std::string format_feature_caps(FeatureCaps const& caps);

}  // namespace reveille::sip
