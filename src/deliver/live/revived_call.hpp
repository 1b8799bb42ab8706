// The requests of a call that the last run of this server had in set-up, written anew from what its record says
// (B-CALL-13, B-CALL-9). Pure; threads: any.
#pragma once

#include "model/call.hpp"

#include <string>

namespace reveille::deliver {

// The caller's INVITE, without the session that nobody will have: it only carries the CANCEL that follows it.
[[nodiscard]] std::string invite_again(model::Offer const& offer);

// RFC 3261 section 9.1: the CANCEL of an INVITE that we sent with that Via. Empty when it cannot be written.
[[nodiscard]] std::string cancel_again(model::Offer const& offer, model::CancelOldBranch const& decision);

}  // namespace reveille::deliver
