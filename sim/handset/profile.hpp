// Profile: what kind of phone a handset is. A new phone or OS version is a row of the table in profile.cpp.
#pragma once

#include "sim/handset/os_rules.hpp"
#include "wire/sip/via.hpp"

#include <cstdint>
#include <string_view>

namespace reveille::sim::handset {

enum class PushProvider : std::uint8_t { none, apple, google };
enum class ChannelLayout : std::uint8_t { shared, split };
[[nodiscard]] std::string_view name_of(ChannelLayout layout);

struct Profile {
  std::string_view name = {};
  std::string_view platform = {};
  unsigned since_os = 0;  // the row holds from this major version on, until a later row
  unsigned newest_os = 0;
  PushProvider push = PushProvider::none;
  ChannelLayout channels = ChannelLayout::split;
  sip::Transport sip = sip::Transport::tls;
  std::string_view app = {};
  std::string_view services = "call,im";
  OsProfile os = {};
};

// Nothing for a name or a version that no row covers. Version 0: the newest.
[[nodiscard]] Profile const* find_profile(std::string_view name, unsigned os_version);
[[nodiscard]] std::string_view profile_names();

}  // namespace reveille::sim::handset
