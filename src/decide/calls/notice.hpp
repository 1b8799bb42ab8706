// The notice that follows a call to a device that was pushed and did not come: missed, or answered elsewhere
// (B-CALL-3). Pure; any thread.
#pragma once

#include "base/instant.hpp"
#include "model/call.hpp"
#include "model/push.hpp"

#include <string>

namespace reveille::decide {

// A missed call is worth knowing of for a day; that it was answered elsewhere only as long as the phone may ring.
inline constexpr Duration missed_call_kept_for = 24h;
inline constexpr Duration answered_elsewhere_kept_for = 60s;

// `push_class`: missed_call or answered_elsewhere. The channel is never VoIP on iOS 13 and later.
[[nodiscard]] model::PushRequest notice_for(model::Offer const& offer, model::Device const& device,
                                            std::string const& call_uuid, model::PushClass push_class, Instant now);

}  // namespace reveille::decide
