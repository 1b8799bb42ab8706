// Device: one installed app of one user; Binding: one SIP contact of it. B-SIGN-2, B-MODE-3.
//
// Both are plain values: copied, compared, packed (record.hpp). Nothing here owns a socket: what is alive right now is
// in Liveness.
#pragma once

#include "base/id.hpp"
#include "base/instant.hpp"
#include "model/account.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::model {

// The UUID of `+sip.instance="<urn:uuid:UUID>"`, lower case; the same in XMPP and REST.
using InstanceId = Id<struct InstanceTag>;

enum class Platform : std::uint8_t { other, ios, android };
enum class Provider : std::uint8_t { none, apns, fcm, webpush };
enum class Environment : std::uint8_t { production, sandbox };
enum class ChannelLayout : std::uint8_t { split, shared };
enum class ChannelName : std::uint8_t { voip, message };
enum class Mode : std::uint8_t { foreground, background };
enum class DeviceState : std::uint8_t { foreground, background, suspended, signed_out };

[[nodiscard]] std::string_view name_of(Platform platform);
[[nodiscard]] std::string_view name_of(Provider provider);
[[nodiscard]] std::string_view name_of(Environment environment);
[[nodiscard]] std::string_view name_of(ChannelLayout layout);
[[nodiscard]] std::string_view name_of(ChannelName channel);
[[nodiscard]] std::string_view name_of(Mode mode);
[[nodiscard]] std::string_view name_of(DeviceState state);
[[nodiscard]] std::optional<Platform> platform_named(std::string_view name);
[[nodiscard]] std::optional<Provider> provider_named(std::string_view name);
[[nodiscard]] std::optional<Environment> environment_named(std::string_view name);
[[nodiscard]] std::optional<ChannelLayout> layout_named(std::string_view name);
[[nodiscard]] std::optional<Mode> mode_named(std::string_view name);

// One way to reach a device through its provider. An empty token means that the channel was never registered.
struct Channel {
  std::string token = {};
  Instant since = {};                             // when this token was registered
  std::optional<Instant> dead_since = {};         // the provider's word: 410, UNREGISTERED
  std::optional<Instant> quarantined_until = {};  // other token errors, B-SIGN-3

  bool operator==(Channel const&) const = default;
};

struct Services {
  bool call = false;
  bool im = false;

  bool operator==(Services const&) const = default;
};

struct ContentKey {
  std::string kid = {};
  std::string key = {};  // raw bytes

  bool operator==(ContentKey const&) const = default;
};

struct LastPush {
  std::string id = {};
  Instant at = {};
  std::string outcome = {};

  bool operator==(LastPush const&) const = default;
};

struct Device {
  InstanceId instance = {};
  std::string app = {};  // bundle or package id, without a channel suffix
  Platform platform = Platform::other;
  std::string os_version = {};  // "18.0"; empty = the newest
  Provider provider = Provider::none;
  Environment environment = Environment::production;
  std::string team = {};     // APNs
  std::string project = {};  // FCM
  ChannelLayout layout = ChannelLayout::split;
  Channel voip = {};
  Channel message = {};
  Services services = {};
  bool away_in_background = false;
  ContentKey content_key = {};
  Mode reported_mode = Mode::foreground;
  std::optional<Instant> mode_since = {};
  Instant seen_at = {};  // the last authenticated sign of life
  LastPush last_push = {};

  bool operator==(Device const&) const = default;
};

// The number before the first dot of "12.5"; the newest (1000) when it is absent or no number.
[[nodiscard]] unsigned os_major(Device const& device);
// B-TABLE-3: nothing but a call goes on VoIP to a device that last reported iOS 13 or later, whatever it declares.
[[nodiscard]] bool has_one_channel(Device const& device);
// B-TABLE-3: iOS 13 and later, where each push on VoIP must become a call on the screen.
[[nodiscard]] bool has_voip_for_calls_only(Device const& device);
[[nodiscard]] Channel const& channel_of(Device const& device, ChannelName name);
[[nodiscard]] Channel& channel_of(Device& device, ChannelName name);
// True when a push on that channel can be tried at `now`: there is a token, neither dead nor in quarantine.
[[nodiscard]] bool is_usable(Channel const& channel, Instant now);

// RFC 3261 section 10. One contact of an account.
struct Binding {
  std::string contact = {};  // the Contact URI as registered, with its pn-* parameters
  std::string call_id = {};
  std::uint32_t cseq = 0;
  Instant expires_at = {};    // granted to the client
  Instant stored_until = {};  // on disk: beyond the grant, so that most refreshes write nothing
  std::uint16_t q_thousandths = 1000;
  InstanceId instance = {};  // empty for a client without +sip.instance
  // What +sip.instance was, without its < and >, where it is not that UUID: empty when there was none.
  std::optional<std::string> written_instance = {};
  std::uint32_t reg_id = 0;
  std::vector<std::string> path = {};  // RFC 3327, top first
  std::string user_agent = {};
  std::string remote = {};  // "udp 192.0.2.1:5060": where it was registered from, to send to after a restart

  bool operator==(Binding const&) const = default;
};

// What is alive at this moment of a device; never stored.
struct Liveness {
  bool sip_flow = false;
  bool xmpp_stream = false;
  bool inactive = false;  // as the client says on that stream (XEP-0352)

  bool operator==(Liveness const&) const = default;
};

// B-MODE-3. A device without any service left has signed out.
[[nodiscard]] DeviceState state_of(Device const& device, Liveness liveness);

// Everything that is kept of an account's devices, packed into one row and one block of memory.
struct Registrations {
  std::vector<Device> devices = {};
  std::vector<Binding> bindings = {};

  bool operator==(Registrations const&) const = default;
};

[[nodiscard]] Device* find_device(Registrations& registrations, InstanceId const& instance);
[[nodiscard]] Device const* find_device(Registrations const& registrations, InstanceId const& instance);

// The packed form: versioned, little-endian, about 500 bytes for one device with its binding. Unpacking checks every
// length.
[[nodiscard]] std::string pack(Registrations const& registrations);
[[nodiscard]] Result<Registrations> unpack_registrations(std::string_view bytes);
[[nodiscard]] std::string pack(Verifier const& verifier);
[[nodiscard]] Result<Verifier> unpack_verifier(std::string_view bytes);

}  // namespace reveille::model
