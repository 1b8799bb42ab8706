#include "model/push_token.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace reveille::model {
namespace {

// Whole bytes.
bool is_hexadecimal(std::string_view text) {
  return text.size() % 2 == 0 && std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; });
}

}  // namespace

std::string kept_token(Provider provider, std::string token) {
  bool const is_apples = provider == Provider::apns || provider == Provider::none;
  if (!is_apples || !is_hexadecimal(token)) return token;
  std::ranges::transform(token, token.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return token;
}

std::optional<ChannelName> unfit_channel(Device const* known, DeviceUpdate const& update) {
  Device const device = known != nullptr ? *known : Device{};
  if (update.provider.value_or(device.provider) != Provider::apns) return {};
  for (auto const name : {ChannelName::voip, ChannelName::message}) {
    auto const& named = name == ChannelName::voip ? update.voip_token : update.message_token;
    bool const has_part = named || update.provider;
    if (has_part && !is_hexadecimal(named ? *named : channel_of(device, name).token)) return name;
  }
  return {};
}

}  // namespace reveille::model
