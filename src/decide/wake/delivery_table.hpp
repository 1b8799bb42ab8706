// The delivery table of B-TABLE-1, as data: what reaches a device, and on which push channel.
//
// Pure, constexpr; any thread. Calls and messages read it, each for its own rows.
#pragma once

#include "model/device.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace reveille::decide {

// What happens. A notice is what follows a call that was missed or answered elsewhere (B-CALL-3).
enum class Occasion : std::uint8_t { call, message, call_notice, presence };
// What the client is to us: iOS 12 and older have one shared channel, all others a VoIP and a message channel.
enum class Client : std::uint8_t { foreground, asleep_one_channel, asleep_two_channels };
enum class Live : std::uint8_t { no, yes };

struct Cell {
  Occasion occasion = Occasion::call;
  Client client = Client::foreground;
  Live live = Live::yes;                           // over its connection, where there is one
  std::optional<model::ChannelName> channel = {};  // nothing: no push
};

inline constexpr std::array delivery_table = {
    // A push is sent as well, but the call is set up by SIP, never by the push.
    Cell{Occasion::call, Client::foreground, Live::yes, model::ChannelName::voip},
    Cell{Occasion::call, Client::asleep_one_channel, Live::yes, model::ChannelName::voip},
    Cell{Occasion::call, Client::asleep_two_channels, Live::yes, model::ChannelName::voip},
    Cell{Occasion::message, Client::foreground, Live::yes, {}},
    Cell{Occasion::message, Client::asleep_one_channel, Live::yes, model::ChannelName::voip},
    Cell{Occasion::message, Client::asleep_two_channels, Live::yes, model::ChannelName::message},
    // Only to those that were pushed for the call and did not come: whatever state they say they are in.
    Cell{Occasion::call_notice, Client::foreground, Live::no, model::ChannelName::message},
    Cell{Occasion::call_notice, Client::asleep_one_channel, Live::no, model::ChannelName::voip},
    Cell{Occasion::call_notice, Client::asleep_two_channels, Live::no, model::ChannelName::message},
    // B-IM-3: waits until the client is back.
    Cell{Occasion::presence, Client::foreground, Live::yes, {}},
    Cell{Occasion::presence, Client::asleep_one_channel, Live::yes, {}},
    Cell{Occasion::presence, Client::asleep_two_channels, Live::yes, {}},
};

[[nodiscard]] constexpr Cell cell_of(Occasion occasion, Client client) {
  for (auto const& cell : delivery_table)
    if (cell.occasion == occasion && cell.client == client) return cell;
  std::unreachable();
}

[[nodiscard]] inline Client client_of(model::Device const& device, model::DeviceState state) {
  if (state == model::DeviceState::foreground) return Client::foreground;
  return has_one_channel(device) ? Client::asleep_one_channel : Client::asleep_two_channels;
}

static_assert(cell_of(Occasion::message, Client::foreground).channel == std::nullopt);
static_assert(cell_of(Occasion::call, Client::foreground).channel == model::ChannelName::voip);

}  // namespace reveille::decide
