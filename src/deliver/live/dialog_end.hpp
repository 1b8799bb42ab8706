// The requests by which we end a dialog that a 2xx made and nobody wants any more: ACK and BYE (RFC 3261 sections
// 13.2.2.4 and 15.1.1). Pure; threads: any.
#pragma once

#include "wire/sip/message.hpp"

#include <string>
#include <string_view>

namespace reveille::deliver {

struct DialogEnding {
  std::string acknowledgement = {};
  std::string bye = {};
};

// From the 2xx to an INVITE, as its sender's peer. `is_own` tells our Record-Route from others'; `reason` is the value
// of a Reason field, or empty. Empty texts when the response names no Contact.
[[nodiscard]] DialogEnding end_dialog(sip::MessageView const& success, std::string_view own_route,
                                      std::string_view reason);

}  // namespace reveille::deliver
