// PushParameters: how a device says in its Contact by which push service it is woken (RFC 8599 sections 4.1 and 13),
// with the two-token form of `pn-prid` and our own Contact header parameters (docs: interfaces, "A device").
//
//   <sip:u@h;pn-provider=apns;pn-param=TEAM1.org.example.app.voip&remote;pn-prid=A:voip&B:remote>;reveille-os="ios/12.5"
//
// What:     `voip` and `message` are the tokens of the two channels, unescaped. One token under a topic that ends in
//           ".voip" is a VoIP token; one token of FCM serves both channels. A token without a label belongs to the one
//           service that pn-param names.
// Lifetime: values own their text. Errors: PushFault. Threads: any.
#pragma once

#include "wire/sip/contact.hpp"
#include "wire/sip/message.hpp"
#include "wire/sip/uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::sip {

enum class PushProvider : std::uint8_t { apns, apns_sandbox, fcm };

// "apns", "apns.dev", "fcm".
[[nodiscard]] std::string_view name_of(PushProvider provider);

enum class PushFault : std::uint8_t {
  unknown_provider,  // pn-provider names none that we know: 555
  no_parameter,      // pn-prid without pn-param, which all of our providers need: 555
  bad_parameter,     // pn-param is not of the provider's form: 555
  bad_tokens         // pn-prid's tokens do not fit pn-param's services, or are not of their form: 555
};

[[nodiscard]] std::string_view name_of(PushFault fault);

enum class PushRequest : std::uint8_t {
  query_all,  // ";pn-provider" without a value: which services are there?
  query,      // pn-provider alone: is this service there?
  wake        // with pn-prid: wake this device
};

enum class ChannelLayout : std::uint8_t { split, shared };

struct PushParameters {
  PushRequest request = PushRequest::wake;
  std::optional<PushProvider> provider = {};
  std::string team = {};     // APNs: what stands before the first dot of pn-param
  std::string app = {};      // APNs: the bundle id, without team and service
  std::string project = {};  // FCM: pn-param
  std::string voip = {};
  std::string message = {};

  bool operator==(PushParameters const&) const = default;
};

// What a Contact header parameter tells of the phone; empty where it says nothing.
struct DeviceHints {
  std::string os = {};   // "ios/12.5"
  std::string app = {};  // reveille-app
  bool has_call = true;  // reveille-services holds "call"; so does silence
  bool has_im = false;   // reveille-services holds "im"
  std::optional<ChannelLayout> layout = {};

  bool operator==(DeviceHints const&) const = default;
};

// Nothing when the URI has no pn-provider.
[[nodiscard]] std::optional<Result<PushParameters, PushFault>> read_push_parameters(Uri const& uri);
[[nodiscard]] DeviceHints read_device_hints(Parameters const& contact_parameters);

// True for pn-* and reveille-*: what must reach neither other users nor untrusted nodes (RFC 8599 section 14).
[[nodiscard]] bool is_push_parameter(std::string_view name);
// The URI without them.
[[nodiscard]] std::string strip_push_parameters(Uri const& uri);
// The Contact without them, in the URI and behind it.
[[nodiscard]] std::string strip_push_parameters(NameAddress const& contact);
// The message's Contacts as others may see them, joined by commas; nothing when they may be sent as they are. One that
// cannot be read is left out, since nobody can tell what it would give away.
[[nodiscard]] std::optional<std::string> public_contact(MessageView const& message);
// True when pn-provider, pn-param and pn-prid agree, where absent differs from present (RFC 8599 section 5.6.1.3).
[[nodiscard]] bool same_push_identity(Uri const& a, Uri const& b);

}  // namespace reveille::sip
