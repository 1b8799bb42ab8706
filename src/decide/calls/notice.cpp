#include "decide/calls/notice.hpp"

#include "base/utf8.hpp"
#include "decide/wake/payload.hpp"
#include "decide/wake/should_wake.hpp"

namespace reveille::decide {

model::PushRequest notice_for(model::Offer const& offer, model::Device const& device, std::string const& call_uuid,
                              model::PushClass push_class, Instant now) {
  bool const missed = push_class == model::PushClass::missed_call;
  auto const channel = notice_channel_of(device);
  auto const expires_at = now + (missed ? missed_call_kept_for : answered_elsewhere_kept_for);
  bool const video = offer.media == model::Media::video;
  auto const title = offer.caller.name.empty() ? offer.caller.address : offer.caller.name;
  return {.id = model::PushId{model::derive_uuid("call-notice", {call_uuid, model::name_of(push_class)})},
          .account = offer.callee,
          .instance = device.instance,
          .target = push_target_of(device, channel),
          .push_class = push_class,
          .channel = channel,
          .expires_at = expires_at,
          .tracking = offer.tracking,
          .payload = write_payload({.type = std::string(model::name_of(push_class)),
                                    .call_uuid = call_uuid,
                                    .tracking_id = offer.tracking.value,
                                    .from_name = offer.caller.name,
                                    .from_address = offer.caller.address,
                                    .media = std::string(model::name_of(offer.media)),
                                    .deadline = expires_at}),
          .alert_title = std::string(cut_utf8(title, most_name_bytes)),
          .alert_body = !missed ? "Answered on another device"
                        : video ? "Missed video call"
                                : "Missed call"};
}

}  // namespace reveille::decide
