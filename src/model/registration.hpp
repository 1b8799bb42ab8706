// Registration: what a client says of its device, by SIP, XMPP or REST, and what comes of it. B-SIGN-2, B-SIGN-3.
//
// Plain values. A field that a registration does not name is left as it is: registrations merge field by field.
#pragma once

#include "base/handle.hpp"
#include "base/instant.hpp"
#include "model/account.hpp"
#include "model/device.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reveille::model {

// A connection or a datagram address on which a phone can be reached now (edge).
using FlowId = Handle<struct FlowTag>;

// Whether the app has just started (or says so anew), or only repeats itself: a token that the provider called dead
// comes back to life by the former only.
enum class Freshness : std::uint8_t { anew, refresh };

struct DeviceUpdate {
  InstanceId instance = {};
  Freshness freshness = Freshness::anew;
  std::optional<std::string> app = {};
  std::optional<Platform> platform = {};
  std::optional<std::string> os_version = {};
  std::optional<Provider> provider = {};
  std::optional<Environment> environment = {};
  std::optional<std::string> team = {};
  std::optional<std::string> project = {};
  std::optional<ChannelLayout> layout = {};
  std::optional<std::string> voip_token = {};
  std::optional<std::string> message_token = {};
  std::optional<bool> uses_call = {};
  std::optional<bool> uses_im = {};
  std::optional<bool> away_in_background = {};
  std::optional<ContentKey> content_key = {};
  std::optional<Mode> mode = {};

  bool operator==(DeviceUpdate const&) const = default;
};

// RFC 8599 section 4.1: a Contact with pn-provider alone asks what is supported; one with pn-prid wants to be pushed.
enum class PushWish : std::uint8_t { none, query, request, unsupported };

// One Contact of a REGISTER.
struct ContactUpdate {
  std::string uri = {};                  // as written
  std::optional<Duration> expires = {};  // its own, or that of the Expires header
  std::uint16_t q_thousandths = 1000;
  InstanceId instance = {};                          // empty without +sip.instance
  std::optional<std::string> written_instance = {};  // as in Binding
  std::uint32_t reg_id = 0;
  PushWish wish = PushWish::none;
  std::string asked_provider = {};  // pn-provider as written; empty with a query: all
  bool refreshes_itself = false;    // +sip.pnsreg: by a timer of its own
  DeviceUpdate device = {};

  bool operator==(ContactUpdate const&) const = default;
};

// A hash of all that a REGISTER says but what changes with each repetition (Via, CSeq, credentials), and of its way.
enum class RegisterFingerprint : std::uint64_t {};

enum class ContactsKind : std::uint8_t { none, all, listed };  // none: only asks; all: "*"

// A REGISTER that has passed the door: authenticated, and allowed to change this account.
struct RegisterRequest {
  std::string call_id = {};
  std::uint32_t cseq = 0;
  ContactsKind kind = ContactsKind::none;
  std::vector<ContactUpdate> contacts = {};
  std::optional<Duration> expires = {};  // the header's; with "*" it must be 0
  std::vector<std::string> path = {};
  std::string user_agent = {};
  std::string remote = {};  // "udp 192.0.2.1:5060"
  std::optional<Mode> mode = {};
  RegisterFingerprint fingerprint = {};

  bool operator==(RegisterRequest const&) const = default;
};

// When the new state must be on disk: not at all, at leisure, or before the 200.
enum class Durability : std::uint8_t { none, lazily, before_answer };

// The push services that a 200 names, one Feature-Caps each (RFC 8599 section 5.6).
struct PushProviders {
  bool apns = false;
  bool apns_sandbox = false;
  bool fcm = false;
  bool with_pnsreg = false;  // the client asked when it has to refresh by itself

  bool operator==(PushProviders const&) const = default;
};

struct ListedBinding {
  std::string contact = {};  // without what concerns nobody but its own device
  Duration expires = {};
  std::uint16_t q_thousandths = 1000;
  InstanceId instance = {};
  std::optional<std::string> written_instance = {};  // as in Binding
  std::uint32_t reg_id = 0;
};

struct RegisterOutcome {
  int status = 200;
  std::string reason = {};                   // of a refusal
  std::optional<Duration> min_expires = {};  // with 423
  std::vector<ListedBinding> bindings = {};  // with 200: all that now exist
  PushProviders push_providers = {};         // with 200
  Durability durability = Durability::none;
  std::vector<InstanceId> reachable = {};   // devices that have just shown themselves
  std::vector<InstanceId> signed_out = {};  // devices that no longer take calls
  std::vector<InstanceId> changed = {};     // devices that are new or have new fields
  // Tokens that are new to their device: whoever else holds one loses it.
  struct Claim {
    InstanceId instance = {};
    std::string token = {};
  };
  std::vector<Claim> claims = {};
};

// How long before its end a binding with push is refreshed, by the client's own timer or by a refresh push (RFC 8599
// section 5.6.1.1 wants more than 120 s).
inline constexpr Duration push_refresh_before_end = 130s;

}  // namespace reveille::model
