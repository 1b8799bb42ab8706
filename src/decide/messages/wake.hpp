// Whether a message is pushed to a device, and why (not). B-IM-2, B-IM-3, B-MODE-3, B-PUSH-0. Pure; speaks no protocol.
#pragma once

#include "decide/wake/should_wake.hpp"
#include "model/device.hpp"
#include "model/message.hpp"

#include <cstdint>
#include <string>

namespace reveille::decide {

[[nodiscard]] Wake should_wake_for_message(model::Device const& device, model::DeviceState state,
                                           model::MessageTraits const& message, PushOffer offer, Instant now);

// The channel that a message goes on, by the delivery table.
[[nodiscard]] model::ChannelName message_channel_of(model::Device const& device);

struct MessagePayload {
  std::string conversation = {};
  std::string archive_id = {};
  std::uint32_t unread = 0;
};
[[nodiscard]] std::string write_payload(MessagePayload const& payload);

}  // namespace reveille::decide
