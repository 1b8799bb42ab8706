// HandsetOptions: what the command line says of a phone. cli.cpp gives each its flag.
#pragma once

#include "base/secret.hpp"
#include "sim/handset/profile.hpp"
#include "sim/handset/radio.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace reveille::sim::handset {

enum class SrtpUse : std::uint8_t { with_tls, never };
// Apps that break the OS's rules, on purpose.
enum class AppFault : std::uint8_t { none, reports_no_call, extension_hangs };

struct HandsetOptions {
  std::string profile = "jabber-ios";
  std::string os_version = {};  // empty: the profile's newest
  std::string account = {};
  std::string display_name = {};
  Secret password = {};
  std::string sip = {};    // host:port; empty: no calls
  std::string xmpp = {};   // host:port of direct TLS; empty: no messages
  std::string apple = {};  // host:port of the device side; empty: no pushes
  std::optional<sip::Transport> transport = {};
  std::optional<std::filesystem::path> ca = {};
  std::optional<std::filesystem::path> apple_ca = {};
  std::optional<std::filesystem::path> state_file = {};
  std::string instance = {};  // empty: from the state file, or a new one
  std::string app = {};       // empty: the profile's
  std::string team = "TEAM000000";
  std::string environment = "production";
  std::string media_address = {};  // empty: that of the flow
  std::vector<std::string> contacts = {};
  SuspendMode suspend = SuspendMode::frozen;
  std::optional<std::chrono::milliseconds> suspend_after = {};
  std::chrono::seconds expires{3600};
  SrtpUse srtp = SrtpUse::with_tls;
  AppFault fault = AppFault::none;
  std::optional<unsigned> background_pushes_per_hour = {};
};

}  // namespace reveille::sim::handset
