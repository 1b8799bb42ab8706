#include "decide/messages/wake.hpp"

#include "decide/wake/delivery_table.hpp"
#include "decide/wake/payload.hpp"

namespace reveille::decide {

using model::DeviceState;
using model::Why;

Wake should_wake_for_message(model::Device const& device, DeviceState state, model::MessageTraits const& message,
                             PushOffer offer, Instant now) {
  auto const let_sleep = [](Why because) { return Wake{.verdict = WakeVerdict::let_sleep, .because = because}; };
  if (!message.has_body) return let_sleep(Why::no_body);
  if (!device.services.im && device.services.call) return let_sleep(Why::service_not_used);
  if (!device.services.im || state == DeviceState::signed_out) return let_sleep(Why::device_signed_out);
  auto const cell = cell_of(Occasion::message, client_of(device, state));
  if (!cell.channel) return let_sleep(Why::device_in_foreground);
  if (auto const refused = can_push(device, *cell.channel, offer, now); refused.because != Why::none) return refused;
  return {.verdict = WakeVerdict::wake, .because = Why::message_body};
}

model::ChannelName message_channel_of(model::Device const& device) {
  return has_one_channel(device) ? model::ChannelName::voip : model::ChannelName::message;
}

std::string write_payload(MessagePayload const& payload) {
  JsonObject object;
  object.number("v", 1).text("type", "message").text("conversation", payload.conversation);
  object.text("archive_id", payload.archive_id).number("unread", payload.unread);
  return object.write();
}

}  // namespace reveille::decide
