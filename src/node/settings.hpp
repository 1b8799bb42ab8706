// Settings: what an administrator may set, typed, with the documented defaults (docs/reference/configuration.md).
//
// Read once at start. An unknown key, type or value is a fault with its line; a start with faults is refused (exit 78).
// Relative paths count from the file's folder, and from the working folder where no file is given.
#pragma once

#include "base/instant.hpp"
#include "model/device.hpp"
#include "model/settings.hpp"
#include "node/settings/document.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::node {

struct Roles {
  bool call_control = true;
  bool im = true;
  bool push = true;
  bool admin = true;

  bool operator==(Roles const&) const = default;
};

// An address to listen at. Port 0: any free one.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool operator==(ListenAddress const&) const = default;
};

// Nothing: "off".
struct ListenSettings {
  std::optional<ListenAddress> sip_udp = ListenAddress{.port = 5060};
  std::optional<ListenAddress> sip_tcp = ListenAddress{.port = 5060};
  std::optional<ListenAddress> sip_tls = ListenAddress{.port = 5061};
  std::optional<ListenAddress> xmpp = ListenAddress{.port = 5222};
  std::optional<ListenAddress> xmpp_tls = ListenAddress{.port = 5223};
  std::optional<ListenAddress> push = ListenAddress{.port = 8443};
  std::optional<ListenAddress> admin = ListenAddress{.port = 9080};
};

// Empty paths: the development CA in the data folder.
struct TlsSettings {
  std::filesystem::path certificate = {};  // PEM, with its chain
  std::filesystem::path key = {};          // PEM
  std::filesystem::path ca = {};           // PEM: the CA that clients of this server trust; shown in the ready line

  // Where they stand in the file; 0: nowhere.
  unsigned certificate_line = 0;
  unsigned key_line = 0;
  unsigned ca_line = 0;
};

struct SipSettings {
  bool require_digest = true;
  bool offer_sha256 = true;
  bool offer_md5 = true;
  // Where phones reach the SIP listeners: a name, or an address without brackets, in lower case. Empty: each listener's
  // own address; the first domain for one at every address.
  std::string public_host = {};
};

// What a peer may take of us (docs/reference/limits.md has those that nobody needs to set).
struct LimitSettings {
  std::uint16_t connections_per_address = 2000;  // of SIP, XMPP and HTTPS each
  std::uint32_t sip_transactions = 100'000;      // that are being answered, and that are waited for, each
  Duration handshake_within = 10s;               // of TLS
  Duration request_within = 30s;  // the first SIP message or HTTP request, one that has begun, an XMPP sign-in
  Duration stalled_after = 20s;   // a peer that reads nothing of what is written to it
};

struct ApnsSettings {
  std::string team = {};
  std::string key_id = {};
  std::filesystem::path key_file = {};
  std::vector<std::string> apps = {};     // bundle ids; empty: every app of the team
  std::vector<std::string> tenants = {};  // clients of the push service that may spend it; empty: every one
  model::Environment environment = model::Environment::production;
  std::string host = {};  // empty: Apple's of that environment
  std::uint16_t port = 443;
  std::filesystem::path ca_file = {};  // empty: the system's

  unsigned line = 0;  // where it stands in the file
};

struct FcmSettings {
  std::filesystem::path service_account_file = {};
  std::string endpoint = "https://fcm.googleapis.com";
  std::filesystem::path ca_file = {};

  unsigned line = 0;
};

struct HostAndPort {
  std::string host = {};
  std::uint16_t port = 443;
};
// "https://push.example:8443"
[[nodiscard]] std::optional<HostAndPort> parse_https(std::string_view url);

struct PushSettings {
  std::string via = "in-process";  // or the push service's https URL
  std::string client_id = {};
  std::filesystem::path client_secret_file = {};
  std::filesystem::path ca_file = {};  // trusted for that URL; empty: [tls] ca, then the system's
  std::vector<ApnsSettings> apns = {};
  std::vector<FcmSettings> fcm = {};

  unsigned client_secret_line = 0;
  unsigned ca_line = 0;

  [[nodiscard]] bool in_process() const { return via == "in-process"; }
};

struct Settings {
  Roles roles = {};
  std::filesystem::path data = "reveille-data";
  ListenSettings listen = {};
  TlsSettings tls = {};
  SipSettings sip = {};
  LimitSettings limits = {};
  PushSettings push = {};
  model::Policy policy = {};
};

struct Refused {
  std::string file = {};
  std::vector<Fault> faults = {};  // by line; at least one
};

[[nodiscard]] std::expected<Settings, Refused> read_settings(std::filesystem::path const& file);
[[nodiscard]] std::expected<Settings, Refused> parse_settings(std::string_view text, std::filesystem::path const& file);

// One `FILE:LINE: sentence` a line.
[[nodiscard]] std::string describe(Refused const& refused);

// "127.0.0.1:5060", "[::1]:5060", ":5060" (127.0.0.1), "*:5060" (all IPv4 addresses).
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);
[[nodiscard]] std::string describe(ListenAddress const& address);

// "sip.example.org", "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; not what nobody can connect to, such as "0.0.0.0".
[[nodiscard]] std::optional<std::string> parse_public_host(std::string_view text);

}  // namespace reveille::node
