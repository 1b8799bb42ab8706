// The table of phones.
#include "sim/handset/profile.hpp"

#include <array>

namespace reveille::sim::handset {

namespace {

// Of one name, newest OS first.
constexpr std::array profiles{
    Profile{.name = "jabber-ios",
            .platform = "ios",
            .since_os = 13,
            .newest_os = 18,
            .push = PushProvider::apple,
            .channels = ChannelLayout::split,
            .sip = sip::Transport::tls,
            .app = "org.reveille.jabber",
            .os = {.sleeps = true, .voip_must_show_call = true}},
    Profile{.name = "desk",
            .platform = "desk",
            .sip = sip::Transport::udp,
            .app = "org.reveille.desk",
            .os = {.sleeps = false}},
};

}  // namespace

std::string_view name_of(ChannelLayout layout) {
  return layout == ChannelLayout::shared ? "shared" : "split";
}

Profile const* find_profile(std::string_view name, unsigned os_version) {
  for (auto const& profile : profiles)
    if (profile.name == name && (os_version == 0 || os_version >= profile.since_os)) return &profile;
  return nullptr;
}

std::string_view profile_names() {
  return "jabber-ios (iOS 13 and later), desk";
}

}  // namespace reveille::sim::handset
